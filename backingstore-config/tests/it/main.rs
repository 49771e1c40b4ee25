//! What holds for whole files, seen from outside the crate.

mod chart_values;
mod secrets;

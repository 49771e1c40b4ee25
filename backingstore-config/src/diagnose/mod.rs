//! Everything that is wrong with a config, at once: what, how bad, where, and what to write instead.
//!
//! [`Inspection`] is what a look at a values file comes to, [`SourceInspection`] the same for a data source and
//! [`PlatformInspection`] for the platform's values. Each holds [`Diagnostic`]s, in the order of the file.
//!
//! Every diagnostic has the code of a rule, and all rules stand in one table: [`rules`] gives it, and the
//! [list](crate#diagnostics) in the crate's documentation is made of it.
//!
//! Inside: [`diagnostic`](Diagnostic) and how it prints, `excerpt` the line of the file without its secrets, `harmless` what of it is none,
//! `case` what the rules look at, `rules` the table, `inspect` the three ways in, `repeats` the end of what is said again and again, `change` the comparison with the config before.

mod case;
mod change;
mod diagnostic;
mod excerpt;
mod harmless;
mod inspect;
mod repeats;
mod rules;

pub use change::EmptyStore;
pub use diagnostic::{Diagnostic, Severity};
pub use inspect::{Inspection, PlatformInspection, SourceInspection};
pub use rules::{Rule, rules};

//! YAML as a tree in which every key and value knows its place.
//!
//! The model is built from this tree, not by serde: so one wrong type hides no other fault, and an error can
//! name the path and the place of what is wrong. Read [`tree`] first; [`read`] makes it of a text, of the one document that
//! [`documents`] finds there, with what [`wording`] knows of YAML 1.1; [`merge`] lays one tree over another as
//! Helm does, [`write`] makes YAML of one again.

mod documents;
mod merge;
mod read;
mod tree;
mod wording;
mod write;

pub(crate) use tree::{Entry, Node, Span, Value};
pub(crate) use wording::Wording;

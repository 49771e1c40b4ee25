//! From the tree to typed values, with everything that is wrong on the way.
//!
//! [`spot`] is a place of the tree with its path; [`field`] says how each type is read from one, and what its
//! JSON schema is; [`section`] is the macro that makes a struct, its reader and its schema of one list of
//! keys, so that a key stands in one place. A [`remark`] is what is odd and no fault.

mod field;
mod remark;
mod section;
mod spelling;
mod spot;

pub(crate) use field::{EntryValue, Field, Shown};
pub(crate) use remark::{Remark, RemarkKind};
pub(crate) use section::{Section, described, document, section};
pub(crate) use spelling::nearest;
pub(crate) use spot::{Findings, Spot};

//! Revisions, the store's one clock.

use std::fmt;

/// A revision: the id of one row of the table, the store's one clock. A fresh store is at revision 1.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Revision(pub(crate) i64);

impl Revision {
    /// Before the first row.
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    pub(crate) fn previous(self) -> Self {
        Self(self.0 - 1)
    }

    /// Whether this is a real revision: in kine's columns 0 stands for none.
    pub(crate) fn is_some(self) -> bool {
        self.0 > 0
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

//! A point in the life of a store.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// A store's revision: the number of the write that made a state.
///
/// Every write to a store takes the next revision, so revisions order all writes of one store. They mean nothing
/// across stores. A revision is never negative, and there is no arithmetic on it but [`next`](Revision::next): the
/// difference of two revisions counts the writes between them, which is seldom what a caller wants.
///
/// ```
/// use kine_client::Revision;
///
/// let seen: Revision = "41".parse()?;
/// assert!(seen < seen.next());
/// assert_eq!(seen.next().to_string(), "42");
/// # Ok::<(), std::num::ParseIntError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(i64);

impl Revision {
    /// Before the first write. Also what a server answers where it does not know a revision, as kine does for the
    /// create revision of a deleted key's last value.
    pub const ZERO: Revision = Revision(0);

    /// The revision with this number, or `None` for a negative one.
    pub const fn new(number: i64) -> Option<Self> {
        if number < 0 { None } else { Some(Self(number)) }
    }

    /// The number, as the etcd API has it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The revision after this one: where a watch starts that must see every write after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Whether this is [`Revision::ZERO`].
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What a server sent; a negative number means as little as 0.
    pub(crate) const fn from_wire(number: i64) -> Self {
        if number < 0 { Self::ZERO } else { Self(number) }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Revision> for i64 {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

impl FromStr for Revision {
    type Err = ParseIntError;

    /// Reads decimal digits.
    ///
    /// # Errors
    ///
    /// Anything else than a whole number from 0 to `i64::MAX`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A u64 parse refuses a minus sign; the second keeps to the wire's width.
        text.parse::<u64>()?;
        Ok(Self(text.parse()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_reads_back_what_it_prints() {
        let revision = Revision::new(1_234_567).unwrap();
        assert_eq!(revision.to_string().parse(), Ok(revision));
    }

    #[test]
    fn negative_and_oversized_numbers_are_no_revisions() {
        assert_eq!(Revision::new(-1), None);
        assert!("-1".parse::<Revision>().is_err());
        assert!("9223372036854775808".parse::<Revision>().is_err());
        assert!("".parse::<Revision>().is_err());
        assert_eq!(Revision::from_wire(-7), Revision::ZERO);
    }

    #[test]
    fn the_last_revision_has_no_next_and_does_not_wrap() {
        assert_eq!(Revision(i64::MAX).next(), Revision(i64::MAX));
    }
}

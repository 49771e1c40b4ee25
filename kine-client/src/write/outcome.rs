//! What became of a write.

use bytes::Bytes;

use crate::{Error, ErrorKind, KeyValue, Revision};

/// How a write ended. There is no fourth way.
///
/// A write that was refused before or by the server, so that it certainly changed nothing, is an [`Error`] instead.
///
/// ```no_run
/// # async fn example(client: kine_client::Client) -> Result<(), kine_client::Error> {
/// use kine_client::Outcome;
///
/// match client.create("/locks/a", "me").await? {
///     Outcome::Committed { revision } => println!("mine since {revision}"),
///     Outcome::Conflict { current: Some(held) } => println!("held by {}", held.value_str()),
///     Outcome::Conflict { current: None } => println!("was held, and is free again"),
///     Outcome::Unknown(cause) => println!("read it back to know: {cause}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a write that was not committed looks like any other until its outcome is read"]
pub enum Outcome {
    /// The write is in the store.
    Committed {
        /// Its revision: what the next update or delete of the key expects.
        revision: Revision,
    },
    /// The write is not in the store, because the key was not as expected.
    Conflict {
        /// What the key held when it was refused; `None` if it did not exist.
        current: Option<KeyValue>,
    },
    /// The write may be in the store or not; it may even get there later. The error is of kind
    /// [`OutcomeUnknown`](ErrorKind::OutcomeUnknown) and holds the cause as its source.
    Unknown(Error),
}

impl Outcome {
    /// The revision of a committed write; anything else as an error.
    ///
    /// # Errors
    ///
    /// - [`Conflict`](ErrorKind::Conflict): the key was not as expected. Match on [`Outcome`] to see what it holds.
    /// - [`OutcomeUnknown`](ErrorKind::OutcomeUnknown): it may be committed or not.
    pub fn committed(self) -> Result<Revision, Error> {
        match self {
            Self::Committed { revision } => Ok(revision),
            Self::Conflict { current } => Err(conflict(current)),
            Self::Unknown(error) => Err(error),
        }
    }

    /// Whether the write is in the store for certain.
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Committed { .. })
    }

    /// Whether the write was refused because the key was not as expected.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}

fn conflict(current: Option<KeyValue>) -> Error {
    match current {
        None => Error::new(ErrorKind::Conflict, "write", "the key does not exist"),
        Some(kv) => {
            let text = format!("the key is at revision {}, not as expected", kv.mod_revision);
            Error::new(ErrorKind::Conflict, "write", text).on_key(&Bytes::copy_from_slice(&kv.key))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_committed_outcome_gives_a_revision() {
        let revision = Revision::new(7).unwrap();
        assert_eq!(Outcome::Committed { revision }.committed().unwrap(), revision);
        let conflict = Outcome::Conflict { current: None }.committed().unwrap_err();
        assert_eq!(conflict.kind(), ErrorKind::Conflict);
        let cause = Error::new(ErrorKind::DeadlineExceeded, "create", "no answer within 10s");
        let unknown = Outcome::Unknown(cause.into_unknown()).committed().unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::OutcomeUnknown);
    }
}

//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

use crate::Error;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Blocks until `condition` holds, looking every 10 ms; `what` completes "waited in vain until ...".
///
/// # Errors
///
/// [`Error::TimedOut`] when `deadline` has passed. The condition is looked at once more after it.
pub fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        let late = start.elapsed() >= deadline;
        if condition() {
            return Ok(());
        }
        if late {
            return Err(Error::TimedOut { what: what.to_owned(), after: deadline });
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether the long run was asked for (`scripts/test.sh --long`, or `TESTBED_LONG=1`): every seed and duration.
pub fn long() -> bool {
    std::env::var_os("TESTBED_LONG").is_some_and(|value| value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_when_the_condition_holds() {
        let mut looks = 0;
        wait_until("it was looked at three times", Duration::from_secs(30), || {
            looks += 1;
            looks == 3
        })
        .unwrap();
        assert_eq!(looks, 3);
    }

    #[test]
    fn waiting_in_vain_names_the_condition() {
        let error = wait_until("the sea is dry", Duration::from_millis(1), || false).unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }));
        assert_eq!(error.to_string(), "waited 1ms in vain until the sea is dry");
    }
}

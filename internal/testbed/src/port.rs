//! Ports of 127.0.0.1.

use std::net::TcpListener;

use crate::Error;

/// How often a start is tried when another process takes the port first.
const TRIES: usize = 5;

/// A TCP port on 127.0.0.1 that nothing listened on a moment ago.
///
/// Another process can take it before you do; the servers of this crate try again with another port when that happens.
///
/// # Errors
///
/// [`Error::Io`] when the machine has no free port or no loopback interface.
pub fn free_port() -> Result<u16, Error> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::io("finding a free port on", "127.0.0.1"))
}

/// Calls `start` until it does not fail for want of an address, five times at most.
pub(crate) fn try_ports<T>(mut start: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut tries = 1;
    loop {
        match start() {
            Err(error) if tries < TRIES && was_taken(&error) => tries += 1,
            result => return result,
        }
    }
}

/// EADDRINUSE in the words of libc (PostgreSQL, MariaDB) or Go (etcd, kine).
fn was_taken(error: &Error) -> bool {
    matches!(error, Error::Failed { log_tail, .. } if log_tail.to_lowercase().contains("address already in use"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on() {
        let port = free_port().unwrap();
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }

    #[test]
    fn a_taken_port_is_tried_again_and_another_failure_is_not() {
        let failed = |tail: &str| Error::Failed {
            what: "server".to_owned(),
            reason: "ended".to_owned(),
            log_tail: tail.to_owned(),
        };
        let mut starts = 0;
        let result = try_ports(|| {
            starts += 1;
            if starts < 3 { Err(failed("bind: Address already in use")) } else { Ok(starts) }
        });
        assert_eq!(result.unwrap(), 3);

        let mut starts = 0;
        let result: Result<(), Error> = try_ports(|| {
            starts += 1;
            Err(failed("no space left on device"))
        });
        assert!(result.is_err());
        assert_eq!(starts, 1);
    }
}

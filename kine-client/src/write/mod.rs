//! Writing keys, one at a time, each against what the caller expects to be there.
//!
//! Read [`outcome`] (how a write ends), then this file (the calls), then [`guarded`] (how an outcome is found) and
//! [`txn`] (what goes over the wire).

mod guarded;
mod outcome;
mod txn;

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kine_proto::etcdserverpb::LeaseGrantRequest;
use tokio::time::Instant;

pub use outcome::Outcome;

use crate::transport::{Repeat, Transport};
use crate::{Client, Error, ErrorKind, Revision};

impl Client {
    /// Creates a key that must not exist yet.
    ///
    /// ```no_run
    /// # async fn example(client: kine_client::Client) -> Result<(), kine_client::Error> {
    /// use std::time::Duration;
    ///
    /// let revision = client.create("/a", "1").await?.committed()?;
    /// let brief = client.create("/b", "2").with_ttl(Duration::from_secs(30)).await?.committed()?;
    /// assert!(revision < brief);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Ends as [`Outcome::Conflict`] with the present value if the key exists.
    ///
    /// # Errors
    ///
    /// An error means that nothing was written:
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument): the key is empty, is not UTF-8 or holds a NUL byte (kine's
    ///   databases take no other keys), or the TTL is out of range.
    /// - [`TooLarge`](ErrorKind::TooLarge): key and value are over 2 MiB.
    /// - [`Unavailable`](ErrorKind::Unavailable): no endpoint could be reached within the request timeout.
    pub fn create(&self, key: impl AsRef<[u8]>, value: impl Into<Bytes>) -> Write {
        self.write("create", key.as_ref(), value.into(), Expect::Absent)
    }

    /// Replaces the value of a key that must be at the revision `expected`: its `mod_revision` when it was read, or
    /// the revision that the last write to it answered.
    ///
    /// Ends as [`Outcome::Conflict`] if the key is at another revision or does not exist. Without
    /// [`with_ttl`](Write::with_ttl) the key no longer expires, whatever it did before.
    ///
    /// # Errors
    ///
    /// As for [`create`](Client::create); an `expected` of [`Revision::ZERO`] is an invalid argument.
    pub fn update(&self, key: impl AsRef<[u8]>, value: impl Into<Bytes>, expected: Revision) -> Write {
        self.write("update", key.as_ref(), value.into(), Expect::At(expected))
    }

    /// Sets a key to a value, whatever is there.
    ///
    /// It reads the key, then creates or updates it against what it read, and does so again for as long as others get
    /// in between, within the request timeout. etcd's own Put is not used: on kine v0.16 it answers success without
    /// writing unless the key is the last one written in the store.
    ///
    /// Ends as [`Outcome::Conflict`] only if others wrote the key all through the request timeout.
    ///
    /// # Errors
    ///
    /// As for [`create`](Client::create), and those of [`get`](Client::get).
    pub fn put(&self, key: impl AsRef<[u8]>, value: impl Into<Bytes>) -> Write {
        self.write("put", key.as_ref(), value.into(), Expect::Whatever)
    }

    /// Deletes a key that must be at the revision `expected`.
    ///
    /// Ends as [`Outcome::Conflict`] if the key is at another revision, or does not exist (any more). The revision of
    /// the outcome is that of the delete.
    ///
    /// # Errors
    ///
    /// As for [`update`](Client::update).
    pub async fn delete(&self, key: impl AsRef<[u8]>, expected: Revision) -> Result<Outcome, Error> {
        let key = checked_key("delete", key.as_ref())?;
        checked_expectation("delete", &key, expected)?;
        guarded::write(self.transport(), "delete", &key, expected, txn::delete(&key, expected)).await
    }

    fn write(&self, operation: &'static str, key: &[u8], value: Bytes, expect: Expect) -> Write {
        let key = Bytes::copy_from_slice(key);
        Write { transport: self.transport().clone(), operation, key, value, expect, ttl: None }
    }
}

/// A create, an update or a put that happens when it is awaited.
///
/// # Cancellation
///
/// Dropping it before it is awaited does nothing. Dropping it later leaves the outcome unknown.
#[must_use = "a write does nothing until it is awaited"]
pub struct Write {
    transport: Transport,
    operation: &'static str,
    key: Bytes,
    value: Bytes,
    expect: Expect,
    ttl: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
enum Expect {
    Absent,
    At(Revision),
    Whatever,
}

impl Write {
    /// Lets the key expire this long after the write, rounded up to whole seconds: 1 s at the least. The next write to
    /// the key ends that, unless it has a TTL itself.
    ///
    /// The key hangs on a lease of its own that is asked for first. The server deletes the key some time after the
    /// TTL, not to the second; kine counts anew when it is restarted.
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    async fn run(self) -> Result<Outcome, Error> {
        let key = checked_key(self.operation, &self.key)?;
        if let Expect::At(expected) = self.expect {
            checked_expectation(self.operation, &key, expected)?;
        }
        // Before anything is sent, so that a value that cannot be written does not cost a lease.
        guarded::check_size(self.operation, &key, &txn::put(&key, self.value.clone(), 0, Revision::ZERO))?;
        let lease = match self.ttl {
            None => 0,
            Some(ttl) => grant(&self.transport, self.operation, &key, ttl).await?,
        };
        match self.expect {
            Expect::Absent => self.attempt(&key, lease, Revision::ZERO).await,
            Expect::At(expected) => self.attempt(&key, lease, expected).await,
            Expect::Whatever => self.overwrite(&key, lease).await,
        }
    }

    async fn attempt(&self, key: &Bytes, lease: i64, expected: Revision) -> Result<Outcome, Error> {
        let txn = txn::put(key, self.value.clone(), lease, expected);
        guarded::write(&self.transport, self.operation, key, expected, txn).await
    }

    async fn overwrite(&self, key: &Bytes, lease: i64) -> Result<Outcome, Error> {
        let deadline = Instant::now() + self.transport.request_timeout();
        let mut expected = guarded::mod_revision(&self.transport, self.operation, key).await?;
        loop {
            let outcome = self.attempt(key, lease, expected).await?;
            let Outcome::Conflict { current } = &outcome else { return Ok(outcome) };
            if Instant::now() >= deadline {
                return Ok(outcome);
            }
            expected = current.as_ref().map_or(Revision::ZERO, |kv| kv.mod_revision);
        }
    }
}

impl IntoFuture for Write {
    type Output = Result<Outcome, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("operation", &self.operation)
            .field("key", &String::from_utf8_lossy(&self.key))
            .field("value", &format_args!("{} bytes", self.value.len()))
            .field("expect", &self.expect)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// A lease of its own for one write, by the id that the server chose: etcd's is a number of its own, kine's is the TTL.
async fn grant(
    transport: &Transport,
    operation: &'static str,
    key: &Bytes,
    ttl: Duration,
) -> Result<i64, Error> {
    let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
    // kine keeps the TTL in a 32-bit column on PostgreSQL and MySQL.
    let seconds = i32::try_from(seconds).ok().filter(|seconds| *seconds > 0).ok_or_else(|| {
        let text = format!("a TTL of {ttl:?} is not between 1 and {} seconds", i32::MAX);
        Error::invalid(operation, text).on_key(key)
    })?;
    let request = LeaseGrantRequest { ttl: seconds.into(), id: 0 };
    // A lease that nothing hangs on expires by itself, so asking twice does no harm.
    let lease = transport
        .call(operation, Repeat::Always, |leg| async move { leg.lease().lease_grant(request).await })
        .await
        .map_err(|error| error.on_key(key))?;
    if lease.id <= 0 || !lease.error.is_empty() {
        let text = format!("no lease was granted: {}", lease.error);
        return Err(Error::new(ErrorKind::Protocol, operation, text).on_key(key));
    }
    Ok(lease.id)
}

/// The keys that every database under kine can hold and give back unchanged, MySQL's narrower rules apart: PostgreSQL
/// takes neither NUL nor what is not UTF-8, and kine rewrites a NUL at the end.
fn checked_key(operation: &'static str, key: &[u8]) -> Result<Bytes, Error> {
    let bytes = Bytes::copy_from_slice(key);
    let fault = match std::str::from_utf8(key) {
        Ok("") => "the key is empty",
        Ok(text) if text.contains('\0') => "the key holds a NUL byte",
        Ok(_) => return Ok(bytes),
        Err(_) => "the key is not UTF-8",
    };
    Err(Error::invalid(operation, fault).on_key(&bytes))
}

fn checked_expectation(operation: &'static str, key: &Bytes, expected: Revision) -> Result<(), Error> {
    if expected.is_zero() {
        let text = "revision 0 means a key that does not exist; use create";
        return Err(Error::invalid(operation, text).on_key(key));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_some_database_under_kine_would_spoil_are_refused() {
        for key in [&b""[..], b"a\0", b"a\0b", b"\xff"] {
            let error = checked_key("create", key).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{key:?}");
        }
        assert_eq!(checked_key("create", "/ü".as_bytes()).unwrap(), "/ü".as_bytes());
    }

    #[tokio::test]
    async fn debug_of_a_write_shows_no_value() {
        let client = Client::builder().endpoint("http://127.0.0.1:1").connect_lazy().unwrap();
        let shown = format!("{:?}", client.create("/a", "hunter2"));
        assert!(shown.contains("/a") && shown.contains("7 bytes") && !shown.contains("hunter2"), "{shown}");
    }
}

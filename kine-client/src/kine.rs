//! What kine does that an etcd client does not expect, and what this client does about it.
//!
//! This page holds no code. Each line was seen on kine v0.16.4, on the databases named, or on SQLite, PostgreSQL and
//! MariaDB where none is; the tests of this crate look again on every run, so that the page stays true. What the
//! conformance suite shows of single requests is in its table of differences (module `conformance`, behind the feature
//! of that name). kine v0.17 could not be run when this was written; what is said of it was read in its source.
//!
//! # Writes
//!
//! | kine | this client |
//! |---|---|
//! | Put of a key that exists answers success and writes nothing, unless the key is the last one written in the store. | Never sends Put. [`put`](crate::Client::put) reads, then creates or updates. |
//! | A transaction is known by its shape: one compare of the mod revision, one write, one read for the failure. An update is applied to the key of the compare, a delete to the key of the delete. | Sends this shape alone. It is made from one key, so that the three cannot differ. |
//! | An update or delete whose insert fails, for whatever reason, is answered like a lost race, with the key as it is (seen on PostgreSQL with a constraint that refuses inserts). | An answer that refuses a write and shows the key exactly as expected ends as [`Outcome::Unknown`](crate::Outcome::Unknown). |
//! | A delete of a key that never existed answers success with nothing deleted. A query that was cut short looks the same (kine pull request 736). | Reads the key again before it says [`Outcome::Conflict`](crate::Outcome::Conflict) with nothing there. |
//! | Errors of the database come as gRPC code `Unknown` with the database's words. | A write that ends so is [`Outcome::Unknown`](crate::Outcome::Unknown); a read is an error of kind [`Server`](crate::ErrorKind::Server). |
//! | A lease's id is its TTL in seconds, and every write under it counts anew. There is no keep-alive and no revoke. | A TTL is given with each write, under a lease whose id the server chose. |
//! | The version of a key is always 0. | [`KeyValue::version`](crate::KeyValue::version) is `None`. |
//!
//! # Reads
//!
//! | kine | this client |
//! |---|---|
//! | A range up to a NUL byte, etcd's "from this key on", holds nothing on SQLite and MariaDB, and is refused by PostgreSQL as invalid UTF-8 (SQLSTATE 22021). | [`KeyRange`](crate::KeyRange) cannot say it; the ends that it makes are text. |
//! | A start key with a NUL at its end, etcd's "after this key", is rewritten with 0x1A (PostgreSQL) or `#` (MySQL) in place of the NUL: keys that go on with a smaller character are left out (`TranslateStartKeyFunc`, read in the source). | A page starts at the last key of the one before, which is asked for again and dropped. |
//! | On MySQL and MariaDB, keys that differ in case or by blanks at the end are one key, lists are in alphabetical order, and a key that is not ASCII is refused (error 1267). | Nothing: no client can mend it. Do not use such keys there. |
//! | With several kine processes on one database (seen on PostgreSQL), a process that has not polled yet, up to 1 s, calls a revision that another wrote a future one, if the range is empty. | [`FutureRevision`](crate::ErrorKind::FutureRevision) says so. The endpoint is left only when it fails, so a client's own reads stay with one process. |
//! | A count of one key answers the key. | Leaves the value out and looks at the count. |
//!
//! # Watches
//!
//! | kine | this client |
//! |---|---|
//! | A watch from revision 0, etcd's "from now", replays every event that is not compacted. | Reads the store's revision first and starts after it. |
//! | The answer that a watch is open has revision 0 in its header. | Does not look at it. |
//! | A watcher that reads too slowly is dropped: cancelled, without a reason and without a compact revision. | Goes on from the revision after the last event. |
//! | Progress may be reported to a revision whose events were not sent yet (kine issue 731; seen on PostgreSQL, on a busy machine). | Takes progress for a sign of life only. |
//! | The revision in a message's header is lifted to the highest that any watch of the stream has seen (read in the source). | Opens one stream for each watch. |
//! | A question for progress may go unanswered while the watch is busy (seen on MariaDB). | Asks up to three times before it calls a stream dead. |
//! | The previous value comes whether asked for or not; that of a delete has no create revision and no lease. | Drops it unless [asked for](crate::WatchRequest::prev_kv). |
//!
//! # Compaction and running kine
//!
//! | kine | this client |
//! |---|---|
//! | Nothing is compacted unless a client asks (since v0.16.1), and the last 1,000 revisions are always kept (`--compact-min-retain`): a compaction into them answers success and does nothing. | [`compact`](crate::Client::compact) says so in its documentation; its success is no proof. |
//! | With `--compact-min-retain=0`, a compaction to a newest revision that is a delete removes that row, and the store's revision goes back to that of the newest row left. | Do not run kine so, but in tests. |
//! | With `--watch-progress-notify-interval=0` the process panics at the first watch. | Nothing: do not set it. |
//! | A connection that is pinged more often than every 5 s, or while no call is open, is closed (kine's keep-alive policy, read in the source). | Pings every 10 s, while calls or watches are open. |
//! | A request over 2 MiB is refused by the transport, answers have no limit. | Checks before sending, and takes answers of any size. |

//! What this client relies on, as a suite that any server of the etcd API can be held to.
//!
//! Each behaviour is a public function that takes a [`Target`] and answers `Ok` or says in a [`Failure`] what it saw
//! instead. [`SUITE`] lists them all. The measure is etcd, as far as Kubernetes and this client use it; where a server
//! is known to differ, [`KNOWN_DIFFERENCES`] says so with the reason, and [`Server::judge`] expects the behaviour to
//! fail there, so that the list stays true.
//!
//! ```no_run
//! use kine_client::conformance::{Server, Target, run_all};
//!
//! # async fn example() -> Result<(), kine_client::Error> {
//! let target = Target::connect("http://127.0.0.1:2379", "/conformance/").await?;
//! let report = run_all(&target, &Server::new("etcd", "3.5.1"), |_| true).await;
//! for (behaviour, failure) in &report.failed {
//!     println!("{}: {failure}", behaviour.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`txn`] | the transactions that write: create, update, delete, compaction's bookkeeping |
//! | [`put`] | etcd's Put |
//! | [`range`] | reads of one key and of many |
//! | [`keys`] | which keys and values are kept, and how keys are told apart |
//! | [`watch`], [`progress`] | events, and how far they have come |
//! | [`lease`] | keys that expire |
//! | [`compact`] | history that goes away |
//! | [`server`] | what a server says of itself, and what it refuses |
//! | [`client`] | what this crate makes of all that |
//!
//! # How to run it
//!
//! Run the behaviours one after the other: some count revisions, so nobody else may write to the store meanwhile. Each
//! uses keys below the target's prefix, in a folder of its own, and does not mind what earlier ones left. Those that
//! [compact](Behaviour::compacts) end the history of everybody on the store. kine is to be started with
//! `--compact-min-retain=0`, without which it keeps the last 1,000 revisions whatever is asked.
//! [`progress::progress_comes_by_itself`] waits for 15 s at the most, so the server's interval must be shorter: kine's
//! default is, etcd's is not.
//!
//! # Known differences
//!
#![doc = include_str!("differences/table.md")]

mod differences;
mod run;
mod target;
mod wire;

/// Defines the behaviours of a module: their names and words here, their code in `impl Checks` below.
macro_rules! behaviours {
    ($module:literal; $($(#[doc = $doc:literal])+ $name:ident $(, $compacts:ident)?;)+) => {
        $(
            $(#[doc = $doc])+
            ///
            /// # Errors
            ///
            /// What was seen instead.
            pub async fn $name(target: &crate::conformance::Target) -> Result<(), crate::conformance::Failure> {
                Checks::$name(target).await
            }
        )+

        pub(super) const BEHAVIOURS: &[crate::conformance::Behaviour] = &[
            $(crate::conformance::Behaviour::new(
                concat!($module, "::", stringify!($name)),
                concat!($($doc),+),
                behaviours!(@compacts $($compacts)?),
                |target| Box::pin($name(target)),
            )),+
        ];

        struct Checks;
    };
    (@compacts) => { false };
    (@compacts compacts) => { true };
}

/// Fails the behaviour with a text unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(crate::conformance::Failure::new(format!($($text)+)));
        }
    };
}

pub mod client;
pub mod compact;
pub mod keys;
pub mod lease;
pub mod progress;
pub mod put;
pub mod range;
pub mod server;
pub mod txn;
pub mod watch;

pub use differences::{Certainty, Difference, KNOWN_DIFFERENCES, Server, differences_as_markdown};
pub use run::{Behaviour, Report, SUITE, run_all};
pub use target::{Failure, Target};

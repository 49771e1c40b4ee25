//! Load for any server of the etcd API, and what came of it.
//!
//! The program is the bench target `load`; its `README.md` says how to run it and how to read its tables. This library holds
//! what needs no server of our own:
//!
//! | module | what |
//! |---|---|
//! | [`client`] | the calls, on several connections |
//! | [`keys`] | keys and values in random order, and popular keys |
//! | [`drive`] | closed loops (so many in flight) and open loops (so many a second) |
//! | [`workload`] | the workloads: create, get, list, watch fan-out |
//! | [`samples`] | latencies and their percentiles |
//! | [`usage`] | processor time, memory and disk of a server's processes |
//! | [`report`] | the results of all runs as a table or as JSON |

pub mod client;
pub mod drive;
pub mod keys;
pub mod report;
pub mod samples;
pub mod usage;
pub mod workload;

/// What can go wrong, as a sentence: it ends on a terminal.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

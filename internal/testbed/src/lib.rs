//! Real servers for tests: etcd, kine, PostgreSQL and MariaDB, on free ports in temporary folders, stopped whatever
//! happens.
//!
//! ```no_run
//! use testbed::{Kine, KineBackend, KineVersion, Postgres};
//!
//! # fn main() -> Result<(), testbed::Error> {
//! let postgres = Postgres::start()?;
//! let kine = Kine::start(KineVersion::V0_16_4, KineBackend::Postgres(&postgres))?;
//! println!("the etcd API is at {}", kine.endpoint());
//! # Ok(())
//! # }
//! ```
//!
//! Every call blocks, and none needs an async runtime: start servers before the runtime, or in `spawn_blocking`. A
//! server is killed and its folder removed when its value is dropped. When the test process itself is killed, a watchdog
//! process of each server does the same; see [`Process`].
//!
//! A server that this machine does not have is [`Error::Missing`], never a panic and never a silent success. Tests list
//! what they need as [`Need`]s, and show up as ignored when one is absent: see [`trial()`].
//!
//! | module | what |
//! |---|---|
//! | [`etcd`], [`kine`], [`postgres`], [`mariadb`] | one server each |
//! | [`driver_views`] | how kine's database drivers read a data-source name |
//! | [`peer`] | all that serve the etcd API, as one list |
//! | [`proxy`] | a TCP proxy that cuts, pauses, delays and half-closes |
//! | [`need`] | what a test needs, and whether it is here |
//! | [`place`] | where the programs are, and where temporary files go |
//! | [`port`] | free ports |
//! | [`process`] | a child process that does not outlive its owner |
//! | [`mod@trial`] | tests that are ignored when something is missing |
//! | [`wait`] | waiting for a condition, with a deadline |
//!
//! # Environment
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `TESTBED_DIR` | where `scripts/test.sh` puts programs | `target/testbed` in the workspace |
//! | `TESTBED_LONG` | `1`: tests run every seed and duration | off |
//! | `ETCD_BIN` | the etcd program | `TESTBED_DIR/etcd/etcd`, then `PATH` |
//! | `KINE_BIN_V0_16_4`, `KINE_BIN_V0_17_1` | kine of that version | `TESTBED_DIR/kine-vVERSION/kine` |
//! | `DRIVER_VIEWS_BIN` | the program behind [`driver_views`] | `TESTBED_DIR/driver-views/driver-views` |
//! | `POSTGRES_BIN_DIR` | the folder of `initdb` and `postgres` | `/usr/lib/postgresql/*/bin`, then `PATH` |
//! | `MARIADB_BIN_DIR` | the folder of `mariadbd` | `PATH`, `/usr/sbin` |

pub mod driver_views;
pub mod error;
pub mod etcd;
pub mod kine;
pub mod mariadb;
pub mod need;
pub mod peer;
pub mod place;
pub mod port;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod trial;
pub mod wait;

pub use error::Error;
pub use etcd::Etcd;
pub use kine::{Kine, KineBackend, KineVersion};
pub use mariadb::MariaDb;
pub use need::Need;
pub use peer::{Peer, RunningPeer};
pub use place::tool_dir;
pub use port::free_port;
pub use postgres::Postgres;
pub use process::Process;
pub use proxy::{Direction, Proxy};
pub use trial::trial;
pub use wait::{long, wait_until};

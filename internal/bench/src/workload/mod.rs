//! The workloads, each one run on one server.
//!
//! [`fill`] puts the keys in that the reading workloads need; [`create`], [`get`] and [`list`] are closed loops; [`fan_out`]
//! watches what an open loop writes.

pub mod create;
pub mod fan_out;
pub mod fill;
pub mod get;
pub mod list;

use std::fmt;
use std::time::Duration;

use crate::Result;
use crate::client::Client;
use crate::drive::Measured;
use crate::keys::Popularity;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Workload {
    /// W1: create keys, in an otherwise empty store.
    Create,
    /// W1: create keys, in a store that is filled.
    CreateFilled,
    /// W4: get one of the filled keys, all alike.
    Get,
    /// W4: get one of the filled keys, a few of them popular.
    GetZipf,
    /// W5: list all filled keys in pages, all at the revision of the first.
    Pages,
    /// W5: list all filled keys at once.
    Unlimited,
    /// W5: count the filled keys.
    Count,
    /// W7: watch what others write.
    FanOut {
        /// How many watch the prefix that is written to.
        watchers: usize,
        /// How many keys are created a second.
        rate: u32,
    },
}

/// The store that a workload starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing, for what creates keys.
    Empty,
    /// Nothing, for what watches: creates before it would leave more keys in a faster server.
    Watched,
    /// [`Settings::keys`] keys of [`Settings::revisions`] revisions each, not compacted.
    Filled,
}

/// The sizes of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bytes of a value.
    pub value_size: usize,
    /// How many calls are in flight in create and get.
    pub in_flight: usize,
    /// How many calls are in flight in the lists and counts.
    pub list_in_flight: usize,
    /// The keys of a page.
    pub page: i64,
    /// How many connections the calls are spread over.
    pub connections: usize,
    /// How long a run is measured.
    pub time: Duration,
    /// How long a run goes on before it is measured.
    pub warm_up: Duration,
    /// How many keys a filled store has.
    pub keys: u64,
    /// How many revisions each of them has.
    pub revisions: u32,
}

/// What one run on one server did.
#[derive(Debug)]
pub struct Outcome {
    /// Rates and latencies: of calls, or of deliveries.
    pub measured: Measured,
    /// What arrived, where something was watched.
    pub delivery: Option<fan_out::Delivery>,
}

impl Workload {
    /// The store that it starts with.
    pub fn stage(self) -> Stage {
        match self {
            Self::Create => Stage::Empty,
            Self::FanOut { .. } => Stage::Watched,
            _ => Stage::Filled,
        }
    }

    /// Runs it once; `run` is a number that no run before on this store had.
    ///
    /// # Errors
    ///
    /// The run could not start or came to nothing. Calls that fail are counted in the outcome instead.
    pub async fn run(self, client: &Client, settings: &Settings, run: usize) -> Result<Outcome> {
        let measured = match self {
            Self::Create | Self::CreateFilled => create::run(client, settings, run).await,
            Self::Get => get::run(client, settings, &Popularity::uniform(settings.keys)).await,
            Self::GetZipf => get::run(client, settings, &Popularity::zipf(settings.keys)).await,
            Self::Pages => list::run(client, settings, list::Kind::Pages).await?,
            Self::Unlimited => list::run(client, settings, list::Kind::Unlimited).await?,
            Self::Count => list::run(client, settings, list::Kind::Count).await?,
            Self::FanOut { watchers, rate } => {
                let (measured, delivery) = fan_out::run(client, settings, run, watchers, rate).await?;
                return Ok(Outcome { measured, delivery: Some(delivery) });
            }
        };
        Ok(Outcome { measured, delivery: None })
    }

    /// What is done, with the sizes that matter.
    pub fn describe(self, settings: &Settings) -> String {
        let Settings { value_size, in_flight, list_in_flight, connections, keys, page, revisions, .. } =
            settings;
        let filled = format!("{keys} keys of {revisions} revisions, {value_size} B values");
        let calls = format!("{in_flight} in flight on {connections} connections");
        let lists = format!("{list_in_flight} in flight");
        match self {
            Self::Create => format!("{value_size} B values, {calls}, store empty at first"),
            Self::CreateFilled => format!("{value_size} B values, {calls}, store of {keys} keys"),
            Self::Get => format!("one key, uniform, {calls}; {filled}"),
            Self::GetZipf => format!("one key, Zipf 0.99, {calls}; {filled}"),
            Self::Pages => format!("pages of {page} at one revision, {lists}; {filled}"),
            Self::Unlimited => format!("all keys in one answer, {lists}; {filled}"),
            Self::Count => format!("count only, {lists}; {filled}"),
            Self::FanOut { watchers, rate } => {
                format!("{watchers} watchers on one prefix, {rate} creates/s of {value_size} B, open loop")
            }
        }
    }

    /// What is counted and timed.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Create | Self::CreateFilled => "creates/s",
            Self::Get | Self::GetZipf => "gets/s",
            Self::Pages => "pages/s",
            Self::Unlimited => "lists/s",
            Self::Count => "counts/s",
            Self::FanOut { .. } => "deliveries/s",
        }
    }

    /// Whether the load sets the rate, so that latencies are what to compare.
    pub fn is_open_loop(self) -> bool {
        matches!(self, Self::FanOut { .. })
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => f.write_str("W1 create"),
            Self::CreateFilled => f.write_str("W1 create, filled"),
            Self::Get => f.write_str("W4 get"),
            Self::GetZipf => f.write_str("W4 get, zipf"),
            Self::Pages => f.write_str("W5 list, pages"),
            Self::Unlimited => f.write_str("W5 list, unlimited"),
            Self::Count => f.write_str("W5 count"),
            Self::FanOut { watchers, rate } => write!(f, "W7 watch, {watchers} watchers, {rate}/s"),
        }
    }
}

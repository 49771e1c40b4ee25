//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use bench::Result;
use bench::workload::{Settings, Workload};
use clap::{Parser, ValueEnum};
use testbed::{KineVersion, Peer};

use crate::contender::Contender;

/// Load for any etcd endpoint, beside etcd and kine: cargo bench -p bench --bench load -- --peers
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Arguments {
    /// A server that runs already and has an empty store: NAME=URL, as often as there are
    #[arg(long, value_name = "NAME=URL", value_parser = endpoint)]
    endpoint: Vec<(String, String)>,
    /// Starts the servers to compare with that are on this machine
    #[arg(long, value_enum, value_delimiter = ',', num_args = 0.., default_missing_value = "etcd,kine-sqlite")]
    peers: Vec<PeerKind>,
    /// A program with kine's command line to start too, such as kine-serve: measured as `ours`, on SQLite
    #[arg(long, value_name = "PROGRAM")]
    serve_bin: Option<PathBuf>,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', default_value = "create,get,pages,fan-out")]
    workload: Vec<Kind>,
    /// Bytes of a value
    #[arg(long, default_value_t = 1024)]
    value_size: usize,
    /// Creates and gets in flight
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Lists and counts in flight
    #[arg(long, default_value_t = 1)]
    list_in_flight: usize,
    /// Keys of a page
    #[arg(long, default_value_t = 500)]
    page: i64,
    /// Connections to each server
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Seconds that each run is measured
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds that each create and get run goes on before it is measured
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Runs of each workload on each server
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: usize,
    /// Keys that the store is filled with before it is read
    #[arg(long, default_value_t = 100_000)]
    keys: u64,
    /// Revisions of each of those keys
    #[arg(long, default_value_t = 3)]
    revisions: u32,
    /// Watchers of a fan-out
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000")]
    watchers: Vec<usize>,
    /// Creates a second of a fan-out
    #[arg(long, value_delimiter = ',', default_value = "100,1000")]
    write_rates: Vec<u32>,
    /// Writes the report as JSON too, to a file or to standard output (-)
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Said by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PeerKind {
    Etcd,
    KineSqlite,
    KinePostgres,
    #[value(name = "kine-mariadb")]
    KineMariaDb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// W1 on a store that is empty at first
    Create,
    /// W1 on a filled store
    CreateFilled,
    /// W4, all keys alike
    Get,
    /// W4, a few keys popular
    GetZipf,
    /// W5 in pages at one revision
    Pages,
    /// W5 at once
    Unlimited,
    /// W5, count only
    Count,
    /// W7 with each number of watchers and each rate
    FanOut,
    /// All of these
    All,
}

impl PeerKind {
    fn peers(self) -> Vec<Peer> {
        match self {
            Self::Etcd => vec![Peer::Etcd],
            Self::KineSqlite => KineVersion::ALL.map(Peer::KineSqlite).to_vec(),
            Self::KinePostgres => KineVersion::ALL.map(Peer::KinePostgres).to_vec(),
            Self::KineMariaDb => KineVersion::ALL.map(Peer::KineMariaDb).to_vec(),
        }
    }
}

impl Arguments {
    /// What is measured, in the order of the tables' rows. A peer that is not here is said and left out.
    pub(crate) fn contenders(&self) -> Result<Vec<Contender>> {
        let mut contenders = Vec::new();
        for peer in self.peers.iter().flat_map(|kind| kind.peers()) {
            match peer.needs().into_iter().find_map(|need| need.check().err()) {
                None => contenders.push(Contender::Peer(peer)),
                Some(missing) => eprintln!("left out: {peer}: {missing}"),
            }
        }
        contenders.extend(self.serve_bin.clone().map(Contender::Ours));
        contenders.extend(
            self.endpoint.iter().map(|(name, url)| Contender::Given { name: name.clone(), url: url.clone() }),
        );
        if contenders.is_empty() {
            return Err("nothing to measure: give --endpoint NAME=URL, --serve-bin PROGRAM or --peers".into());
        }
        Ok(contenders)
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            value_size: self.value_size,
            in_flight: self.in_flight,
            list_in_flight: self.list_in_flight,
            page: self.page,
            connections: self.connections,
            time: Duration::from_secs_f64(self.seconds),
            warm_up: Duration::from_secs_f64(self.warm_up),
            keys: self.keys,
            revisions: self.revisions,
        }
    }

    pub(crate) fn workloads(&self) -> Vec<Workload> {
        let fan_outs = || {
            self.write_rates.iter().flat_map(|&rate| {
                self.watchers.iter().map(move |&watchers| Workload::FanOut { watchers, rate })
            })
        };
        let wanted = |kind: Kind| self.workload.contains(&kind) || self.workload.contains(&Kind::All);
        let mut workloads = Vec::new();
        for (kind, workload) in [
            (Kind::Create, Workload::Create),
            (Kind::Get, Workload::Get),
            (Kind::GetZipf, Workload::GetZipf),
            (Kind::Pages, Workload::Pages),
            (Kind::Unlimited, Workload::Unlimited),
            (Kind::Count, Workload::Count),
            // After the reads: it makes the filled store another one.
            (Kind::CreateFilled, Workload::CreateFilled),
        ] {
            if wanted(kind) {
                workloads.push(workload);
            }
        }
        if wanted(Kind::FanOut) {
            workloads.extend(fan_outs());
        }
        workloads
    }
}

fn endpoint(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, url)) if !name.is_empty() && (url.starts_with("http://") || url.starts_with("unix:")) => {
            Ok((name.to_owned(), url.to_owned()))
        }
        _ => Err("it has to be NAME=URL, and the URL to begin with http:// or unix:".to_owned()),
    }
}

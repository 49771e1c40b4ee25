//! kine's flags, as far as they mean something for an embedded store.

use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum};

use crate::go_duration::GoDuration;

/// An etcd endpoint on a SQLite file, with kine's flags and environment variables.
#[derive(Debug, Parser)]
#[command(name = "kine-serve", version)]
pub(crate) struct Flags {
    /// HOST:PORT or unix://PATH. (kine listens on every interface by default.)
    #[arg(long, env = "KINE_LISTEN_ADDRESS", default_value = "127.0.0.1:2379")]
    pub(crate) listen_address: String,

    /// The data source; empty for kine's default, ./db/state.db.
    #[arg(
        long,
        env = "KINE_ENDPOINT",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub(crate) endpoint: String,

    /// How log lines look.
    #[arg(long, env = "KINE_LOG_FORMAT", default_value = "plain")]
    pub(crate) log_format: LogFormat,

    /// HOST:PORT of a Prometheus page; 0 for none. (kine has it on :8080 by default.)
    #[arg(long, env = "KINE_METRICS_BIND_ADDRESS", default_value = "0")]
    pub(crate) metrics_bind_address: String,

    /// Metrics are served without TLS even if the endpoint has it.
    #[arg(long, env = "KINE_METRICS_IGNORE_TLS_CONFIG", action = ArgAction::Set, default_value = "false",
          default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub(crate) metrics_ignore_tls_config: bool,

    /// Certificate of the endpoint, in PEM.
    #[arg(long, env = "KINE_SERVER_CERT_FILE")]
    pub(crate) server_cert_file: Option<PathBuf>,

    /// Its private key, in PEM.
    #[arg(long, env = "KINE_SERVER_KEY_FILE")]
    pub(crate) server_key_file: Option<PathBuf>,

    /// Who signs the certificates that clients then must have, in PEM.
    #[arg(long, env = "KINE_TRUSTED_CA_FILE")]
    pub(crate) trusted_ca_file: Option<PathBuf>,

    /// Statements that take so long are logged; 0 for none.
    #[arg(long, env = "KINE_SLOW_SQL_THRESHOLD", default_value = "1s")]
    pub(crate) slow_sql_threshold: GoDuration,

    /// Statements that take so long are logged as warnings.
    #[arg(long, env = "KINE_SLOW_SQL_WARNING_THRESHOLD", default_value = "5s")]
    pub(crate) slow_sql_warning_threshold: GoDuration,

    /// How often an idle watch is told how far it has seen.
    #[arg(long, env = "KINE_WATCH_PROGRESS_NOTIFY_INTERVAL", default_value = "5s")]
    pub(crate) watch_progress_notify_interval: GoDuration,

    /// The etcd version that Status answers.
    #[arg(long, env = "KINE_EMULATED_ETCD_VERSION", default_value = "3.6.11")]
    pub(crate) emulated_etcd_version: String,

    /// How often to compact; 0 for never.
    #[arg(long, env = "KINE_COMPACT_INTERVAL", default_value = "0")]
    pub(crate) compact_interval: GoDuration,

    /// Percent by which the interval may be longer.
    #[arg(long, env = "KINE_COMPACT_INTERVAL_JITTER", default_value = "0",
          value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) compact_interval_jitter: u8,

    /// Newest revisions that the interval's compactions leave.
    #[arg(long, env = "KINE_COMPACT_MIN_RETAIN", default_value = "1000")]
    pub(crate) compact_min_retain: u32,

    /// Rows that one transaction deletes.
    #[arg(long, env = "KINE_COMPACT_BATCH_SIZE", default_value = "256",
          value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) compact_batch_size: u32,

    /// Rows read at a time of what another process has written.
    #[arg(long, env = "KINE_POLL_BATCH_SIZE", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) poll_batch_size: u32,

    /// Log everything.
    #[arg(long, env = "KINE_DEBUG", action = ArgAction::Set, default_value = "false", default_missing_value = "true",
          num_args = 0..=1, require_equals = true)]
    pub(crate) debug: bool,

    /// Listen where other hosts can connect without asking them for certificates. (Not kine's.)
    #[arg(long)]
    pub(crate) dangerous_allow_remote_without_client_certificates: bool,
}

/// kine's two formats.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines of text.
    Plain,
    /// A JSON object a line.
    Json,
}

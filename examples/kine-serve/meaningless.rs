//! kine's flags that mean nothing for an embedded store: given, they are an error, because whoever gives them expects
//! something of them.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

const DATASTORE_TLS: &str = "a SQLite file is not reached over TLS";
const POOL: &str = "a SQLite file has no connections that grow stale";
const T4: &str = "only kine's t4 datastore uses it";

/// Flag, environment variable (empty for none of kine's own), and why it means nothing.
const FLAGS: [(&str, &str, &str); 22] = [
    ("ca-file", "KINE_CA_FILE", DATASTORE_TLS),
    ("cert-file", "KINE_CERT_FILE", DATASTORE_TLS),
    ("key-file", "KINE_KEY_FILE", DATASTORE_TLS),
    ("skip-verify", "KINE_SKIP_VERIFY", DATASTORE_TLS),
    ("identity-provider", "KINE_IDENTITY_PROVIDER", "a SQLite file has no login"),
    ("datastore-max-idle-connections", "KINE_DATASTORE_MAX_IDLE_CONNECTIONS", POOL),
    ("datastore-max-open-connections", "KINE_DATASTORE_MAX_OPEN_CONNECTIONS", POOL),
    ("datastore-connection-max-lifetime", "KINE_DATASTORE_CONNECTION_MAX_LIFETIME", POOL),
    ("datastore-connection-max-idle-time", "KINE_DATASTORE_CONNECTION_MAX_IDLE_TIME", POOL),
    (
        "compact-timeout",
        "KINE_COMPACT_TIMEOUT",
        "compaction deletes a few rows at a time and has no time to run out of",
    ),
    ("metrics-enable-profiling", "KINE_METRICS_ENABLE_PROFILING", "there is no Go runtime to profile"),
    ("peer-bind-address", "KINE_PEER_BIND_ADDRESS", T4),
    ("peer-advertise-address", "KINE_PEER_ADVERTISE_ADDRESS", T4),
    ("s3-bucket", "KINE_S3_BUCKET", T4),
    ("s3-folder", "KINE_S3_FOLDER", T4),
    ("s3-endpoint", "KINE_S3_ENDPOINT", T4),
    // These have AWS's variables, which say nothing about us when they are set.
    ("s3-region", "", T4),
    ("s3-access-key", "", T4),
    ("s3-secret-key", "", T4),
    ("s3-session-token", "", T4),
    ("s3-profile", "", T4),
    ("s3-ca-bundle", "", T4),
];

/// Adds the flags, out of sight.
pub(crate) fn add_to(command: Command) -> Command {
    let flag = |(flag, env, _): (&'static str, &'static str, &str)| {
        let arg = Arg::new(flag).long(flag).hide(true).hide_env_values(true).num_args(0..=1);
        if env.is_empty() { arg } else { arg.env(env) }
    };
    command.args(FLAGS.map(flag))
}

/// Refuses those that were given.
pub(crate) fn check(matches: &ArgMatches) -> Result<(), String> {
    for (flag, env, why) in FLAGS {
        match matches.value_source(flag) {
            Some(ValueSource::CommandLine) => {
                return Err(format!("--{flag} means nothing here: {why}; leave it out"));
            }
            Some(ValueSource::EnvVariable) => {
                return Err(format!("{env} means nothing here: {why}; unset it"));
            }
            _ => {}
        }
    }
    match std::env::var("KINE_SCHEMA_MIGRATION") {
        Ok(steps) if !matches!(steps.as_str(), "" | "0") => {
            Err("KINE_SCHEMA_MIGRATION means nothing here: it is for PostgreSQL and MySQL; unset it"
                .to_owned())
        }
        _ => Ok(()),
    }
}

//! The parameters that are known by name, engine by engine, and whether their values may be shown. Any other value is
//! masked where a data source is shown.

use super::Engine;
use crate::reading::nearest;

/// The known parameter of an engine that a misspelt one was most likely meant to be.
pub(crate) fn nearest_param(engine: Engine, name: &str) -> Option<&'static str> {
    let known = match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
        Engine::Mysql => &MYSQL,
        Engine::Etcd => return None,
    };
    let names = [known.harmless, known.secret].concat();
    // Those that only libpq reads would be the next fault.
    let names: Vec<_> = names.into_iter().filter(|name| !LIBPQ_ONLY.contains(name)).collect();
    nearest(name, &names)
}

/// The names of one engine. Compared with case, as the drivers do.
pub(super) struct KnownParams {
    /// Their values say nothing that is secret.
    harmless: &'static [&'static str],
    /// Their values are secrets, or can hold anything.
    secret: &'static [&'static str],
}

impl KnownParams {
    pub(super) fn is_harmless(&self, name: &str) -> bool {
        self.harmless.contains(&name)
    }

    pub(super) fn is_known(&self, name: &str) -> bool {
        self.is_harmless(name) || self.secret.contains(&name)
    }
}

/// libpq's parameters that pgx does not read (v5.10 `pgconn.ParseConfig`) and the server does not take. pgx sends them
/// as settings, and PostgreSQL ends the connection: SQLSTATE 42704, `unrecognized configuration parameter`, or 55P02 for
/// the versions of TLS (seen with PostgreSQL 15). `tcp_user_timeout` is a setting of the server too.
pub(super) const LIBPQ_ONLY: &[&str] = &[
    "hostaddr",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "gssencmode",
    "requiressl",
    "sslcompression",
    "sslcertmode",
    "sslcrl",
    "sslcrldir",
    "sslkeylogfile",
    "requirepeer",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "gsslib",
    "gssdelegation",
    "scram_client_key",
    "scram_server_key",
    "oauth_issuer",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_scope",
    "load_balance_hosts",
];

/// What asks for Kerberos in a PostgreSQL data source: the parameters of vCluster's kine, and those of pgx and libpq.
pub(super) const KERBEROS: [&str; 4] = ["krb5_keytab", "krb5_ccache", "krbsrvname", "krbspn"];

/// Parameters of other MySQL clients that are no variable of a server: of the `mysql` program and what is written after it
/// (`ssl-mode`), MySQL Connector/J and MariaDB Connector/J (`useSSL`, `sslMode`), Python's and PHP's clients (`charset` apart),
/// Prisma (`sslaccept`), and libpq's `sslmode`. `SET` of each was refused by MariaDB 10.11 with 1193, or 1064 for the `-`.
pub(super) const FOREIGN_TO_MYSQL: &[&str] = &[
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "sslpassword",
    "ssl",
    "ssl-mode",
    "ssl_mode",
    "ssl-ca",
    "sslMode",
    "sslaccept",
    "sslidentity",
    "useSSL",
    "requireSSL",
    "verifyServerCertificate",
    "trustServerCertificate",
    "enabledTLSProtocols",
    "tlsVersions",
    "tls_mode",
    "allowPublicKeyRetrieval",
    "serverTimezone",
    "connectionTimeZone",
    "timezone",
    "characterEncoding",
    "characterSetResults",
    "connectionCollation",
    "encoding",
    "useUnicode",
    "use_unicode",
    "autoReconnect",
    "reconnect",
    "createDatabaseIfNotExist",
    "zeroDateTimeBehavior",
    "connectTimeout",
    "socketTimeout",
    "read_timeout",
    "write_timeout",
    "socket_timeout",
    "connection_limit",
    "pool_timeout",
    "allowMultiQueries",
    "rewriteBatchedStatements",
    "useServerPrepStmts",
    "cachePrepStmts",
    "useAffectedRows",
    "unix_socket",
    "defaultAuth",
    "auth_plugin",
    "init_command",
    "protocol",
    "user",
    "password",
    "host",
    "database",
    "dbname",
];

/// PostgreSQL: libpq's parameters (`PQconndefaults` of libpq 18.6; `requiressl` is its old form of `sslmode`), pgx's own (pgx v5 `ParseConfig`),
/// those of vCluster's kine fork for Kerberos, and run-time settings that are often set for a connection.
pub(super) const POSTGRES: KnownParams = KnownParams {
    secret: &["password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"],
    harmless: &[
        "host",
        "hostaddr",
        "port",
        "dbname",
        "database",
        "user",
        "passfile",
        "require_auth",
        "channel_binding",
        "connect_timeout",
        "client_encoding",
        "options",
        "application_name",
        "fallback_application_name",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "replication",
        "gssencmode",
        "sslmode",
        "requiressl",
        "sslnegotiation",
        "sslcompression",
        "sslcert",
        "sslkey",
        "sslcertmode",
        "sslrootcert",
        "sslcrl",
        "sslcrldir",
        "sslsni",
        "sslkeylogfile",
        "requirepeer",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "min_protocol_version",
        "max_protocol_version",
        "krbsrvname",
        "gsslib",
        "gssdelegation",
        "oauth_issuer",
        "oauth_client_id",
        "oauth_scope",
        "service",
        "servicefile",
        "target_session_attrs",
        "load_balance_hosts",
        "krbspn",
        "default_query_exec_mode",
        "statement_cache_capacity",
        "description_cache_capacity",
        "krb5_keytab",
        "krb5_ccache",
        "search_path",
        "timezone",
        "TimeZone",
        "datestyle",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "serial_normalization",
    ],
};

/// MySQL: go-sql-driver's parameters (v1.10 `dsn.go`) and session variables that are often set.
pub(super) const MYSQL: KnownParams = KnownParams {
    // Free text, `key:value` pairs.
    secret: &["connectionAttributes"],
    harmless: &[
        "allowAllFiles",
        "allowCleartextPasswords",
        "allowFallbackToPlaintext",
        "allowNativePasswords",
        "allowOldPasswords",
        "charset",
        "checkConnLiveness",
        "clientFoundRows",
        "collation",
        "columnsWithAlias",
        "compress",
        "interpolateParams",
        "loc",
        "maxAllowedPacket",
        "multiStatements",
        "parseTime",
        "readTimeout",
        "rejectReadOnly",
        "serverPubKey",
        "timeTruncate",
        "timeout",
        "tls",
        "writeTimeout",
        "autocommit",
        "foreign_key_checks",
        "innodb_lock_wait_timeout",
        "sql_mode",
        "time_zone",
        "transaction_isolation",
        "tx_isolation",
        "wait_timeout",
    ],
};

/// SQLite: go-sqlite3's parameters (v1.14 `Open`), SQLite's own for `file:` names (sqlite.org/uri.html), and
/// kine's.
pub(super) const SQLITE: KnownParams = KnownParams {
    secret: &["_auth_user", "_auth_pass", "_auth_crypt", "_auth_salt"],
    harmless: &[
        "_auto_vacuum",
        "_vacuum",
        "_busy_timeout",
        "_timeout",
        "_cache_size",
        "_case_sensitive_like",
        "_cslike",
        "_defer_foreign_keys",
        "_defer_fk",
        "_foreign_keys",
        "_fk",
        "_ignore_check_constraints",
        "_journal_mode",
        "_journal",
        "_loc",
        "_locking_mode",
        "_locking",
        "_mutex",
        "_query_only",
        "_recursive_triggers",
        "_rt",
        "_secure_delete",
        "_stmt_cache_size",
        "_synchronous",
        "_sync",
        "_txlock",
        "_writable_schema",
        "_kine_disable_compact_wal_checkpoint",
        "_kine_disable_wal_autocheckpoint",
        "_kine_disable_startup_vacuum",
        "cache",
        "immutable",
        "mode",
        "nolock",
        "psow",
        "vfs",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    /// `PQconndefaults` of libpq 18.6.
    const LIBPQ: &[&str] = &[
        "service",
        "user",
        "password",
        "passfile",
        "channel_binding",
        "connect_timeout",
        "dbname",
        "host",
        "hostaddr",
        "port",
        "client_encoding",
        "options",
        "application_name",
        "fallback_application_name",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "sslmode",
        "sslnegotiation",
        "sslcompression",
        "sslcert",
        "sslkey",
        "sslcertmode",
        "sslpassword",
        "sslrootcert",
        "sslcrl",
        "sslcrldir",
        "sslsni",
        "requirepeer",
        "require_auth",
        "min_protocol_version",
        "max_protocol_version",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "gssencmode",
        "krbsrvname",
        "gsslib",
        "gssdelegation",
        "replication",
        "target_session_attrs",
        "load_balance_hosts",
        "scram_client_key",
        "scram_server_key",
        "oauth_issuer",
        "oauth_client_id",
        "oauth_client_secret",
        "oauth_scope",
        "sslkeylogfile",
    ];

    #[test]
    fn every_parameter_of_libpq_is_known_by_name() {
        for name in LIBPQ {
            assert!(POSTGRES.is_known(name), "{name}");
        }
    }

    #[test]
    fn no_secret_counts_as_harmless() {
        for known in [POSTGRES, MYSQL, SQLITE] {
            for name in known.secret {
                assert!(known.is_known(name) && !known.is_harmless(name), "{name}");
            }
        }
        // libpq marks the first three with `*` and the keys as not to be shown.
        for name in ["password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"]
        {
            assert!(!POSTGRES.is_harmless(name), "{name}");
        }
    }

    #[test]
    fn no_parameter_of_go_sql_driver_is_foreign_to_it() {
        for name in FOREIGN_TO_MYSQL {
            assert!(!MYSQL.is_known(name), "{name}");
        }
    }

    #[test]
    fn what_only_libpq_reads_is_among_its_parameters() {
        for name in LIBPQ_ONLY {
            assert!(LIBPQ.contains(name) || *name == "requiressl", "{name}");
        }
    }
}

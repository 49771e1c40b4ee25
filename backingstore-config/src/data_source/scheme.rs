//! What stands before the `://`: which engine is meant.

use super::fault::Fault;
use super::postgres::Spelling;
use crate::error::ConfigErrorKind::{UnknownScheme, UnsupportedScheme};

/// The schemes that this family serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Sqlite,
    Postgres(Spelling),
    Mysql,
    Etcd,
}

/// Cuts at the first `://`, as kine does, and looks the scheme up. kine compares it with case.
pub(super) fn split(text: &str) -> Result<(Scheme, &str), Fault> {
    let Some((name, rest)) = text.split_once("://") else {
        return Err(Fault {
            kind: UnknownScheme,
            problem: "no `SCHEME://` at its start",
            help: "write `sqlite://PATH`, `postgres://USER:PASSWORD@HOST:5432/DATABASE`, \
                   `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE` or `https://HOST:2379`",
        });
    };
    if let Some(fault) = before_scheme(name) {
        return Err(fault);
    }
    match name {
        "sqlite" => Ok((Scheme::Sqlite, rest)),
        "postgres" => Ok((Scheme::Postgres(Spelling::Postgres), rest)),
        "postgresql" => Ok((Scheme::Postgres(Spelling::Postgresql), rest)),
        "mysql" => Ok((Scheme::Mysql, rest)),
        "http" | "https" | "unix" => Ok((Scheme::Etcd, rest)),
        _ => Err(refuse(name)),
    }
}

/// What a scheme that would be right begins with, and no scheme does.
fn before_scheme(name: &str) -> Option<Fault> {
    let (problem, help) = match name.chars().next()? {
        c if c.is_whitespace() => ("white space before its scheme", "remove it"),
        '"' | '\'' | '`' => (
            "a quotation mark before its scheme",
            "remove the one at its start and the one at its end: the quotation marks of YAML or of a shell are no part of a text",
        ),
        _ => return None,
    };
    Some(Fault { kind: UnknownScheme, problem, help })
}

/// Looks a refused name up among those that users write. The name itself is never shown: in a text without a
/// scheme, what stands before the first `://` can be anything.
fn refuse(name: &str) -> Fault {
    // The schemes that kine v0.16.4 registers beside the served ones.
    for (known, problem, help) in [
        (
            "litestream",
            "kine has the scheme `litestream`, this family does not serve it",
            "write `sqlite://PATH`, and let Litestream run beside it",
        ),
        ("nats", "kine has the scheme `nats`, this family does not serve it", SERVED),
        ("jetstream", "kine has the scheme `jetstream`, this family does not serve it", SERVED),
        ("t4", "kine has the scheme `t4`, this family does not serve it", SERVED),
        (
            "memory",
            "kine has the scheme `memory`, this family does not serve it",
            "write `sqlite://:memory:` for a store that ends with its process",
        ),
        (
            "unixs",
            "kine has the scheme `unixs`, this family does not serve it",
            "write `unix://PATH` for an etcd on a local socket, or `https://HOST:2379` for one with TLS",
        ),
    ] {
        if name == known {
            return Fault { kind: UnsupportedScheme, problem, help };
        }
    }
    let lower = name.to_ascii_lowercase();
    // SQLAlchemy names its driver behind a plus: `postgresql+psycopg`.
    let engine = lower.split_once('+').map_or(lower.as_str(), |(engine, _)| engine);
    let help = match engine {
        "sqlite" | "postgres" | "postgresql" | "mysql" | "http" | "https" | "unix" if engine == lower => {
            "write the scheme in lower case"
        }
        "jdbc:postgresql" => {
            "write `postgres://USER:PASSWORD@HOST:5432/DATABASE`, without `jdbc:`, with the user and the password before the host"
        }
        "jdbc:mysql" | "jdbc:mariadb" => {
            "write `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`, without `jdbc:`, with the user and the password before the host; it serves MariaDB too"
        }
        "sqlite" | "sqlite3" | "file" | "jdbc:sqlite" => "write `sqlite://PATH`",
        "postgres" | "postgresql" | "pgsql" | "pg" | "pgx" | "psql" | "cockroachdb" | "postgres-tls" => {
            "write `postgres://USER:PASSWORD@HOST:5432/DATABASE`"
        }
        "mysql" | "mysql2" | "mysqlx" | "mariadb" => {
            "write `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`; it serves MariaDB too"
        }
        "etcd" | "etcds" => "write an etcd as `http://HOST:2379`, `https://HOST:2379` or `unix://PATH`",
        _ => SERVED,
    };
    Fault { kind: UnknownScheme, problem: "the scheme before its `://` is unknown", help }
}

const SERVED: &str =
    "this family serves `sqlite`, `postgres`, `postgresql`, `mysql`, `http`, `https` and `unix`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_served_scheme_is_found_and_the_rest_is_untouched() {
        for (text, scheme, rest) in [
            ("sqlite:///data/a://b", Scheme::Sqlite, "/data/a://b"),
            ("postgres://h/d", Scheme::Postgres(Spelling::Postgres), "h/d"),
            ("postgresql://h/d", Scheme::Postgres(Spelling::Postgresql), "h/d"),
            ("mysql://tcp(h)/d", Scheme::Mysql, "tcp(h)/d"),
            ("http://h:2379", Scheme::Etcd, "h:2379"),
            ("https://h:2379", Scheme::Etcd, "h:2379"),
            ("unix:///run/e.sock", Scheme::Etcd, "/run/e.sock"),
        ] {
            assert_eq!(split(text), Ok((scheme, rest)));
        }
    }

    #[test]
    fn a_scheme_that_only_kine_has_is_refused_by_its_name() {
        for scheme in ["litestream", "nats", "jetstream", "t4", "memory", "unixs"] {
            let fault = split(&format!("{scheme}://x")).unwrap_err();
            assert_eq!(fault.kind, UnsupportedScheme);
            assert!(fault.problem.contains(&format!("`{scheme}`")), "{}", fault.problem);
        }
    }

    #[test]
    fn an_unknown_scheme_lists_the_known_ones() {
        let fault = split("redis://host").unwrap_err();
        assert_eq!(fault.kind, UnknownScheme);
        for scheme in ["sqlite", "postgres", "mysql", "https", "unix"] {
            assert!(fault.help.contains(&format!("`{scheme}`")));
        }
    }

    #[test]
    fn a_usual_wrong_spelling_is_answered_with_the_right_one() {
        for (text, right) in [
            ("mariadb://u@tcp(h)/d", "mysql://"),
            ("MySQL://u@tcp(h)/d", "lower case"),
            ("Https://h:2379", "lower case"),
            ("jdbc:postgresql://h/d", "postgres://"),
            ("jdbc:postgresql://h/d?user=u", "without `jdbc:`"),
            ("sqlite3:///data/x.db", "sqlite://"),
            ("postgresql+psycopg2://u:p@h/d", "postgres://"),
            ("mysql+pymysql://u:p@h/d", "mysql://"),
            ("etcd://h:2379", "http://"),
        ] {
            let fault = split(text).unwrap_err();
            assert_eq!(fault.kind, UnknownScheme);
            assert!(fault.help.contains(right), "{text}: {}", fault.help);
        }
    }

    #[test]
    fn what_stands_before_the_scheme_is_named() {
        for (text, what) in [
            (" postgres://h/d", "white space"),
            ("\n mysql://h/d", "white space"),
            ("\"postgres://h/d\"", "quotation mark"),
            ("'sqlite:///x.db'", "quotation mark"),
        ] {
            let fault = split(text).unwrap_err();
            assert_eq!(fault.kind, UnknownScheme);
            assert!(fault.problem.contains(what), "{text}: {}", fault.problem);
        }
        let fault = split("jdbc:postgresql://h/d").unwrap_err();
        assert!(!fault.help.contains("lower case"), "{}", fault.help);
    }
}

//! Rules that a data source can break by itself, whatever the login method.

use super::kerberos::PARAMETERS as KERBEROS;
use super::{Check, Rule};
use crate::data_source::{DataSource, Engine, MysqlTlsMode, Params, SslMode, nearest_param};

/// For how many misspelt parameters the right one is looked for: a data source can have thousands.
const FEW: usize = 20;

pub(super) const RULES: &[Rule] = &[
    Rule::error(
        "mysql-url",
        "A MySQL data source written as a URL. go-sql-driver, and with it kine, reads the address in brackets after `tcp`.",
        Check::Source(|case, say| {
            if let DataSource::Mysql(source) = case.source
                && source.is_url_form()
            {
                say.at(
                    &case.path,
                    "a MySQL data source in the form of a URL, which kine does not read",
                    format!("write `{}`", source.driver_form_redacted()),
                );
            }
        }),
    ),
    Rule::warning(
        "database-in-clear-text",
        "A connection without TLS to a server that is not on this machine.",
        Check::Source(|case, say| {
            let (is_clear, parameter) = match case.source {
                DataSource::Postgres(source) => {
                    let remote = source.hosts().iter().any(|host| !host.is_loopback());
                    (remote && source.ssl_mode() == SslMode::Disable, "sslmode=disable")
                }
                // Nothing said becomes `preferred` in vCluster's kine, and files make it verified.
                DataSource::Mysql(source) => {
                    let disabled =
                        source.params().contains("tls") && source.tls_mode() == MysqlTlsMode::Disabled;
                    let remote = !source.address().is_loopback();
                    (disabled && remote && case.files.is_empty(), "tls=false")
                }
                _ => (false, ""),
            };
            if is_clear {
                say.at(
                    &case.path,
                    format!("`{parameter}`: everything goes over the network in clear text"),
                    match case.source {
                        DataSource::Mysql(_) => {
                            "write `tls=true`, or name the server's certificates with `caFile`"
                        }
                        _ => "write `sslmode=verify-full` and name the server's certificates with `caFile`",
                    },
                );
            }
        }),
    ),
    Rule::warning(
        "unknown-parameter",
        "A parameter that neither the driver nor the database's client library knows. A server gets it as a setting, and may refuse the connection; SQLite leaves it out.",
        Check::Source(|case, say| {
            let Some(params) = params(case.source) else { return };
            // Those of Kerberos and of other clients have rules of their own.
            let has_own_rule = |name: &str| match case.source {
                DataSource::Mysql(source) => {
                    KERBEROS.contains(&name) || source.foreign_params().any(|param| param.name() == name)
                }
                _ => false,
            };
            let unknown = params.unknown().filter(|param| !has_own_rule(param.name()));
            for (index, param) in unknown.enumerate() {
                let outcome = match case.source.engine() {
                    Engine::Sqlite => "the driver leaves it out",
                    _ => "the driver sends it to the server as a setting",
                };
                let nearest = (index < FEW).then(|| nearest_param(case.source.engine(), param.name()));
                let help = match nearest.flatten() {
                    Some(name) => format!("write `{name}` if that is meant"),
                    None => "look for a misspelling, and percent-encode `&` in a value as `%26`".to_owned(),
                };
                say.at(&case.path, format!("the parameter `{}` is not known; {outcome}", param.name()), help);
            }
        }),
    ),
    Rule::error(
        "libpq-only-parameter",
        "A parameter that psql reads and kine's driver does not: it becomes a setting that PostgreSQL does not have, and PostgreSQL ends the connection.",
        Check::Source(|case, say| {
            let DataSource::Postgres(source) = case.source else { return };
            for param in source.libpq_only_params() {
                say.at(
                    &case.path,
                    format!("the parameter `{}` is for libpq; kine's driver sends it to the server, which refuses it", param.name()),
                    "remove it",
                );
            }
        }),
    ),
    Rule::error(
        "mysql-foreign-parameter",
        "A MySQL parameter of other clients, such as `sslmode` or `useSSL`: kine's driver sets it as a variable of the session, and the server has none of that name.",
        Check::Source(|case, say| {
            let DataSource::Mysql(source) = case.source else { return };
            for param in source.foreign_params() {
                say.at(
                    &case.path,
                    format!(
                        "the parameter `{}` is for other clients; kine's driver sets it as a variable, which the server refuses",
                        param.name()
                    ),
                    "remove it; TLS is `tls=true`, or `caFile` without `tls=`",
                );
            }
        }),
    ),
    Rule::warning(
        "repeated-parameter",
        "A parameter stands more than once. The first counts, for MySQL the last.",
        Check::Source(|case, say| {
            let Some(params) = params(case.source) else { return };
            let counts = if case.source.engine() == Engine::Mysql { "last" } else { "first" };
            let names: Vec<_> =
                params.iter().filter(|param| param.is_known()).map(|param| param.name()).collect();
            for (index, name) in names.iter().enumerate() {
                let first = names.iter().position(|other| other == name) == Some(index);
                if first && names[index + 1..].contains(name) {
                    say.at(
                        &case.path,
                        format!("the parameter `{name}` stands more than once; the {counts} counts"),
                        "keep one of them",
                    );
                }
            }
        }),
    ),
    Rule::warning(
        "database-name-lowered",
        "A PostgreSQL database with capital letters. kine writes its name in lower case, and makes that database if it can.",
        Check::Source(|case, say| {
            if let DataSource::Postgres(source) = case.source
                && !source.params().contains("dbname")
                && !source.params().contains("database")
                && source.database().is_some_and(|name| name.to_lowercase() != name)
            {
                say.at(
                    &case.path,
                    "the database's name has capital letters, which kine makes small: it looks for another database",
                    "name the database in lower case",
                );
            }
        }),
    ),
];

fn params(source: &DataSource) -> Option<&Params> {
    match source {
        DataSource::Sqlite(source) => Some(source.params()),
        DataSource::Postgres(source) => Some(source.params()),
        DataSource::Mysql(source) => Some(source.params()),
        DataSource::Etcd(_) => None,
    }
}

//! A MySQL data source from parts: nothing but the database's name is encoded, so every value is looked at.

use secrecy::ExposeSecret;

use super::super::DataSource;
use super::super::host::split_host_port;
use super::super::mysql::MysqlSource;
use super::keys::Keys;
use super::{Written, at_key, check_carried, fill_in, keys_are_carried};
use crate::data_source::login::Login;
use crate::data_source::percent::{Plus, decode, encode};
use crate::error::ConfigError;
use crate::redaction::Secrets;

pub(super) fn from_parts(keys: &Keys) -> Result<MysqlSource, ConfigError> {
    let address = keys.address()?;
    let address = write_address(address.host, address.port);
    let password = keys.password().map(ExposeSecret::expose_secret);
    // The parser refuses them, and could not say whose they are.
    if let Some(user) = keys.user().filter(|user| user.contains(['/', '?', '(', ')'])) {
        check_carried("user", Some(user), None)?;
    }
    let text = write(keys.user(), password, &address, keys.database().unwrap_or_default());
    let source = MysqlSource::parse(&text).map_err(at_key("host"))?;
    keys_are_carried(keys, &written(&source))?;
    Ok(source)
}

/// The data source with what the keys have and it has not.
pub(super) fn filled(source: MysqlSource, keys: &Keys) -> Result<MysqlSource, ConfigError> {
    match source.is_kine_default() {
        // It is whole.
        true => Ok(source),
        false => fill_in(source, keys, written, MysqlSource::with_parts),
    }
}

fn written(source: &MysqlSource) -> Written<'_> {
    Written { user: source.user(), password: source.password(), database: source.database() }
}

/// Whether a text may be a DSN without a scheme. `jdbc:` is a scheme, not a user, whatever a password in it holds.
pub(super) fn is_dsn(text: &str) -> bool {
    (text.contains("@tcp(") || text.contains("@unix(")) && !text.starts_with("jdbc:")
}

/// Whether a text may be a plain URL, and nothing but an address.
pub(super) fn is_plain_url(text: &str) -> bool {
    text.starts_with("mysql://") && !text.contains(['?', '#', '(', ')'])
}

/// Reads `mysql://USER:PASSWORD@HOST:PORT/DATABASE` as RFC 3986 has it, everything percent-encoded. None where it is
/// not that, or where no DSN can carry it.
pub(super) fn from_url(text: &str) -> Option<DataSource> {
    let rest = text.strip_prefix("mysql://")?;
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    // A password with a `/` that is not encoded: its half would be shown as the database's name.
    if database.contains(['@', '/']) {
        return None;
    }
    let (login, host) = authority.rsplit_once('@')?;
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    let literal = |text: &str| decode(text, Plus::Literal).ok();
    let (user, database) = (literal(user)?, literal(database)?);
    let password = match password {
        Some(password) => Some(literal(password)?),
        None => None,
    };
    let (host, port) = split_host_port(host).ok().filter(|(host, _)| !host.is_empty())?;
    let dsn = write(Some(&user), password.as_deref(), &write_address(host, port), &database);
    let source = MysqlSource::parse(&dsn).ok()?;
    let is_carried = source.user() == Some(&user)
        && source.password().map(ExposeSecret::expose_secret) == password.as_deref()
        && source.database().unwrap_or_default() == database;
    is_carried.then_some(DataSource::Mysql(source))
}

fn write_address(host: &str, port: Option<u16>) -> String {
    let port = port.unwrap_or(3306);
    if host.starts_with('/') {
        format!("unix({host})")
    } else if host.contains(':') {
        format!("tcp([{host}]:{port})")
    } else {
        format!("tcp({host}:{port})")
    }
}

fn write(user: Option<&str>, password: Option<&str>, address: &str, database: &str) -> String {
    let mut out = String::new();
    // A password without a user has been refused.
    if let Some(login) = Login::of(user.map(str::to_owned), password.map(str::to_owned)) {
        login.write(&mut out, Secrets::Exposed);
    }
    out.push_str(address);
    out.push('/');
    out.push_str(&encode(database));
    out
}

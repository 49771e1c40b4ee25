//! A PostgreSQL data source from parts: every value is percent-encoded.

use std::net::Ipv6Addr;

use secrecy::ExposeSecret;

use super::super::postgres::{PostgresSource, Spelling};
use super::keys::Keys;
use super::{Missing, at_key, keys_are_carried};
use crate::data_source::percent::encode;
use crate::error::ConfigError;

pub(super) fn from_parts(keys: &Keys) -> Result<PostgresSource, ConfigError> {
    let address = keys.address()?;
    let mut text = String::new();
    if let Some(user) = keys.user() {
        text.push_str(&encode(user));
        if let Some(password) = keys.password() {
            text.push(':');
            text.push_str(&encode(password.expose_secret()));
        }
        text.push('@');
    }
    let port = address.port.map(|port| format!(":{port}")).unwrap_or_default();
    let mut query = String::new();
    if address.host.starts_with('/') {
        query.push_str(&format!("?host={}", encode(address.host).replace("%2F", "/")));
        query.push_str(&port.replace(':', "&port="));
    } else if address.host.parse::<Ipv6Addr>().is_ok() {
        text.push_str(&format!("[{}]{port}", address.host));
    } else {
        text.push_str(&format!("{}{port}", address.host));
    }
    text.push('/');
    text.push_str(&encode(keys.database().unwrap_or_default()));
    text.push_str(&query);
    let source = PostgresSource::parse(Spelling::Postgres, &text).map_err(at_key("host"))?;
    keys_are_carried(keys, source.user(), source.password(), source.database())?;
    Ok(source)
}

/// The data source with what the keys have and it has not.
pub(super) fn filled(source: PostgresSource, keys: &Keys) -> Result<PostgresSource, ConfigError> {
    // kine's own default is whole.
    if source.is_kine_default() {
        return Ok(source);
    }
    let missing = Missing::of(keys, source.user(), source.password(), source.database())?;
    if missing.is_nothing() {
        return Ok(source);
    }
    let password = missing.password.map(ExposeSecret::expose_secret);
    let filled = source.with_parts(missing.user, password, missing.database)?;
    keys_are_carried(keys, filled.user(), filled.password(), filled.database())?;
    Ok(filled)
}

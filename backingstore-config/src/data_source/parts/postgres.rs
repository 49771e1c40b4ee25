//! A PostgreSQL data source from parts: every value is percent-encoded.

use std::net::Ipv6Addr;

use secrecy::ExposeSecret;

use super::super::postgres::{PostgresSource, Spelling};
use super::keys::Keys;
use super::{Written, at_key, fill_in, keys_are_carried};
use crate::data_source::login::Login;
use crate::data_source::percent::encode;
use crate::error::ConfigError;
use crate::redaction::Secrets;

pub(super) fn from_parts(keys: &Keys) -> Result<PostgresSource, ConfigError> {
    let address = keys.address()?;
    let mut text = String::new();
    let password = keys.password().map(|password| encode(password.expose_secret()));
    // A password without a user has been refused.
    if let Some(login) = Login::of(keys.user().map(encode), password) {
        login.write(&mut text, Secrets::Exposed);
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
    keys_are_carried(keys, &written(&source))?;
    Ok(source)
}

/// The data source with what the keys have and it has not.
pub(super) fn filled(source: PostgresSource, keys: &Keys) -> Result<PostgresSource, ConfigError> {
    match source.is_kine_default() {
        // It is whole.
        true => Ok(source),
        false => fill_in(source, keys, written, PostgresSource::with_parts),
    }
}

fn written(source: &PostgresSource) -> Written<'_> {
    Written { user: source.user(), password: source.password(), database: source.database() }
}

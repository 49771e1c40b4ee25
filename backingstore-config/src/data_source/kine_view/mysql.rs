//! kine's `pkg/drivers/mysql`, `prepareConfig`, and what go-sql-driver makes of its result.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::super::mysql::{MysqlAddress, MysqlSource, MysqlTlsMode, is_taken_raw};
use super::super::params::Param;
use super::super::percent::encode;
use super::{DEFAULT_DATABASE, KineAddress, KineTls, KineView, half_a_certificate};
use crate::data_source::Engine;
use crate::model::TlsFiles;
use crate::redaction::{MASK, Secrets};

/// The settings that kine makes of its TLS files, by the name under which the driver knows them.
const KINE_TLS: &str = "kine";
/// What kine takes for `mysql://` alone with a TLS file; without one it is a local socket.
const DEFAULT_HOST: (&str, u16) = ("127.0.0.1", 3306);

pub(super) fn view(source: &MysqlSource, files: &TlsFiles) -> KineView {
    let has_files = [&files.ca_file, &files.cert_file, &files.key_file]
        .into_iter()
        .any(|file| file.as_ref().is_some_and(|file| !file.is_empty()));
    let address = match source.address() {
        _ if source.is_kine_default() && has_files => {
            KineAddress::Tcp { host: DEFAULT_HOST.0.to_owned(), port: DEFAULT_HOST.1 }
        }
        MysqlAddress::Tcp { host, port } => KineAddress::Tcp { host: host.clone(), port: *port },
        MysqlAddress::Unix { path } => KineAddress::Unix { path: path.clone() },
    };
    let database = source.database().unwrap_or(DEFAULT_DATABASE).to_owned();
    let params = last_of_each(source);
    let settings = source.settings();
    let (tls, tls_config) = match (settings.tls_name(), has_files) {
        (None, false) => (KineTls::Disabled, None),
        // The driver takes the files for what the data source leaves open, and its own word for the rest.
        (None, true) if settings.allow_fallback_to_plaintext => (KineTls::Preferred, Some(KINE_TLS)),
        (None, true) => (KineTls::Verified, Some(KINE_TLS)),
        (Some(name), _) => (tls_of(settings.tls), Some(if has_files { KINE_TLS } else { name })),
    };
    let params: Vec<_> = params.into_values().collect();
    let write = |secrets| write(source, &address, &database, &params, secrets);
    KineView {
        text: SecretString::from(write(Secrets::Exposed)),
        shown: write(Secrets::Masked),
        user: source.user().filter(|user| !user.is_empty()).map(str::to_owned),
        password: source.password().cloned(),
        tls,
        tls_config,
        ignores_tls_files: has_files && settings.tls_name().is_some(),
        refusal: half_a_certificate(files.cert_file.as_deref(), files.key_file.as_deref()),
        addresses: vec![address.clone()],
        database: Some(database.clone()),
        params: params.clone(),
        ..KineView::empty(Engine::Mysql)
    }
}

fn tls_of(mode: MysqlTlsMode) -> KineTls {
    match mode {
        MysqlTlsMode::Disabled => KineTls::Disabled,
        MysqlTlsMode::Preferred => KineTls::Preferred,
        MysqlTlsMode::SkipVerify => KineTls::Unverified,
        MysqlTlsMode::Verified => KineTls::Verified,
    }
}

/// Each parameter overwrites an earlier one of its name (go-sql-driver `parseDSNParams`).
fn last_of_each(source: &MysqlSource) -> BTreeMap<String, Param> {
    source.params().iter().map(|param| (param.expose_name().to_owned(), param.clone())).collect()
}

/// The canonical form: the driver's, every part written out.
fn write(
    source: &MysqlSource,
    address: &KineAddress,
    database: &str,
    params: &[Param],
    secrets: Secrets,
) -> String {
    let mut out = String::from("mysql://");
    if let Some(login) = source.login() {
        login.write(&mut out, secrets);
    }
    // kine's default is a socket without TLS files, and a host with them.
    let net = if source.is_kine_default() { "tcp" } else { source.net() };
    match address {
        KineAddress::Tcp { host, port } if host.contains(':') => {
            out.push_str(&format!("{net}([{host}]:{port})"))
        }
        KineAddress::Tcp { host, port } => out.push_str(&format!("{net}({host}:{port})")),
        KineAddress::Unix { path } => out.push_str(&format!("unix({path})")),
    }
    out.push('/');
    out.push_str(&encode(database));
    for (index, param) in params.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        let encoded = |value: &str| match is_taken_raw(param.expose_name()) {
            true => value.to_owned(),
            false => encode(value),
        };
        let value = match (secrets, param.value()) {
            (Secrets::Exposed, _) => encoded(param.expose().expose_secret()),
            (Secrets::Masked, Some(value)) => encoded(value),
            (Secrets::Masked, None) => MASK.to_owned(),
        };
        let name = match secrets {
            Secrets::Exposed => param.expose_name(),
            Secrets::Masked => param.name(),
        };
        out.push_str(&format!("{name}={value}"));
    }
    out
}

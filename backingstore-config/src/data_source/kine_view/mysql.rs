//! kine's `pkg/drivers/mysql`, `prepareConfig`, and what go-sql-driver makes of its result.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::super::mysql::{MysqlAddress, MysqlSource};
use super::super::params::Param;
use super::{DEFAULT_DATABASE, KineAddress, KineTls, KineView, encode, half_a_certificate};
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
    let of_source = TlsParam::read(&params);
    let (tls, tls_config) = match (of_source, has_files) {
        (TlsParam::Off, false) => (KineTls::Disabled, None),
        // The driver takes the files for what the data source leaves open, and its own word for the rest.
        (TlsParam::Off, true) => (KineTls::Verified, Some(KINE_TLS)),
        (word, _) => (word.tls(), Some(if has_files { KINE_TLS } else { word.name() })),
    };
    let falls_back = switch(&params, "allowFallbackToPlaintext") == Some(true);
    let tls = if falls_back && tls > KineTls::Preferred { KineTls::Preferred } else { tls };
    let params: Vec<_> = params.into_values().collect();
    let write = |secrets| write(source, &address, &database, &params, secrets);
    KineView {
        text: SecretString::from(write(Secrets::Exposed)),
        shown: write(Secrets::Masked),
        user: source.user().filter(|user| !user.is_empty()).map(str::to_owned),
        password: source.password().cloned(),
        tls,
        tls_config,
        ignores_tls_files: has_files && of_source != TlsParam::Off,
        refusal: half_a_certificate(files.cert_file.as_deref(), files.key_file.as_deref()),
        addresses: vec![address.clone()],
        database: Some(database.clone()),
        params: params.clone(),
        ..KineView::empty(Engine::Mysql)
    }
}

/// What `tls` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TlsParam {
    Off,
    Verified,
    SkipVerify,
    Preferred,
}

impl TlsParam {
    fn read(params: &BTreeMap<String, Param>) -> Self {
        match switch(params, "tls") {
            Some(true) => return Self::Verified,
            Some(false) => return Self::Off,
            None => {}
        }
        match params.get("tls").map(|param| param.expose().expose_secret().to_lowercase()).as_deref() {
            Some("skip-verify") => Self::SkipVerify,
            Some("preferred") => Self::Preferred,
            _ => Self::Off,
        }
    }

    fn tls(self) -> KineTls {
        match self {
            Self::Off => KineTls::Disabled,
            Self::Preferred => KineTls::Preferred,
            Self::SkipVerify => KineTls::Unverified,
            Self::Verified => KineTls::Verified,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Off => "false",
            Self::Preferred => "preferred",
            Self::SkipVerify => "skip-verify",
            Self::Verified => "true",
        }
    }
}

/// The driver's `readBool`.
fn switch(params: &BTreeMap<String, Param>, name: &str) -> Option<bool> {
    match params.get(name)?.expose().expose_secret() {
        "1" | "true" | "TRUE" | "True" => Some(true),
        "0" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Each parameter overwrites an earlier one of its name (go-sql-driver `parseDSNParams`).
fn last_of_each(source: &MysqlSource) -> BTreeMap<String, Param> {
    source.params().iter().map(|param| (param.exposed_name().to_owned(), param.clone())).collect()
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
    if source.user().is_some() || source.password().is_some() {
        out.push_str(source.user().unwrap_or_default());
        if let Some(password) = source.password() {
            out.push(':');
            out.push_str(match secrets {
                Secrets::Exposed => password.expose_secret(),
                Secrets::Masked => MASK,
            });
        }
        out.push('@');
    }
    match address {
        KineAddress::Tcp { host, port } if host.contains(':') => {
            out.push_str(&format!("tcp([{host}]:{port})"))
        }
        KineAddress::Tcp { host, port } => out.push_str(&format!("tcp({host}:{port})")),
        KineAddress::Unix { path } => out.push_str(&format!("unix({path})")),
    }
    out.push('/');
    out.push_str(&encode(database));
    for (index, param) in params.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        let value = match (secrets, param.value()) {
            (Secrets::Exposed, _) => encode(param.expose().expose_secret()),
            (Secrets::Masked, Some(value)) => encode(value),
            (Secrets::Masked, None) => MASK.to_owned(),
        };
        let name = match secrets {
            Secrets::Exposed => param.exposed_name(),
            Secrets::Masked => param.name(),
        };
        out.push_str(&format!("{name}={value}"));
    }
    out
}

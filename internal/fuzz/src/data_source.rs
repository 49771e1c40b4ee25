//! `DataSource`, and every view of one.

use backingstore_config::model::TlsFiles;
use backingstore_config::surroundings::{AddressBlock, database_egress, iam_login_sql};
use backingstore_config::{ConfigError, DataSource, KineCommand, MysqlSource, PostgresSource};
use secrecy::ExposeSecret;

use crate::input::{CANARY, Input};
use crate::shown::Shown;
use crate::yaml::show_diagnostics;

/// The places where a user writes a password, in wrong forms too: what stands before it and behind it.
pub(crate) const PLACES: &[(&str, &str)] = &[
    ("postgres://kine:", "@db:5432/kine"),
    ("postgres://db/kine?user=kine&password=", ""),
    ("postgres://db/kine?password=", "&sslmode=require"),
    ("postgres://kine@db/kine?sslmode=verify-full&sslpassword=", ""),
    ("postgres://db/kine?pasword=", "&sslmode=require"),
    ("postgresql://kine:", "@a:1,[::1]:2/kine?krb5_keytab=/k"),
    ("mysql://kine:", "@tcp(db:3306)/kine"),
    ("mysql://kine:", "@tcp(db:3306)/kine?tls=true"),
    ("mysql://kine:", "@unix(/run/my.sock)/"),
    ("mysql://kine:", "@db:3306/kine"),
    ("mysql://kine:", "@db"),
    ("mysql://tcp(db)/kine?password=", ""),
    ("sqlite:///data/state.db?_auth_pass=", "&_journal=WAL"),
    ("https://root:", "@etcd:2379"),
    ("kine:", "@tcp(db:3306)/kine"),
    ("redis://kine:", "@db"),
    ("nats://kine:", "@db"),
    ("host=db user=kine password=", ""),
    ("jdbc:postgresql://db/kine?user=kine&password=", ""),
    // The `?` is missing, or another sign stands for it.
    ("postgres://kine@db/kine&password=", ""),
    ("postgres://kine@db/kine;password=", ""),
    ("postgres://kine@db/kine password=", ""),
    ("postgres://kine@db/kine#password=", ""),
    ("postgres://kine@db/kine/password=", ""),
    ("postgres://kine&password=", "@db/kine"),
    ("postgres:///kine?host=db password=", ""),
    ("postgres://kine@db/kine?application_name=a;password=", ""),
    ("mysql://kine:secret@tcp(db:3306)/kine&password=", ""),
    ("mysql://kine:secret@tcp(db:3306)/kine;password=", ""),
    ("mysql://kine:secret@db:3306/kine&password=", ""),
    ("mysql://kine@unix(/run/my.sock&password=", ")/kine"),
    ("mysql://kine&password=", "@tcp(db:3306)/kine"),
    ("sqlite:///data/state.db&_auth_pass=", ""),
    ("sqlite:///data/state.db;_auth_pass=", ""),
    ("https://etcd:2379&password=", ""),
    ("unix:///run/etcd.sock?password=", ""),
];

/// A data source that is read is written back as it was, and means the same to kine. Wherever a password stands, no
/// view and no error shows it.
pub fn data_source(data: &[u8]) {
    match Input::read(data, [PLACES.len()]) {
        Input::Whole(text) => {
            match DataSource::parse(&text) {
                Ok(source) => holds_together(&text, &source),
                Err(error) => says_something(&error),
            }
            shown_of(&text);
        }
        Input::Password { place: [place], password } => {
            let (before, after) = PLACES[place];
            // Percent-encoded it is never wrong, and has to be hidden decoded as well.
            let encoded: String = password.bytes().map(|byte| format!("%{byte:02x}")).collect();
            for password in [password, encoded] {
                let text = format!("{before}{password}{after}");
                if !completes_a_data_source(&password) && !made_a_parameter(&text) {
                    shown_of(&text).holds_no_password();
                }
            }
        }
    }
}

/// Whether the password, written as it is, holds what ends a data source before it does: another address with a name behind
/// it, or another parameter. What follows is then read as those, and nothing says that it was part of a password.
/// Percent-encoded no password does.
pub(crate) fn completes_a_data_source(password: &str) -> bool {
    password.contains('&') || password.split_once('@').is_some_and(|(_, rest)| rest.contains('/'))
}

/// Whether the password holds a whole parameter, such as `&application_name=`, and goes on as its value. That of a known
/// parameter is shown, and nothing says that it was part of a password.
pub(crate) fn made_a_parameter(text: &str) -> bool {
    let source = DataSource::parse(text);
    let params = match &source {
        Ok(DataSource::Sqlite(source)) => source.params(),
        Ok(DataSource::Postgres(source)) => source.params(),
        Ok(DataSource::Mysql(source)) => source.params(),
        _ => return false,
    };
    params.iter().any(|param| param.is_known() && param.value().is_some_and(|value| value.contains(CANARY)))
}

fn says_something(error: &ConfigError) {
    for part in [error.subject(), error.problem(), error.help()] {
        assert!(!part.is_empty(), "{error:?}");
    }
}

fn holds_together(text: &str, source: &DataSource) {
    let exposed = source.expose();
    assert_eq!(exposed.expose_secret(), text, "it is written back as it was");

    // A form without a mask is the whole of it, or kine's default for nothing.
    let redacted = source.to_string();
    let is_whole =
        redacted == text || (!redacted.contains("***") && (text.is_empty() || text.ends_with("://")));
    match DataSource::parse(&redacted) {
        Ok(shown) => {
            assert!(is_whole, "{redacted} is read again");
            assert_eq!(shown.engine(), source.engine(), "{redacted} is of another engine than {text}");
        }
        Err(error) => assert!(!is_whole, "{redacted}: {error}"),
    }

    let for_kine = source.expose_for_kine();
    let again = DataSource::parse(for_kine.expose_secret()).expect("what kine is given can be read");
    assert_eq!(again.engine(), source.engine(), "{text}");
    assert_eq!(again.expose_for_kine().expose_secret(), for_kine.expose_secret(), "{text}");
    if let (DataSource::Mysql(one), DataSource::Mysql(other)) = (source, &again) {
        assert!(!other.is_url_form(), "{text}");
        let password = |source: &MysqlSource| source.password().map(|text| text.expose_secret().to_owned());
        assert_eq!(password(one), password(other), "{text}");
        assert_eq!(
            (one.user(), one.address(), one.database(), one.tls_mode()),
            (other.user(), other.address(), other.database(), other.tls_mode()),
            "{text}"
        );
    }

    let view = source.as_kine_reads(&TlsFiles::default());
    assert!(view.is_same_place(&view), "{text}");
    assert_eq!(
        view,
        again.as_kine_reads(&TlsFiles::default()),
        "what kine is given is read as something else: {text}"
    );

    let secrets = source.secrets();
    assert!(secrets.iter().all(|secret| !secret.expose_secret().is_empty()), "an empty secret in {text}");
    let lengths: Vec<usize> = secrets.iter().map(|secret| secret.expose_secret().len()).collect();
    assert!(lengths.is_sorted_by(|one, next| one >= next), "the longest secret is first");
}

/// Takes every view, and what may be shown of it.
pub(crate) fn shown_of(text: &str) -> Shown {
    let mut shown = Shown::default();
    let inspection = DataSource::inspect(text);
    shown.debug("the inspection", &inspection);
    show_diagnostics(inspection.diagnostics(), &mut shown);
    match DataSource::parse(text) {
        Ok(source) => show_source(&source, &mut shown),
        Err(error) => shown.both("the error", &error),
    }
    shown
}

fn show_source(source: &DataSource, shown: &mut Shown) {
    shown.both("the data source", source);
    match source {
        DataSource::Sqlite(source) => {
            shown.debug("the SQLite source", source);
            shown.debug("its path", &source.path());
            shown.debug("its parameters", source.params());
            shown.debug(
                "its settings",
                &(
                    source.synchronous(),
                    source.journal_mode(),
                    source.transaction_lock(),
                    source.busy_timeout(),
                ),
            );
            shown.debug("its kind", &(source.is_in_memory(), source.is_uri(), source.is_kine_default()));
        }
        DataSource::Postgres(source) => show_postgres(source, shown),
        DataSource::Mysql(source) => {
            shown.debug("the MySQL source", source);
            shown.display("its driver's form", &source.driver_form_redacted());
            shown.debug("its parameters", source.params());
            shown.debug("its settings", source.settings());
            shown.debug("its password", &source.password());
            shown.debug("its TLS mode", &source.tls_mode());
        }
        DataSource::Etcd(endpoints) => {
            for endpoint in endpoints.iter() {
                shown.debug("an endpoint", endpoint);
                shown.debug(
                    "its parts",
                    &(endpoint.host(), endpoint.port(), endpoint.socket(), endpoint.as_str()),
                );
            }
        }
        _ => {}
    }
    let kine = KineCommand::for_data_source(source);
    shown.debug("the kine command", &kine);
    shown.debug("kine's arguments", &kine.arguments());
    shown.debug("kine's environment", &kine.environment());
    let mut files = TlsFiles::default();
    for file in [None, Some("/etc/kine/tls".to_owned())] {
        (files.ca_file, files.cert_file, files.key_file) = (file.clone(), file.clone(), file);
        let view = source.as_kine_reads(&files);
        shown.both("what kine makes of it", &view);
        shown.debug("kine's addresses", &view.addresses());
        shown.debug("kine's parameters", &view.params());
        shown.debug("kine's refusal", &view.refusal());
    }
    shown.debug(
        "the rules of its network policy",
        &database_egress(source, &[AddressBlock::of([10, 0, 0, 1].into())]),
    );
    shown.debug("the SQL of its login", &iam_login_sql(source));
}

fn show_postgres(source: &PostgresSource, shown: &mut Shown) {
    shown.debug("the PostgreSQL source", source);
    shown.debug("its password", &source.password());
    shown.debug("its parameters", source.params());
    shown.debug("its unknown parameters", &source.params().unknown().collect::<Vec<_>>());
    shown.debug("its libpq parameters", &source.libpq_only_params().collect::<Vec<_>>());
    shown.debug("its TLS mode", &source.ssl_mode());
    match source.kerberos() {
        Ok(login) => {
            shown.debug(
                "its principal",
                &login.as_ref().map(|login| login.service_principal("db.example.com")),
            );
            shown.debug("its Kerberos login", &login);
        }
        Err(error) => shown.both("the error of its Kerberos login", &error),
    }
    shown.debug("a bare @", &source.principal_at_is_bare());
}

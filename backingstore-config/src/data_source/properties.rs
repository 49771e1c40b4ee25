//! What holds for every data source, whatever it is.

use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use super::fault::REDACTED;
use super::{DataSource, DataSourceInput, Engine, MysqlSource};
use crate::model::TlsFiles;
use crate::redaction::Secrets;

/// Looks like nothing that a parser or a message has of its own.
const CANARY: &str = "CANARYx7Qz";

/// Text of the characters that data sources are made of.
fn text() -> impl Strategy<Value = String> {
    "[a-c@:/?#&=;%()\\[\\],.+ 0-9\u{e9}-]{0,20}"
}

/// A password with the canary in it, and the characters that break data sources around it.
fn password() -> impl Strategy<Value = String> {
    (text(), text()).prop_map(|(before, after)| format!("{before}{CANARY}{after}"))
}

/// A data source that is often right.
fn data_source() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "",
        "sqlite://",
        "postgres://",
        "postgresql://",
        "mysql://",
        "http://",
        "https://",
        "unix://",
        "nats://",
        "redis://",
    ]);
    let user = prop::sample::select(vec!["", "kine", "kine%40R", "u:p", ":"]);
    let address = prop::sample::select(vec![
        "",
        "db",
        "db:1",
        "a:1,b:2",
        "[::1]:5432",
        "tcp(db:3306)",
        "unix(/run/my.sock)",
        "tcp",
        "./x.db",
        ":memory:",
        "file:x",
    ]);
    let path = prop::sample::select(vec!["", "/", "/kine", "/a%2Fb", "/x/y.db"]);
    let query = prop::sample::select(vec![
        "",
        "?",
        "?sslmode=require",
        "?tls=true&x",
        "?_sync=FULL&&a=b",
        "?password=q",
        "?host=/run/pg",
        "?krb5_ccache",
    ]);
    (scheme, user, any::<bool>(), address, path, query, text(), 0..10_u8).prop_map(
        |(scheme, user, at, address, path, query, noise, noisy)| {
            let at = if at { "@" } else { "" };
            let noise = if noisy == 0 { noise } else { String::new() };
            format!("{scheme}{user}{at}{address}{path}{query}{noise}")
        },
    )
}

/// What stands between the first `:` of a login and its `@`.
fn password_of(url: &str) -> String {
    let login = url.trim_start_matches("mysql://").split_once('@').map_or("", |(login, _)| login);
    login.split_once(':').map_or("", |(_, password)| password).to_owned()
}

/// How many [`with_password`] knows, and the password alone.
const PLACES: usize = 42;

/// The places where a user writes a password, wrong forms too.
fn with_password(place: usize, password: &str) -> String {
    let encoded: String = password.bytes().map(|byte| format!("%{byte:02x}")).collect();
    match place {
        0 => format!("postgres://kine:{password}@db:5432/kine"),
        1 => format!("postgres://kine:{encoded}@db:5432/kine"),
        2 => format!("postgres://db/kine?user=kine&password={encoded}"),
        3 => format!("postgres://kine@db/kine?sslmode=verify-full&sslpassword={encoded}"),
        4 => format!("postgres://db/kine?pasword={encoded}&sslmode=require"),
        5 => format!("mysql://kine:{password}@tcp(db:3306)/kine"),
        6 => format!("mysql://kine:{password}@tcp(db:3306)/kine?tls=true"),
        7 => format!("mysql://kine:{password}@db:3306/kine"),
        8 => format!("mysql://tcp(db)/kine?password={password}"),
        9 => format!("sqlite:///data/state.db?_auth_pass={encoded}"),
        10 => format!("https://root:{password}@etcd:2379"),
        11 => format!("kine:{password}@tcp(db:3306)/kine"),
        12 => format!("redis://kine:{password}@db"),
        13 => format!("nats://kine:{password}@db"),
        14 => format!("host=db user=kine password={password}"),
        // The `?` is missing, or another sign stands for it.
        15 => format!("postgres://kine@db/kine&password={password}"),
        16 => format!("postgres://kine@db/kine;sslmode=disable&password={password}"),
        17 => format!("postgres://kine@db/kine password={password}"),
        18 => format!("postgres://kine@db/kine/password={password}"),
        19 => format!("postgres://kine@db/kine#password={password}"),
        20 => format!("postgres://kine&password={password}@db/kine"),
        21 => format!("postgres://kine@db&password={password}"),
        22 => format!("postgres:///kine?host=db password={password}"),
        23 => format!("postgres://kine@db/kine?application_name=a,password={password}"),
        24 => format!("postgres://kine@db/kine%3Fpassword%3D{encoded}"),
        25 => format!("mysql://kine:secret@tcp(db:3306)/kine&password={password}"),
        26 => format!("mysql://kine:secret@tcp(db:3306)/kine;tls=true;password={password}"),
        27 => format!("mysql://kine:secret@tcp(db:3306)/kine password={password}"),
        28 => format!("mysql://kine:secret@tcp(db:3306)/kine#password={password}"),
        29 => format!("mysql://kine:secret@db:3306/kine&password={password}"),
        30 => format!("mysql://kine@unix(/run/my.sock&password={password})/kine"),
        31 => format!("mysql://kine&password={password}@tcp(db:3306)/kine"),
        32 => format!("mysql://kine@tcp(db:3306)/kine?collation=utf8mb4_bin;password={encoded}"),
        33 => format!("sqlite:///data/state.db&_auth_pass={password}"),
        34 => format!("sqlite:///data/state.db;_auth_pass={password}"),
        35 => format!("sqlite:///data/state.db _auth_pass={password}"),
        36 => format!("sqlite:///data/state.db/_auth_pass={password}"),
        37 => format!("sqlite://file:state.db#_auth_pass={password}"),
        38 => format!("https://etcd:2379&password={password}"),
        39 => format!("unix:///run/etcd.sock?password={password}"),
        40 => format!("unix:///run/etcd.sock&password={password}"),
        _ => password.to_owned(),
    }
}

/// Every text that a data source gives out without being asked for its secrets.
fn everything_shown(source: &DataSource) -> Vec<String> {
    let files = TlsFiles { ca_file: Some("/ca.crt".to_owned()), ..TlsFiles::default() };
    let view = source.as_kine_reads(&files);
    let mut shown = vec![source.to_string(), format!("{source:?}"), view.to_string(), format!("{view:?}")];
    shown.push(format!("{:?} {:?} {:?}", view.params(), view.database(), view.addresses()));
    shown.push(source.write_for_kine(Secrets::Masked));
    if let DataSource::Postgres(source) = source {
        shown.push(format!("{:?}", source.kerberos()));
        shown.extend(source.params().unknown().map(|param| param.name().to_owned()));
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_parses_is_written_back_as_it_was(text in data_source()) {
        if let Ok(source) = DataSource::parse(&text) {
            let written = source.expose();
            prop_assert_eq!(written.expose_secret(), text.as_str());
        }
    }

    #[test]
    fn the_redacted_form_is_not_read_again_unless_nothing_is_masked(text in data_source()) {
        if let Ok(source) = DataSource::parse(&text) {
            let view = source.as_kine_reads(&TlsFiles::default());
            for shown in [source.to_string(), source.write_for_kine(Secrets::Masked), view.to_string()] {
                match DataSource::parse(&shown) {
                    Ok(again) => {
                        prop_assert!(!shown.contains("***"), "{} is read again", shown);
                        prop_assert_eq!(again.engine(), source.engine());
                    }
                    Err(error) => {
                        prop_assert!(shown.contains("***"), "{}: {}", shown, error);
                        prop_assert_eq!(error.problem(), REDACTED.problem);
                    }
                }
            }
        }
    }

    #[test]
    fn a_plain_mysql_url_and_its_drivers_form_mean_the_same(
        user in "[a-z]{1,4}", password in "[!-~]{0,6}", host in "[a-z0-9.-]{1,6}", port in 1..u16::MAX, path in "[a-z%0-9]{0,4}",
    ) {
        let text = format!("mysql://{user}:{password}@{host}:{port}/{path}?parseTime=1&x=y");
        if let Ok(DataSource::Mysql(url)) = DataSource::parse(&text) && url.is_url_form() {
            let driver_form = url.expose_driver_form();
            let Ok(DataSource::Mysql(driver)) = DataSource::parse(driver_form.expose_secret()) else {
                return Err(TestCaseError::fail("its driver's form does not parse"));
            };
            prop_assert!(!driver.is_url_form());
            let password = |source: &MysqlSource| source.password().map(|text| text.expose_secret().to_owned());
            prop_assert_eq!(password(&driver), password(&url));
            prop_assert_eq!(password(&url), Some(password_of(&text)));
            prop_assert_eq!((driver.user(), driver.address(), driver.database()), (url.user(), url.address(), url.database()));
        }
    }

    #[test]
    fn what_kine_reads_is_written_so_that_it_reads_the_same_again(text in data_source()) {
        if let Ok(source) = DataSource::parse(&text) {
            let view = source.as_kine_reads(&TlsFiles::default());
            let canonical = DataSource::parse(view.expose().expose_secret());
            let again = canonical.map(|source| source.as_kine_reads(&TlsFiles::default()));
            prop_assert_eq!(again.as_ref(), Ok(&view));
            prop_assert!(again.unwrap().is_same_place(&view));
        }
    }

    #[test]
    fn the_parts_of_a_secret_are_read_back_as_they_were(
        user in "\\PC{1,8}", password in "\\PC{1,12}", database in "\\PC{1,8}", mysql in any::<bool>(),
    ) {
        let keys = [("host", "db"), ("user", &user), ("password", &password), ("dbname", &database)];
        let keys = keys.map(|(key, value)| (key, SecretString::from(value)));
        let engine = if mysql { Engine::Mysql } else { Engine::Postgres };
        let read = match DataSource::from_secret_keys(keys, Some(engine)) {
            Ok(DataSource::Postgres(source)) => (source.user().map(str::to_owned), source.password().cloned(), source.database().map(str::to_owned)),
            Ok(DataSource::Mysql(source)) => (source.user().map(str::to_owned), source.password().cloned(), source.database().map(str::to_owned)),
            Ok(other) => return Err(TestCaseError::fail(other.to_string())),
            // A DSN has no encoding for a user, and a path none for a slash at its start.
            Err(_) => {
                prop_assert!(database.starts_with('/') || (mysql && user.contains([':', '/', '?', '(', ')'])), "{user:?} {database:?}");
                return Ok(());
            }
        };
        prop_assert_eq!(read.0, Some(user));
        prop_assert_eq!(read.1.map(|text| text.expose_secret().to_owned()), Some(password));
        prop_assert_eq!(read.2, Some(database));
    }

    #[test]
    fn no_key_of_a_secret_is_ever_shown(
        key in prop::sample::select(vec!["uri", "dsn", "host", "port", "user", "password", "dbname", "type", "database"]),
        place in 0..PLACES, value in password(), mysql in any::<bool>(),
    ) {
        let value = if (12..=14).contains(&place) { value } else { with_password(place, &value) };
        let keys = [("host", "db"), ("port", "1"), ("user", "u"), (key, value.as_str())];
        let keys = keys.map(|(key, value)| (key, SecretString::from(value)));
        let engine = if mysql { Engine::Mysql } else { Engine::Postgres };
        match DataSource::from_secret_keys(keys, Some(engine)) {
            Err(error) => prop_assert!(!format!("{error} {error:?}").contains(CANARY), "{}", error),
            // A user and a database are no secrets.
            Ok(source) if matches!(key, "password" | "uri" | "dsn") => {
                for shown in everything_shown(&source) {
                    prop_assert!(!shown.contains(CANARY), "{}", shown);
                }
            }
            Ok(_) => {}
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        for scheme in ["", "sqlite://", "postgres://", "mysql://", "https://"] {
            let text = format!("{scheme}{text}");
            let _ = DataSourceInput::parse(&text).map(|input| input.to_string());
            if let Ok(source) = DataSource::parse(&text) {
                everything_shown(&source);
            }
        }
    }

    #[test]
    fn no_password_is_ever_shown(place in 0..PLACES, password in password()) {
        let text = with_password(place, &password);
        let shown = match DataSource::parse(&text) {
            Ok(source) => everything_shown(&source),
            Err(error) => vec![error.to_string(), format!("{error:?}")],
        };
        for shown in shown {
            prop_assert!(!shown.contains(CANARY), "{}", shown);
        }
    }
}

#[test]
fn every_engine_is_among_what_the_properties_see() {
    for (text, engine) in [
        ("", Engine::Sqlite),
        ("sqlite://:memory:", Engine::Sqlite),
        ("postgres://kine@db:1/kine?sslmode=require", Engine::Postgres),
        ("mysql://kine@tcp(db:3306)/kine?tls=true&x", Engine::Mysql),
        ("https://[::1]:5432/", Engine::Etcd),
    ] {
        assert_eq!(DataSource::parse(text).unwrap().engine(), engine);
    }
}

#[test]
fn what_no_program_can_be_given_is_refused_before_it_is_read() {
    let fits = format!("postgres://db/kine?{}", "a=b&".repeat(32_000));
    assert!(DataSource::parse(&fits).is_ok());
    let error = DataSource::parse(&fits.repeat(2)).unwrap_err();
    assert_eq!(error.kind(), crate::ConfigErrorKind::InvalidDataSource);
    assert!(error.problem().contains("128 KiB"), "{error}");
}

use super::*;

const NO_FILES: fn() -> TlsFiles = TlsFiles::default;

fn files(ca: &str, cert: &str, key: &str) -> TlsFiles {
    let file = |path: &str| Some(path).filter(|path| !path.is_empty()).map(str::to_owned);
    TlsFiles { ca_file: file(ca), cert_file: file(cert), key_file: file(key) }
}

fn view(text: &str, tls: &TlsFiles) -> KineView {
    DataSource::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).as_kine_reads(tls)
}

fn alone(text: &str) -> KineView {
    view(text, &NO_FILES())
}

// Each row of the tables of PostgreSQL and MySQL was given to kine v0.16.4's own steps with pgx v5.10.0 and
// go-sql-driver v1.10.0, and agreed.

#[test]
fn postgres_databases_are_named_as_kine_names_them() {
    for (text, expected) in [
        ("postgres://h", Some("kubernetes")),
        ("postgres://h/", Some("kubernetes")),
        ("postgres://", Some("kubernetes")),
        ("postgres://h/Tenant1", Some("tenant1")),
        ("postgres://h/%C4%B0%C3%89%CE%A3", Some("i\u{e9}\u{3c3}")),
        ("postgres://h/My%20Db", Some("my db")),
        ("postgres://h//Db", Some("db")),
        ("postgres://h/%2FDb", Some("db")),
        ("postgres://h//", None),
        ("postgres://h/d?dbname=Up", Some("Up")),
        ("postgres://h/d?database=Up", Some("Up")),
        ("postgres://h/d?dbname=", None),
    ] {
        assert_eq!(alone(text).database(), expected, "{text}");
    }
}

#[test]
fn other_engines_keep_the_case_of_their_database() {
    assert_eq!(alone("mysql://tcp(h)/Tenant1").database(), Some("Tenant1"));
    assert_eq!(alone("mysql://tcp(h)/").database(), Some("kubernetes"));
    assert_eq!(alone("sqlite:///data/State.db").database(), None);
    assert_eq!(alone("https://h:2379").database(), None);
}

#[test]
fn addresses_have_their_ports() {
    let tcp = |host: &str, port| KineAddress::Tcp { host: host.to_owned(), port };
    let unix = |path: &str| KineAddress::Unix { path: path.to_owned() };
    for (text, expected) in [
        ("postgres://h/d", vec![tcp("h", 5432)]),
        ("postgres://a,b:5433/d", vec![tcp("a", 5433), tcp("b", 5433)]),
        ("postgres://[::1]/d", vec![tcp("::1", 5432)]),
        ("postgres:///d?host=/run/postgresql", vec![unix("/run/postgresql/.s.PGSQL.5432")]),
        ("postgres:///d?host=/run/,b&port=9", vec![unix("/run/.s.PGSQL.9"), tcp("b", 9)]),
        ("postgres:///d", vec![]),
        ("postgres://", vec![tcp("localhost", 5432)]),
        ("mysql://tcp(h)/d", vec![tcp("h", 3306)]),
        ("mysql:///d", vec![tcp("127.0.0.1", 3306)]),
        ("mysql://unix(/run/my.sock)/d", vec![unix("/run/my.sock")]),
        ("mysql://", vec![unix("/var/run/mysqld/mysqld.sock")]),
        ("https://a:1,https://b:2379", vec![tcp("a", 1), tcp("b", 2379)]),
        ("unix:///run/etcd.sock", vec![unix("/run/etcd.sock")]),
        ("sqlite:///data/state.db", vec![]),
    ] {
        assert_eq!(alone(text).addresses(), expected, "{text}");
    }
    let mixed = alone("postgres:///d?host=/run,b&port=9");
    assert_eq!(mixed.hosts().collect::<Vec<_>>(), [("b", 9)]);
    assert_eq!(mixed.socket(), Some("/run/.s.PGSQL.9"));
}

#[test]
fn the_role_of_a_kerberos_principal_is_its_user() {
    let view = alone("postgres://kine%40R.COM@h/d?krb5_keytab=/k&krbsrvname=p");
    assert_eq!(view.user(), Some("kine"));
    assert_eq!(view.param("krb5_keytab"), None);
    assert_eq!(view.param("krbsrvname"), Some("p"));
    assert_eq!(view.to_string(), "postgres://kine%40R.COM@h:5432/d?krb5_keytab=/k&krbsrvname=p");
    assert_eq!(alone("postgres://kine%40R.COM@h/d").user(), Some("kine@R.COM"));
}

#[test]
fn of_a_repeated_parameter_postgres_takes_the_first_and_mysql_the_last() {
    let view = alone("postgres://h/d?search_path=z&sslmode=require&search_path=a");
    let names: Vec<_> = view.params().iter().map(Param::name).collect();
    assert_eq!(names, ["search_path", "sslmode"]);
    assert_eq!(view.param("search_path"), Some("z"));
    let view = alone("mysql://tcp(h)/d?tls=true&sql_mode=a&sql_mode=b&tls=false");
    assert_eq!(view.param("sql_mode"), Some("b"));
    assert_eq!(view.tls(), KineTls::Disabled);
}

#[test]
fn files_are_added_to_postgres_and_verify_in_full() {
    for (text, tls, expected, mode) in [
        ("postgres://h/d", files("/ca", "", ""), "sslmode=verify-full&sslrootcert=/ca", KineTls::Verified),
        (
            "postgres://h/d",
            files("/ca", "/c", "/k"),
            "sslcert=/c&sslkey=/k&sslmode=verify-full&sslrootcert=/ca",
            KineTls::Verified,
        ),
        (
            "postgres://h/d?sslmode=require",
            files("/ca", "", ""),
            "sslmode=require&sslrootcert=/ca",
            KineTls::VerifiedAuthority,
        ),
        (
            "postgres://h/d?sslmode=disable",
            files("/ca", "", ""),
            "sslmode=disable&sslrootcert=/ca",
            KineTls::Disabled,
        ),
        ("postgres://h/d?sslmode=", files("/ca", "", ""), "sslmode=&sslrootcert=/ca", KineTls::Preferred),
        ("postgres://h/d?sslrootcert=/own", files("/ca", "", ""), "sslrootcert=/own", KineTls::Preferred),
        ("postgres://h/d", files("", "", ""), "", KineTls::Preferred),
    ] {
        let view = view(text, &tls);
        let query = view.to_string().split_once('?').map_or(String::new(), |(_, query)| query.to_owned());
        assert_eq!((query.as_str(), view.tls()), (expected, mode), "{text}");
        assert_eq!(view.ignores_tls_files(), text.contains("/own"), "{text}");
    }
}

#[test]
fn files_give_mysql_its_tls_unless_the_data_source_names_one() {
    for (params, without, with, ignored) in [
        ("", KineTls::Disabled, KineTls::Verified, false),
        ("?tls=false", KineTls::Disabled, KineTls::Verified, false),
        ("?tls=true", KineTls::Verified, KineTls::Verified, true),
        ("?tls=skip-verify", KineTls::Unverified, KineTls::Unverified, true),
        ("?tls=Preferred", KineTls::Preferred, KineTls::Preferred, true),
        ("?tls=1&allowFallbackToPlaintext=true", KineTls::Preferred, KineTls::Preferred, true),
        ("?allowFallbackToPlaintext=true", KineTls::Disabled, KineTls::Preferred, false),
    ] {
        let text = format!("mysql://u:p@tcp(h)/d{params}");
        assert_eq!(alone(&text).tls(), without, "{params}");
        let view = view(&text, &files("/ca", "", ""));
        assert_eq!((view.tls(), view.ignores_tls_files()), (with, ignored), "{params}");
        assert_eq!(view.tls_config_name(), Some("kine"), "{params}");
    }
    assert_eq!(alone("mysql://u:p@tcp(h)/d?tls=skip-verify").tls_config_name(), Some("skip-verify"));
    assert_eq!(alone("mysql://u:p@tcp(h)/d").tls_config_name(), None);
}

#[test]
fn kines_default_of_mysql_is_a_socket_and_with_a_file_an_address() {
    assert_eq!(alone("mysql://").to_string(), "mysql://root@unix(/var/run/mysqld/mysqld.sock)/kubernetes");
    let view = view("mysql://", &files("/ca", "", ""));
    assert_eq!(view.to_string(), "mysql://root@tcp(127.0.0.1:3306)/kubernetes");
}

#[test]
fn half_a_certificate_does_not_start_kine() {
    for (text, tls, refused) in [
        ("postgres://h/d", files("", "/c", ""), true),
        ("postgres://h/d", files("", "/c", "/k"), false),
        ("postgres://h/d?sslkey=/k", files("", "/c", ""), false),
        ("postgres://h/d?sslcert=/c", NO_FILES(), true),
        ("postgres://h/d?sslcert=/c&sslmode=disable", NO_FILES(), false),
        ("postgres:///d?host=/run&sslcert=/c", NO_FILES(), false),
        ("mysql://tcp(h)/d", files("/ca", "", "/k"), true),
        ("mysql://tcp(h)/d", files("/ca", "", ""), false),
        ("https://h:2379", files("/ca", "/c", ""), true),
        ("sqlite:///x.db", files("", "/c", ""), false),
    ] {
        assert_eq!(view(text, &tls).refusal().is_some(), refused, "{text}");
    }
}

#[test]
fn an_empty_sqlite_data_source_is_written_out() {
    let view = alone("");
    assert_eq!(view.file(), Some(Path::new("./db/state.db")));
    assert!(view.to_string().starts_with("sqlite://./db/state.db?_journal_mode=WAL&"), "{view}");
    assert_eq!(view.param("_synchronous"), Some("NORMAL"));
    assert_eq!(alone("sqlite://:memory:").file(), None);
    assert_eq!(alone("sqlite:///x.db?_sync=FULL").to_string(), "sqlite:///x.db?_sync=FULL");
    assert!(super::tests::view("sqlite:///x.db", &files("/ca", "", "")).ignores_tls_files());
}

#[test]
fn the_canonical_form_shows_no_password_and_means_the_same() {
    for (text, shown) in [
        (
            "postgresql://u:CANARY%40@DB.example.com/D?new=CANARY3&password=CANARY2",
            "postgres://u:***@DB.example.com:5432/d?new=***",
        ),
        ("postgres://:5433", "postgres://:5433/kubernetes"),
        ("postgres://[::1]/d?port=1", "postgres://[::1]:1/d"),
        ("postgres:///d?host=::1,/run/pg", "postgres:///d?host=::1,/run/pg&port=5432,5432"),
        ("postgres://h/d?dbname=Up", "postgres://h:5432/?dbname=Up"),
        ("postgres://h//", "postgres://h:5432/?dbname="),
        (
            "mysql://u:CANARY@tcp(::1)/my db?x=CANARY&tls=true",
            "mysql://u:***@tcp([::1]:3306)/my%20db?tls=true&x=***",
        ),
        ("https://a:1,https://b:2/", "https://a:1,https://b:2/"),
    ] {
        let view = alone(text);
        assert_eq!(view.to_string(), shown);
        assert!(!format!("{view:?}").contains("CANARY"), "{view:?}");
        assert_eq!(alone(view.expose().expose_secret()), view);
    }
    assert_eq!(alone("postgres://u:p%40@h/d").expose_password().unwrap().expose_secret(), "p@");
    assert!(alone("mysql://u:p@tcp(h)/d").has_password() && !alone("mysql://u:@tcp(h)/d").has_password());
}

#[test]
fn the_same_place_is_told_from_another() {
    for (one, two, same) in [
        ("postgres://u:p@db/D", "postgresql://v@DB.:5432/d?sslmode=require", true),
        ("postgres://db/d", "postgres://db:5433/d", false),
        ("postgres://db/d", "postgres://db/e", false),
        ("postgres://db", "postgres://db/kubernetes", true),
        ("postgres://[::1]/d", "postgres://[0:0::1]:5432/d", true),
        ("postgres://a,b/d", "postgres://a/d", true),
        ("postgres://a,b/d", "postgres://c,B./d", true),
        ("postgres://a,b/d", "postgres://c,d/d", false),
        ("postgres:///d", "postgres:///d?sslmode=require", true),
        ("postgres:///d", "postgres://a/d", false),
        ("sqlite:///data/db/../x.db", "sqlite:///data/x.db", false),
        ("sqlite://./x.db", "sqlite:///data//x.db", true),
        ("https://a:1,https://b:1", "https://b:1", true),
        ("postgres://db/d", "mysql://tcp(db:5432)/d", false),
        ("mysql://tcp(db)/D", "mysql://tcp(db)/d", false),
        ("sqlite:///a.db", "sqlite:///a.db?_sync=FULL", true),
        ("sqlite:///a.db", "sqlite:///b.db", false),
    ] {
        assert_eq!(alone(one).is_same_place(&alone(two)), same, "{one} {two}");
    }
}

#[test]
fn far_ends_are_the_hosts_that_are_not_this_machine() {
    for (text, expected) in [
        ("postgres://a,b:1,localhost,127.0.0.1:2/d", vec![("a", 1), ("b", 2)]),
        ("postgres:///d?host=/run/pg", vec![]),
        ("postgres://:5433/d", vec![]),
        ("mysql://u@tcp(2001:db8::1)/d", vec![("2001:db8::1", 3306)]),
        ("mysql://u@tcp(0.0.0.0)/d", vec![]),
        ("https://etcd-0:2379,unix:///run/e.sock", vec![("etcd-0", 2379)]),
        ("", vec![]),
    ] {
        assert_eq!(alone(text).far_ends().collect::<Vec<_>>(), expected, "{text}");
    }
}

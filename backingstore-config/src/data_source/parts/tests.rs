use super::*;

const CANARY: &str = "CANARYx7Qz";

fn read(keys: &[(&str, &str)], engine: Option<Engine>) -> Result<DataSource, ConfigError> {
    let keys = keys.iter().map(|(key, value)| (*key, SecretString::from(*value)));
    DataSource::from_secret_keys(keys, engine)
}

fn exposed(keys: &[(&str, &str)]) -> String {
    read(keys, None).unwrap_or_else(|error| panic!("{error}")).expose().expose_secret().to_owned()
}

fn fault(keys: &[(&str, &str)]) -> (ConfigErrorKind, String) {
    let error = read(keys, None).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    (error.kind(), error.subject().to_owned())
}

// The shapes below are those of the operators' own sources and documentation, with other values.

#[test]
fn a_secret_of_cloudnativepg_is_read() {
    let secret = [
        ("username", "app"),
        ("user", "app"),
        ("password", "p@ss/w"),
        ("dbname", "app"),
        ("host", "cluster-rw"),
        ("port", "5432"),
        ("pgpass", "cluster-rw:5432:app:app:p@ss/w\n"),
        ("uri", "postgresql://app:p%40ss%2Fw@cluster-rw.team:5432/app"),
        ("jdbc-uri", "jdbc:postgresql://cluster-rw.team:5432/app?password=p%40ss%2Fw&user=app"),
        ("fqdn-uri", "postgresql://app:p%40ss%2Fw@cluster-rw.team.svc.cluster.local:5432/app"),
    ];
    assert_eq!(exposed(&secret), "postgresql://app:p%40ss%2Fw@cluster-rw.team:5432/app");
    // Without the whole, as an older release or a copy by hand has it.
    let parts = &secret[..7];
    assert_eq!(exposed(parts), "postgres://app:p%40ss%2Fw@cluster-rw:5432/app");
}

#[test]
fn a_secret_of_crunchys_operator_is_read_past_its_pooler() {
    let secret = [
        ("user", "hippo"),
        ("password", "Ab^c}{:1"),
        ("verifier", "SCRAM-SHA-256$4096:x"),
        ("dbname", "hippo"),
        ("host", "hippo-primary.ns1.svc"),
        ("port", "5432"),
        ("uri", "postgresql://hippo:Ab%5Ec%7D%7B%3A1@hippo-primary.ns1.svc:5432/hippo"),
        ("pgbouncer-host", "hippo-pgbouncer.ns1.svc"),
        ("pgbouncer-uri", "postgresql://hippo:Ab%5Ec%7D%7B%3A1@hippo-pgbouncer.ns1.svc:5432/hippo"),
    ];
    let source = read(&secret, Some(Engine::Postgres)).unwrap();
    assert_eq!(source.to_string(), "postgresql://hippo:***@hippo-primary.ns1.svc:5432/hippo");
    let DataSource::Postgres(source) = source else { panic!() };
    assert_eq!(source.password().unwrap().expose_secret(), "Ab^c}{:1");
}

#[test]
fn a_secret_of_perconas_operator_is_read_although_its_password_is_encoded() {
    let secret = [
        ("host", "ps-cluster1-mysql-primary.default.svc"),
        ("port", "3306"),
        ("user", "root"),
        ("password", "w3_3ijSd)wulc.b};x@T?Rj"),
        ("uri", "mysql://root:w3_3ijSd%29wulc.b%7D%3Bx%40T%3FRj@ps-cluster1-mysql-primary.default.svc:3306"),
    ];
    let expected = "mysql://root:w3_3ijSd)wulc.b};x@T?Rj@tcp(ps-cluster1-mysql-primary.default.svc:3306)/";
    assert_eq!(exposed(&secret), expected);
    assert_eq!(exposed(&secret[4..]), expected, "from the `uri` alone");
}

#[test]
fn a_secret_of_mariadb_operator_is_read() {
    let secret = [
        ("dsn", "mariadb:p@ss:w/rd@tcp(mariadb.default.svc.cluster.local:3306)/mariadb?timeout=5s"),
        ("username", "mariadb"),
        ("password", "p@ss:w/rd"),
        ("host", "mariadb.default.svc.cluster.local"),
        ("port", "3306"),
        ("database", "mariadb"),
    ];
    assert_eq!(exposed(&secret), format!("mysql://{}", secret[0].1));
    assert_eq!(
        exposed(&secret[1..]),
        "mysql://mariadb:p@ss:w/rd@tcp(mariadb.default.svc.cluster.local:3306)/mariadb"
    );
}

#[test]
fn the_engine_is_found_by_the_plainest_sign() {
    let postgres = "postgres://u:p@h";
    let mysql = "mysql://u:p@tcp(h:";
    for (sign, expected) in [
        (("type", "postgresql"), format!("{postgres}/")),
        (("type", "MariaDB"), format!("{mysql}3306)/")),
        (("port", "5432"), format!("{postgres}:5432/")),
        (("port", "3306"), format!("{mysql}3306)/")),
        (("pgpass", "x"), format!("{postgres}/")),
        (("verifier", "x"), format!("{postgres}/")),
        (("jdbc-uri", "jdbc:mysql://h/d"), format!("{mysql}3306)/")),
        (("fqdn-jdbc-uri", "jdbc:postgresql://h/d"), format!("{postgres}/")),
    ] {
        assert_eq!(exposed(&[("host", "h"), ("user", "u"), ("password", "p"), sign]), expected, "{sign:?}");
    }
    let typed = [("host", "h"), ("port", "5432"), ("type", "mysql")];
    assert_eq!(exposed(&typed), "mysql://tcp(h:5432)/");
    assert_eq!(fault(&[("host", "h"), ("port", "6000")]).0, ConfigErrorKind::MissingSetting);
    assert_eq!(read(&[("host", "h")], Some(Engine::Mysql)).unwrap().engine(), Engine::Mysql);
    let kind = |engine| read(&[("host", "h")], Some(engine)).unwrap_err().kind();
    assert_eq!(kind(Engine::Sqlite), ConfigErrorKind::InvalidDataSource);
    for (uri, engine) in [
        ("postgres://h/d", Engine::Mysql),
        ("mysql://tcp(h)/d", Engine::Postgres),
        ("mysql://h", Engine::Postgres),
    ] {
        let error = read(&[("uri", uri), ("host", "h")], Some(engine)).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::InvalidDataSource, "{uri}");
    }
}

#[test]
fn each_form_of_a_host_is_written_for_its_engine() {
    for (host, port, postgres, mysql) in [
        ("h", "", "postgres://h/", "mysql://tcp(h:3306)/"),
        ("h:1", "", "postgres://h:1/", "mysql://tcp(h:1)/"),
        ("h:1", "1", "postgres://h:1/", "mysql://tcp(h:1)/"),
        ("::1", "2", "postgres://[::1]:2/", "mysql://tcp([::1]:2)/"),
        ("[::1]:2", "", "postgres://[::1]:2/", "mysql://tcp([::1]:2)/"),
        ("/run/my db", "3", "postgres:///?host=/run/my%20db&port=3", "mysql://unix(/run/my db)/"),
    ] {
        for (engine, expected) in [(Engine::Postgres, postgres), (Engine::Mysql, mysql)] {
            let source = read(&[("host", host), ("port", port)], Some(engine)).unwrap();
            assert_eq!(source.expose().expose_secret(), expected);
        }
    }
    for (keys, subject) in [
        ([("host", "h:1"), ("port", "2")], "Secret key `port`"),
        ([("host", "h"), ("port", "CANARYx7Qz")], "Secret key `port`"),
        ([("host", "CANARYx7Qz h"), ("port", "5432")], "Secret key `host`"),
        ([("host", "u:CANARYx7Qz@h"), ("port", "5432")], "Secret key `host`"),
        ([("host", ":5432"), ("port", "5432")], "Secret key `host`"),
    ] {
        assert_eq!(fault(&keys), (ConfigErrorKind::InvalidDataSource, subject.to_owned()), "{keys:?}");
    }
}

#[test]
fn what_the_whole_lacks_is_filled_in() {
    let rest = [("user", "u@R"), ("password", "p:/?#@%"), ("dbname", "My db")];
    for (whole, expected) in [
        ("postgres://h", "postgres://u%40R:p%3A%2F%3F%23%40%25@h/My%20db"),
        (
            "postgresql://h:1/?sslmode=require",
            "postgresql://u%40R:p%3A%2F%3F%23%40%25@h:1/My%20db?sslmode=require",
        ),
        ("postgres://u%40R@h/My%20db", "postgres://u%40R:p%3A%2F%3F%23%40%25@h/My%20db"),
        ("mysql://tcp(h)/?tls=true", "mysql://u@R:p:/?#@%@tcp(h)/My%20db?tls=true"),
        ("mysql://u@R@tcp(h)/My db", "mysql://u@R:p:/?#@%@tcp(h)/My%20db"),
        ("mysql://h:3307/", "mysql://u@R:p:/?#@%@tcp(h:3307)/My%20db"),
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("https://etcd:2379", "https://etcd:2379"),
    ] {
        let keys: Vec<_> = [("uri", whole)].into_iter().chain(rest).collect();
        let source = exposed(&keys);
        // A part that is there already is left as it is written.
        let source = source.replace("/My db", "/My%20db");
        assert_eq!(source, expected, "{whole}");
    }
}

#[test]
fn keys_that_contradict_each_other_are_refused_by_name() {
    for (keys, subject) in [
        (vec![("user", "a"), ("username", "CANARYx7Qz"), ("host", "h")], "Secret key `username`"),
        (vec![("dbname", "a"), ("database", "CANARYx7Qz"), ("host", "h")], "Secret key `database`"),
        (vec![("uri", "postgres://u:CANARYx7Qz@h/d"), ("password", "p")], "Secret key `password`"),
        (vec![("uri", "postgres://u:p@h/d"), ("user", "CANARYx7Qz")], "Secret key `user`"),
        (vec![("uri", "mysql://u:p@tcp(h)/d"), ("database", "CANARYx7Qz")], "Secret key `dbname`"),
    ] {
        let (kind, found) = fault(&keys);
        assert_eq!((kind, found.as_str()), (ConfigErrorKind::InvalidDataSource, subject), "{keys:?}");
    }
}

#[test]
fn what_a_dsn_cannot_carry_is_refused_and_a_url_carries_all() {
    for user in ["CANARYx7Qz:", "a/CANARYx7Qz", "CANARYx7Qz(", "?CANARYx7Qz", "CANARYx7Qz)"] {
        let keys = [("host", "h"), ("port", "3306"), ("user", user), ("password", "p")];
        let expected = (ConfigErrorKind::InvalidDataSource, "Secret key `user`".to_owned());
        assert_eq!(fault(&keys), expected, "{user}");
        let keys = [("host", "h"), ("port", "5432"), ("user", user), ("password", user), ("dbname", user)];
        let Ok(DataSource::Postgres(source)) = read(&keys, None) else { panic!("{user}") };
        assert_eq!(source.user(), Some(user));
        assert_eq!(source.password().unwrap().expose_secret(), user);
    }
    // pgx takes slashes off the front of a path.
    let keys = [("host", "h"), ("port", "5432"), ("dbname", "/CANARYx7Qz")];
    assert_eq!(fault(&keys).1, "Secret key `dbname`");
    let keys = [("host", "h"), ("port", "5432"), ("user", "u"), ("password", "CANARYx7Qz\0")];
    assert_eq!(fault(&keys).1, "Secret key `password`");
}

#[test]
fn a_whole_of_another_library_is_answered_with_the_right_form() {
    for (uri, right) in [
        ("jdbc:postgresql://h:5432/d?user=u&password=CANARYx7Qz", "postgres://"),
        ("postgresql+psycopg://u:CANARYx7Qz@h/d", "postgres://"),
        ("mysql+pymysql://u:CANARYx7Qz@h/d", "mysql://"),
    ] {
        let error = read(&[("uri", uri)], None).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ConfigErrorKind::UnknownScheme, "Secret key `uri`"));
        assert!(error.help().contains(right), "{error}");
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
}

#[test]
fn a_whole_that_is_refused_is_not_passed_over_for_its_parts() {
    let parts = [("host", "h"), ("port", "3306"), ("user", "u"), ("password", "CANARYx7Qz")];
    for uri in [
        "mysql://u:CANARYx7Qz@tcp(h)/d?tls=no-such-name",
        "mysql://u:CANARYx7Qz@h:3306/d?ssl-mode=%zz",
        "postgres://u:CANARYx7Qz@h/d?sslmode=no-mode",
    ] {
        let keys: Vec<_> = [("uri", uri)].into_iter().chain(parts).collect();
        assert_eq!(
            fault(&keys),
            (ConfigErrorKind::InvalidDataSource, "Secret key `uri`".to_owned()),
            "{uri}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    for keys in [
        vec![],
        vec![("tls.crt", "CANARYx7Qz")],
        vec![("user", "u"), ("password", "CANARYx7Qz")],
        vec![("uri", ""), ("host", "\n")],
        vec![("host", "h"), ("port", "5432"), ("password", "CANARYx7Qz")],
        vec![("uri", "postgres://h/d"), ("password", "CANARYx7Qz")],
    ] {
        assert_eq!(fault(&keys), (ConfigErrorKind::MissingSetting, "Secret".to_owned()), "{keys:?}");
    }
}

#[test]
fn one_newline_at_the_end_of_a_value_is_no_part_of_it() {
    let keys = [("host", "h\n"), ("port", "5432\r\n"), ("user", "u\n"), ("password", "p\n\n")];
    assert_eq!(exposed(&keys), "postgres://u:p%0A@h:5432/");
}

#[test]
fn a_password_with_a_bare_slash_in_a_plain_url_is_refused_and_not_shown_as_the_database() {
    for url in ["mysql://u:@h:3306/CANARYx7Qz@db:3306/d", "mysql://u:@h/CANARYx7Qz/d"] {
        assert_eq!(fault(&[("url", url)]).0, ConfigErrorKind::InvalidDataSource, "{url}");
    }
    let jdbc = "jdbc:mysql://db/d?user=u&password=p@tcp(x)/CANARYx7Qz";
    assert_eq!(fault(&[("uri", jdbc)]).0, ConfigErrorKind::UnknownScheme);
}

//! Data sources of the pieces that theirs are made of, right and wrong ones.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

pub(super) fn mysql(count: usize) -> Vec<String> {
    generate(&mysql_dsn(), count)
}

pub(super) fn postgres(count: usize) -> Vec<String> {
    generate(&postgres_url(), count)
}

fn generate(strategy: &impl Strategy<Value = String>, count: usize) -> Vec<String> {
    let mut runner = TestRunner::default();
    let one = |_| strategy.new_tree(&mut runner).expect("no value is filtered out").current();
    (0..count).map(one).collect()
}

fn select(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(texts).prop_map(str::to_owned)
}

/// Mostly what the first gives, now and then what the second does.
fn mostly(
    usual: impl Strategy<Value = String> + 'static,
    odd: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = String> {
    prop_oneof![5 => usual, 1 => odd]
}

/// `a` and `b` with `between` between them; without `b` half of the time.
fn list(
    item: impl Strategy<Value = String>,
    between: &'static str,
    most: usize,
) -> impl Strategy<Value = String> {
    prop::collection::vec(item, 0..=most).prop_map(move |items| items.join(between))
}

fn mysql_dsn() -> impl Strategy<Value = String> {
    let user =
        mostly(select(&["kine@", "kine:", "kine:s3cret@", "root:@", "@", ":@", ""]), "[a-c:@/?()%]{0,6}@");
    let password = mostly(select(&["", "", "p@", "p@ss:w/rd@", "a/b?c=d@"]), "[a-c:@/?()%#+ \u{e9}]{0,8}@");
    let net = mostly(
        select(&["tcp", "tcp", "unix", "", "tcp4", "tcp6"]),
        select(&["udp", "TCP", "h", "tcp)", "\u{e9}"]),
    );
    let address = mostly(
        select(&[
            "",
            "()",
            "(db)",
            "(db:3306)",
            "(db.example.com:3307)",
            "(127.0.0.1)",
            "([::1]:3306)",
            "(::1)",
            "(:3306)",
            "(/run/my.sock)",
            "(fe80::1%eth0)",
            "([fe80::1%25eth0]:1)",
            "([db]:3306)",
        ]),
        select(&[
            "(db:)",
            "(db:0)",
            "(db:x)",
            "([::1])",
            "(db",
            "db)",
            "(db)x",
            "(a:b:c)",
            "(d b)",
            "(db:65536)",
            "((db))",
            "(db:+1)",
        ]),
    );
    let database = mostly(
        select(&["/", "/kine", "/k%69ne", "/a%2Fb", "/a+b"]),
        select(&["", "/%zz", "/a@b", "/a(b", "/%ff", "//", "/\u{e9}"]),
    );
    let query = prop_oneof![
        1 => Just(String::new()),
        3 => list(mysql_param(), "&", 3).prop_map(|params| format!("?{params}")),
    ];
    prop_oneof![
        8 => (user, password, net, address, database, query)
            .prop_map(|(user, password, net, address, database, query)| format!("{user}{password}{net}{address}{database}{query}")),
        1 => plain_url(),
        1 => "[a-c:@/?()&=%.\\[\\]0-9-]{0,16}",
    ]
    // kine does not give the driver an empty one.
    .prop_map(|dsn| if dsn.is_empty() { "/".to_owned() } else { dsn })
}

fn plain_url() -> impl Strategy<Value = String> {
    let login = select(&["", "kine@", "kine:p@", "kine:a%40b@", "kine:a:b@", "@", "kine:@", "a@b@"]);
    let host = select(&[
        "db",
        "db:3306",
        "db:0",
        "10.0.0.1:3306",
        "[::1]:3306",
        "[::1]",
        "tcp:1",
        "a,b",
        "db:x",
        "d_b",
    ]);
    let rest = select(&["/kine", "/", "", "/a/b", "/d?x=a/b", "/d?tls=true", "/d?x=a@b", "/d#x"]);
    (login, host, rest).prop_map(|(login, host, rest)| format!("{login}{host}{rest}"))
}

fn mysql_param() -> impl Strategy<Value = String> {
    let switch = mostly(
        select(&["1", "0", "true", "false", "TRUE", "FALSE", "True", "False"]),
        select(&["", "yes", "tRUE", "%31", "2"]),
    );
    let switch_name = select(&[
        "allowAllFiles",
        "allowCleartextPasswords",
        "allowFallbackToPlaintext",
        "allowNativePasswords",
        "allowOldPasswords",
        "checkConnLiveness",
        "clientFoundRows",
        "columnsWithAlias",
        "compress",
        "interpolateParams",
        "multiStatements",
        "parseTime",
        "rejectReadOnly",
    ]);
    let duration_name = select(&["timeout", "readTimeout", "writeTimeout", "timeTruncate"]);
    let duration = mostly(
        "[+-]?([0-9]{1,3}(\\.[0-9]{0,12})?(ns|us|\u{b5}s|\u{3bc}s|ms|s|m|h)){1,3}",
        "[+-]?[0-9]{0,20}\\.?[0-9]{0,22}(ns|us|s|h|d|S)?",
    );
    let other = select(&[
        "maxAllowedPacket=0",
        "maxAllowedPacket=+1024",
        "maxAllowedPacket=-1",
        "maxAllowedPacket=64M",
        "maxAllowedPacket=9223372036854775807",
        "maxAllowedPacket=9223372036854775808",
        "charset=utf8mb4,utf8",
        "charset=100%",
        "charset=",
        "collation=utf8mb4_bin",
        "collation=gbk_bin",
        "collation=",
        "loc=UTC",
        "loc=Local",
        "loc=Europe%2FLondon",
        "loc=Etc%2FGMT%2B1",
        "loc=Nowhere%2FAtAll",
        "loc=..%2Fetc",
        "loc=%2Fetc",
        "loc=",
        "tls=true",
        "tls=false",
        "tls=skip-verify",
        "tls=Preferred",
        "tls=%74rue",
        "tls=%54rue",
        "tls=custom",
        "tls=kine",
        "tls=",
        "tls=%zz",
        "serverPubKey=",
        "serverPubKey=key",
        "connectionAttributes=a:b,c%2Cd:e",
        "connectionAttributes=%",
        "strict=true",
        "sql_mode=%27ANSI%27",
        "time_zone=%27Europe%2FParis%27",
        "autocommit=1",
        "x=%zz",
        "x=%ff",
        "x=a+b",
        "%78=y",
        "=y",
        "x",
        "",
        "Timeout=5",
        "a b=c=d",
    ]);
    prop_oneof![
        2 => (switch_name, switch).prop_map(|(name, value)| format!("{name}={value}")),
        2 => (duration_name, duration).prop_map(|(name, value)| format!("{name}={value}")),
        3 => other,
    ]
}

fn postgres_url() -> impl Strategy<Value = String> {
    let scheme = select(&["postgres://", "postgresql://"]);
    let login = mostly(
        select(&[
            "",
            "kine@",
            "kine:s3cret@",
            "kine:@",
            ":p@",
            "@",
            "k%69ne:p%40s%2Fs@",
            "kine%40REALM@",
            "kine@REALM@",
        ]),
        "[a-c:@%!$&'()*+,;=~^#? \\[\\]<\u{e9}-]{0,6}@",
    );
    let hosts = mostly(list(postgres_host(), ",", 3), "[a-c:,.%@\\[\\]0-9-]{0,8}");
    let path = mostly(
        select(&["", "/", "/kine", "/my%20db", "//kine", "/a+b"]),
        select(&["/a/b", "/%zz", "/%ff", "/a@b", "/a:b", "/\u{e9}"]),
    );
    let query = prop_oneof![
        1 => Just(String::new()),
        3 => list(postgres_param(), "&", 3).prop_map(|params| format!("?{params}")),
    ];
    (scheme, login, hosts, path, query)
        .prop_map(|(scheme, login, hosts, path, query)| format!("{scheme}{login}{hosts}{path}{query}"))
        // For a scheme alone kine takes its own default, and gives pgx that.
        .prop_map(|url| if url.ends_with("://") { url + "/" } else { url })
}

fn postgres_host() -> impl Strategy<Value = String> {
    mostly(
        select(&["db", "db:5432", "db.example.com:5433", "127.0.0.1", "10.0.0.1:5432"]),
        select(&[
            "[::1]",
            "[::1]:5433",
            "[fe80::1%25eth0]:1",
            "[fe80::1%25eth0]",
            "::1",
            "[db]",
            "[127.0.0.1]",
            ":5433",
            "db:",
            "db:0",
            "db:x",
            "db:65536",
            "%2Frun",
            "d_b",
            "d~b",
            "d!b",
            "",
        ]),
    )
}

fn postgres_param() -> impl Strategy<Value = String> {
    let usual = select(&[
        "sslmode=disable",
        "sslmode=allow",
        "sslmode=prefer",
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
        "sslrootcert=system",
        "sslnegotiation=direct",
        "sslnegotiation=postgres",
        "sslsni=0",
        "host=/run/postgresql",
        "host=a,b",
        "host=10.0.0.9",
        "port=5433",
        "port=1,2",
        "user=other",
        "user=kine%40REALM",
        "password=p%26q",
        "dbname=other",
        "database=another",
        "connect_timeout=10",
        "connect_timeout=0",
        "target_session_attrs=read-write",
        "target_session_attrs=any",
        "channel_binding=require",
        "require_auth=scram-sha-256,gss",
        "require_auth=!md5",
        "min_protocol_version=3.2",
        "max_protocol_version=latest",
        "default_query_exec_mode=exec",
        "statement_cache_capacity=0",
        "description_cache_capacity=5",
        "krbsrvname=postgres",
        "krbspn=postgres/db@REALM",
        "krb5_keytab=/etc/krb5.keytab",
        "krb5_ccache",
        "application_name=a+b",
        "search_path=a%2Cb",
        "timezone=UTC",
        "serial_normalization=sql_sequence",
        "a=b=c",
        "a",
        "",
        "%61=b",
    ]);
    let odd = select(&[
        "sslmode=",
        "sslmode=Disable",
        "sslmode=verify",
        "sslkey=/nowhere",
        "port=0",
        "port=x",
        "port=",
        "port=+1",
        "port=1,",
        "host=",
        "host=,",
        "host=a%20b",
        "user=",
        "password=",
        "dbname=",
        "connect_timeout=-1",
        "connect_timeout=10s",
        "connect_timeout=",
        "connect_timeout=+5",
        "target_session_attrs=",
        "target_session_attrs=prefer-primary",
        "channel_binding=",
        "channel_binding=always",
        "require_auth=",
        "require_auth=md5,!gss",
        "require_auth=md5,md5",
        "require_auth=plain",
        "min_protocol_version=3.1",
        "max_protocol_version=3.0",
        "default_query_exec_mode=fast",
        "default_query_exec_mode=",
        "statement_cache_capacity=x",
        "statement_cache_capacity=-1",
        "statement_cache_capacity=2147483648",
        "a;b",
        "a=%zz",
        "a=%ff",
        "a b=c",
        "a=b@c",
        "=b",
    ]);
    mostly(usual, odd)
}

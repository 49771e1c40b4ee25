//! The platform's values, data sources by themselves, and changes: exactly these codes are said.

pub(super) const PLATFORM: &[(&str, &str, &[&str])] = &[
    ("its own database", "replicaCount: 3\nconfig: {costControl: {enabled: true}}", &[]),
    (
        "a connector of a tenant means nothing to it",
        "config: {database: {enabled: true, dataSource: 'mysql://kine@tcp(mysql.example.com)/kine?tls=true', identityProvider: aws}, costControl: {enabled: false}}",
        &[],
    ),
    (
        "cost control that is not mentioned",
        "config: {database: {enabled: true, dataSource: 'postgres://kine@pg.example.com/kine', caFile: /ca}}",
        &[],
    ),
    (
        "kerberos with its variables as a mapping",
        "config: {database: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/kine?krb5_keytab=/etc/kine-keytab/krb5.keytab'}}\nenv: {KRB5_CONFIG: /etc/kine-keytab/krb5.conf}\nvolumes: [{name: k, secret: {secretName: k}}]\nvolumeMounts: [{name: k, mountPath: /etc/kine-keytab}]",
        &[],
    ),
    (
        "kerberos without its mount and its variable",
        "config: {database: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/kine?krb5_keytab=/etc/kine-keytab/krb5.keytab'}}\nenv: {OTHER: x}",
        &["keytab-not-mounted", "krb5-config-missing"],
    ),
    (
        "several regions in full",
        "multiRegion: {enabled: true, host: eu.example.com, region: eu}\nconfig: {database: {enabled: true, dataSource: 'mysql://kine@tcp(mysql.example.com)/kine?tls=true', identityProvider: aws}}",
        &[],
    ),
    ("regions that are off", "multiRegion: {enabled: false, host: eu.example.com}", &[]),
    (
        "a data source that is not enabled",
        "config: {database: {dataSource: 'mysql://kine@tcp(mysql.example.com)/kine?tls=true'}}",
        &["store-not-enabled"],
    ),
    ("a database without its place", "config: {database: {enabled: true}}", &["store-incomplete"]),
    (
        "a connector that it does not have",
        "config: {database: {enabled: true, connector: c, dataSource: 'mysql://kine@tcp(mysql.example.com)/kine'}}",
        &["unknown-key"],
    ),
    (
        "a file that no volume keeps",
        "config: {database: {enabled: true, dataSource: 'sqlite://state.db'}}",
        &["external-database-in-a-file"],
    ),
];

pub(super) const SOURCES: &[(&str, &[&str])] = &[
    ("", &[]),
    ("sqlite://state.db?_journal=WAL&_jurnal=WAL", &["unknown-parameter"]),
    ("postgres://u:p@pg.example.com/d?sslmode=require", &[]),
    ("postgres://u:p@pg.example.com/d", &[]),
    ("postgres://u:p@localhost/d?sslmode=disable", &[]),
    ("postgres://u:p@pg.example.com/d?sslmode=disable", &["database-in-clear-text"]),
    ("postgres://u:p@pg.example.com/d?search_path=kine&statement_timeout=1000", &[]),
    ("postgres://u:p@pg.example.com/d?work_mem=64MB", &["unknown-parameter"]),
    ("postgres://u:p@pg.example.com/d?keepalives=1", &["libpq-only-parameter"]),
    ("postgres://u:p@pg.example.com/d?sslmode=require&sslmode=disable", &["repeated-parameter"]),
    ("postgres://u:p@pg.example.com/Db", &["database-name-lowered"]),
    ("postgres://u%40R@pg.example.com/d?krb5_keytab=/k", &[]),
    ("postgres://pg.example.com/d?krb5_keytab=/k", &["kerberos-login-invalid"]),
    ("postgres://u@R@pg.example.com/d?krb5_ccache", &["kerberos-principal-bare-at"]),
    ("postgres://u%40R@pg/d?krb5_keytab=/k", &["kerberos-host"]),
    ("postgres://u%40R@pg/d?krb5_keytab=/k&krbspn=postgres/pg.example.com", &[]),
    ("mysql://u:p@tcp(mysql.example.com)/d", &[]),
    ("mysql://u:p@tcp(127.0.0.1)/d?tls=false", &[]),
    ("mysql://u:p@tcp(mysql.example.com)/d?tls=false", &["database-in-clear-text"]),
    ("mysql://u:p@tcp(mysql.example.com)/d?tls=true&tls=preferred", &["repeated-parameter"]),
    ("mysql://u:p@mysql.example.com/d", &["mysql-url"]),
    ("mysql://u@tcp(mysql.example.com)/d?krb5_keytab=k", &["kerberos-on-mysql"]),
    ("https://etcd.example.com:2379", &[]),
    ("mysql://u:p@tcp(h)", &["invalid-data-source"]),
    ("redis://h", &["unknown-scheme"]),
    ("nats://h", &["unsupported-scheme"]),
];

pub(super) const CHANGES: &[(&str, &str, &str, &[&str])] = &[
    (
        "the same store with other users and parameters",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com/d'}}}}",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgresql://v@PG.example.com:5432/D?application_name=x', caFile: /ca}}}}",
        &["database-name-lowered"],
    ),
    (
        "deployed to embedded etcd with its data",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}}",
        "controlPlane: {backingStore: {etcd: {embedded: {enabled: true, migrateFromDeployedEtcd: true}}}}",
        &[],
    ),
    (
        "deployed to embedded etcd without its data",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}}",
        "controlPlane: {backingStore: {etcd: {embedded: {enabled: true}}}}",
        &["store-change-discards-state"],
    ),
    (
        "to another connector",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: a}}}}",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: b}}}}",
        &["store-change-refused"],
    ),
    (
        "to a config whose store cannot be told",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}}",
        "controlPlane: {backingStore: {database: {external: {enabled: true}}}}",
        &["store-incomplete"],
    ),
];

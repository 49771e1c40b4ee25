//! The traps that users fall into, each by its own words.

/// The known traps, each with the code that names it.
pub(super) const TRAPS: &[(&str, &str, &str)] = &[
    (
        "more than one store enabled",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true}}, etcd: {embedded: {enabled: true}}}}",
        "several-stores",
    ),
    (
        "more than one store enabled with a claim that hides it from the chart",
        "controlPlane: {statefulSet: {persistence: {volumeClaim: {enabled: true}}}, backingStore: {database: {embedded: {enabled: true}, external: {enabled: true, connector: c}}}}",
        "several-stores",
    ),
    (
        "connector with data source",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, dataSource: 'mysql://u@tcp(h)/d'}}}}",
        "connector-with-data-source",
    ),
    (
        "connector with data source as an endpoint among the extra arguments",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, extraArgs: ['--endpoint=mysql://u@tcp(h)/d']}}}}",
        "connector-with-data-source",
    ),
    (
        "connector without enabled true",
        "controlPlane: {backingStore: {database: {external: {connector: c}}}}",
        "store-not-enabled",
    ),
    (
        "data source without enabled true",
        "controlPlane: {backingStore: {database: {external: {enabled: false, dataSource: 'mysql://u@tcp(h)/d'}}}}",
        "store-not-enabled",
    ),
    (
        "endpoint among the extra arguments without enabled true",
        "controlPlane: {backingStore: {database: {external: {extraArgs: ['--endpoint', 'mysql://u@tcp(h)/d']}}}}",
        "store-not-enabled",
    ),
    ("nothing enabled", "", "nothing-enabled"),
    (
        "nothing enabled since embedded is disabled",
        "controlPlane: {backingStore: {database: {embedded: {enabled: false}}}}",
        "nothing-enabled",
    ),
    (
        "external enabled with neither",
        "controlPlane: {backingStore: {database: {external: {enabled: true}}}}",
        "store-incomplete",
    ),
    (
        "identity provider unknown",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@h/d', identityProvider: gcp}}}}",
        "identity-provider-unknown",
    ),
    (
        "identity provider unknown among the extra arguments",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@h/d', extraArgs: [--identity-provider=gcp]}}}}",
        "identity-provider-unknown",
    ),
    (
        "identity provider with a password in the data source",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u:p@h/d', identityProvider: aws}}}}",
        "identity-provider-with-password",
    ),
    (
        "identity provider with a password among the parameters",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@h/d?password=p', identityProvider: aws}}}}",
        "identity-provider-with-password",
    ),
    (
        "identity provider on an embedded store",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true, identityProvider: aws}}}}",
        "identity-provider-on-embedded-database",
    ),
    (
        "mysql with the aws identity and no verified tls",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(h)/d', identityProvider: aws}}}}",
        "identity-provider-without-verified-tls",
    ),
    (
        "mysql with the aws identity and tls that verifies nothing in spite of a ca file",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(h)/d?tls=skip-verify', identityProvider: aws, caFile: /ca}}}}",
        "identity-provider-without-verified-tls",
    ),
    (
        "kerberos on mysql",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(h)/d?krbsrvname=mysql'}}}}",
        "kerberos-on-mysql",
    ),
    (
        "kerberos through a connector",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c}}}, statefulSet: {env: [{name: KRB5_CONFIG, value: /etc/krb5.conf}]}}",
        "kerberos-with-connector",
    ),
    (
        "kerberos in a data source beside a connector",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/k'}}}}",
        "kerberos-with-connector",
    ),
    (
        "kerberos with an image whose kine lacks it",
        "controlPlane: {distro: {k8s: {image: {tag: v1.35.7}}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/k'}}}}",
        "kerberos-image",
    ),
    (
        "kerberos with a fips image whose kine lacks it",
        "controlPlane: {distro: {k8s: {version: v1.36.3-fips}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/k'}}}}",
        "kerberos-image",
    ),
    (
        "kerberos with an image whose kine may lack it",
        "controlPlane: {distro: {k8s: {image: {tag: v1.36.0}}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/k'}}}}",
        "kerberos-image-uncertain",
    ),
    (
        "a principal with a bare at",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@R@pg.example.com/d?krb5_keytab=/k'}}}}",
        "kerberos-principal-bare-at",
    ),
    (
        "certificate without key",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(h)/d', certFile: /c}}}}",
        "certificate-without-key",
    ),
    (
        "key without certificate",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, keyFile: /k}}}}",
        "certificate-without-key",
    ),
    (
        "certificate without key among the parameters",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@h/d?sslmode=require&sslcert=/c'}}}}",
        "certificate-without-key",
    ),
    (
        "replicas above 1 on an embedded database",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true}}}, statefulSet: {highAvailability: {replicas: 2}}}",
        "replicas-on-embedded-database",
    ),
    (
        "replicas above 1 on the embedded database that nothing enabled means",
        "controlPlane: {statefulSet: {highAvailability: {replicas: 3}}}",
        "replicas-on-embedded-database",
    ),
    (
        "an even number of etcd replicas deployed",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true, statefulSet: {highAvailability: {replicas: 4}}}}}}",
        "etcd-replicas-even",
    ),
    (
        "an even number of etcd replicas embedded",
        "controlPlane: {backingStore: {etcd: {embedded: {enabled: true}}}, statefulSet: {highAvailability: {replicas: 2}}}",
        "etcd-replicas-even",
    ),
    (
        "a keytab path that no volume mounts",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/etc/kine/k'}}}, statefulSet: {persistence: {addVolumeMounts: [{name: k, mountPath: /etc/kine-keytab}]}}}",
        "keytab-not-mounted",
    ),
    (
        "a keytab path with the prefix that kine keeps",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=FILE:/k'}}}, statefulSet: {persistence: {addVolumes: [{name: k}], addVolumeMounts: [{name: k, mountPath: /k}]}}}",
        "keytab-not-mounted",
    ),
    (
        "krb5_config missing from env",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/k'}}}, statefulSet: {env: [{name: KRB5_CONFIG}]}}",
        "krb5-config-missing",
    ),
    (
        "a kerberos host that is an address",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@[2001:db8::1]/d?krb5_keytab=/k'}}}}",
        "kerberos-host",
    ),
    (
        "a kerberos host that is a short name",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com,pg2/d?krb5_keytab=/k'}}}}",
        "kerberos-host",
    ),
    (
        "etcd external without its three tls files",
        "controlPlane: {backingStore: {etcd: {external: {enabled: true, endpoint: 'e:2379', tls: {caFile: /ca, certFile: /c}}}}}",
        "external-etcd-without-tls",
    ),
    (
        "etcd external with http",
        "controlPlane: {backingStore: {etcd: {external: {enabled: true, endpoint: 'http://e:2379', tls: {caFile: /ca, certFile: /c, keyFile: /k}}}}}",
        "external-etcd-endpoint",
    ),
    (
        "etcd external with a list",
        "controlPlane: {backingStore: {etcd: {external: {enabled: true, endpoint: 'a:2379,b:2379', tls: {caFile: /ca, certFile: /c, keyFile: /k}}}}}",
        "external-etcd-endpoint",
    ),
    (
        "an embedded database whose data source names another engine",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true, dataSource: 'mysql://u@tcp(h)/d'}}}}",
        "embedded-database-elsewhere",
    ),
    (
        "a network policy that lets no traffic out to the databases host",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@10.0.1.5/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{to: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 5432}]}]}}}",
        "network-policy-blocks-store",
    ),
    (
        "a network policy that lets no traffic out to the databases port",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(db.example.com)/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 5432}]}]}}}",
        "network-policy-blocks-store",
    ),
    (
        "a network policy that lets udp out to the databases port",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(db.example.com)/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{ports: [{port: 3306, protocol: UDP}]}]}}}",
        "network-policy-blocks-store",
    ),
    (
        "a network policy that leaves the databases address out of a block",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@10.0.1.5/d'}}}}\npolicies: {networkPolicy: {enabled: true, extraControlPlaneRules: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.1.0/24]}}]}]}}",
        "network-policy-blocks-store",
    ),
    (
        "a network policy that lets no traffic out to one of several hosts",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@10.0.1.5,10.0.2.5/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{to: [{ipBlock: {cidr: 10.0.1.0/24}}]}]}}}",
        "network-policy-blocks-store",
    ),
    (
        "a network policy that lets no traffic out to an external etcd",
        "controlPlane: {backingStore: {etcd: {external: {enabled: true, endpoint: 'etcd.example.com:2379', tls: {caFile: /ca, certFile: /c, keyFile: /k}}}}}\npolicies: {networkPolicy: {enabled: true}}",
        "network-policy-blocks-store",
    ),
    (
        "idle connections 0",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, extraArgs: [--datastore-max-idle-connections, '0']}}}}",
        "idle-connections-zero",
    ),
    (
        "sslmode disable off loopback",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@localhost,pg/d?sslmode=disable'}}}}",
        "database-in-clear-text",
    ),
    (
        "a data source in clear text in values",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u:p@h/d'}}}}",
        "data-source-in-values",
    ),
    (
        "a data source in clear text in values among the extra arguments",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true, extraArgs: ['--endpoint=mysql://u:p@tcp(h)/d']}}}}",
        "data-source-in-values",
    ),
    (
        "a connector beside an embedded database that is enabled",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true}, external: {connector: c}}}}",
        "store-not-used",
    ),
    (
        "a keytab of the environment that no volume mounts, in an image without Kerberos",
        "controlPlane: {distro: {k8s: {version: v1.34.0}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d'}}}, statefulSet: {env: [{name: KRB5_KTNAME, value: FILE:/k/k}, {name: KRB5_CONFIG, value: /data/c}]}}",
        "keytab-not-mounted",
    ),
    (
        "an image whose tag says no version, for Kerberos",
        "controlPlane: {distro: {k8s: {image: {tag: latest}}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/data/k'}}}, statefulSet: {env: [{name: KRB5_CONFIG, value: /data/c}]}}",
        "kerberos-image-uncertain",
    ),
    (
        "no idle connections by a variable",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(h)/d?tls=true'}}}, statefulSet: {env: [{name: KINE_DATASTORE_MAX_IDLE_CONNECTIONS, value: '0'}]}}",
        "idle-connections-zero",
    ),
    (
        "an identity provider by a variable",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(h)/d?tls=true'}}}, statefulSet: {env: [{name: KINE_IDENTITY_PROVIDER, value: gcp}]}}",
        "identity-provider-unknown",
    ),
    (
        "an embedded database in memory",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true, dataSource: 'sqlite://:memory:'}}}}",
        "embedded-database-off-volume",
    ),
];

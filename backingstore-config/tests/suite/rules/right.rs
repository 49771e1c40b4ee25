//! What is near to a trap and right.

/// Near a trap and right: nothing but these codes is said.
pub(super) const RIGHT: &[(&str, &str, &[&str])] = &[
    ("embedded database", "controlPlane: {backingStore: {database: {embedded: {enabled: true}}}}", &[]),
    (
        "embedded database with a parameter and a file elsewhere",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true, dataSource: 'sqlite:///data/state.db?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate', extraArgs: [--debug]}}}}",
        &[],
    ),
    (
        "other stores are described and off",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true}, external: {enabled: false, dataSource: '', connector: ''}}, etcd: {embedded: {enabled: false}, deploy: {enabled: false}, external: {enabled: false, endpoint: ''}}}}",
        &[],
    ),
    (
        "one etcd member",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}, statefulSet: {highAvailability: {replicas: 2}}}",
        &[],
    ),
    (
        "three etcd members and two control planes",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true, statefulSet: {highAvailability: {replicas: 3}}}}}, statefulSet: {highAvailability: {replicas: 2}}}",
        &[],
    ),
    (
        "embedded etcd with three replicas",
        "controlPlane: {backingStore: {etcd: {embedded: {enabled: true, migrateFromDeployedEtcd: true}}}, statefulSet: {highAvailability: {replicas: 3}}}",
        &[],
    ),
    (
        "embedded store whose volume is of another kind",
        "controlPlane: {backingStore: {etcd: {embedded: {enabled: true}}}, statefulSet: {persistence: {volumeClaim: {enabled: false}, volumeClaimTemplates: [{metadata: {name: data}}]}}}",
        &[],
    ),
    (
        "embedded store on a volume that the user named",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true}}}, statefulSet: {persistence: {volumeClaim: {enabled: 'false'}, dataVolume: [{name: data, hostPath: {path: /x}}]}}}",
        &[],
    ),
    (
        "no claim for what needs none",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}, statefulSet: {persistence: {volumeClaim: {enabled: false}}}}",
        &[],
    ),
    (
        "external etcd in full",
        "controlPlane: {backingStore: {etcd: {external: {enabled: true, endpoint: 'https://etcd.example.com:2379', tls: {caFile: /ca, certFile: /c, keyFile: /k}}}}, statefulSet: {highAvailability: {replicas: 2}}}",
        &[],
    ),
    (
        "connector alone",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: shared-mysql, dataSource: ''}}}, statefulSet: {highAvailability: {replicas: 2}}}",
        &[],
    ),
    (
        "connector with its own flags",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, extraArgs: [--datastore-max-idle-connections=-1, --datastore-max-open-connections=10]}}}}",
        &[],
    ),
    (
        "client certificate and no password",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com/d', caFile: /ca, certFile: /c, keyFile: /k}}}}",
        &[],
    ),
    (
        "the key of the certificate is a parameter",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com/d?sslkey=/k', caFile: /ca, certFile: /c}}}}",
        &[],
    ),
    (
        "the key of the certificate is a flag",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(mysql.example.com)/d', caFile: /ca, certFile: /c, extraArgs: [--key-file=/k]}}}}",
        &[],
    ),
    (
        "sslmode disable on this machine",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@127.0.0.1:6432/d?sslmode=disable'}}}}",
        &[],
    ),
    (
        "a socket",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@/d?host=/run/postgresql&sslmode=disable'}}}}\npolicies: {networkPolicy: {enabled: true}}",
        &[],
    ),
    (
        "mysql on a socket",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@unix(/run/mysqld/mysqld.sock)/d?tls=false'}}}}\npolicies: {networkPolicy: {enabled: true}}",
        &[],
    ),
    (
        "tls false that files overrule",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(mysql.example.com)/d?tls=false', caFile: /ca}}}}",
        &[],
    ),
    (
        "aws on mysql with a ca file",
        "controlPlane: {distro: {k8s: {version: v1.35.0}}, backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(mysql.example.com)/d', identityProvider: aws, caFile: /ca}}}}",
        &[],
    ),
    (
        "aws on mysql with public certificates",
        "controlPlane: {distro: {k8s: {image: {tag: v1.34.2}}}, backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(mysql.example.com)/d?tls=true', identityProvider: aws}}}}",
        &[],
    ),
    (
        "aws on postgres that verifies",
        "controlPlane: {distro: {k8s: {image: {tag: v1.33.6}}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com/d?sslmode=verify-full&sslrootcert=/ca', identityProvider: aws}}}}",
        &[],
    ),
    (
        "aws through a connector",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, identityProvider: aws}}}}",
        &[],
    ),
    ("kerberos with everything right", KERBEROS, &[]),
    (
        "kerberos of the documentation gives warnings alone",
        "controlPlane: {distro: {k8s: {image: {registry: ghcr.io, repository: loft-sh/kubernetes, tag: v1.36.1}}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40EXAMPLE.COM@pg.example.com:5432/d?sslmode=disable&krbsrvname=postgres&krb5_keytab=/etc/kine-keytab/krb5.keytab'}}}, statefulSet: {env: [{name: KRB5_CONFIG, value: /etc/krb5.conf}], persistence: {addVolumes: [{name: k}, {name: c}], addVolumeMounts: [{name: k, mountPath: /etc/kine-keytab}, {name: c, mountPath: /etc/krb5.conf, subPath: krb5.conf}]}}}",
        &["kerberos-image-uncertain", "database-in-clear-text"],
    ),
    (
        "kerberos with an image of another make",
        "controlPlane: {distro: {k8s: {image: {repository: acme/kubernetes, tag: v1.30.0}}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/k/k'}}}, statefulSet: {env: [{name: KRB5_CONFIG, value: /k/c}], persistence: {addVolumes: [{name: k}], addVolumeMounts: [{name: k, mountPath: /k/}]}}}",
        &[],
    ),
    (
        "kerberos with an older image from another registry is no error",
        "controlPlane: {distro: {k8s: {image: {registry: registry.example.com, repository: loft-sh/kubernetes, tag: v1.34.3}}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/k/k'}}}, statefulSet: {env: [{name: KRB5_CONFIG, value: /k/c}], persistence: {addVolumes: [{name: k}], addVolumeMounts: [{name: k, mountPath: /k}]}}}",
        &["kerberos-image-uncertain"],
    ),
    (
        "kerberos with its variable from a field and beside the distro",
        "controlPlane: {distro: {k8s: {version: '1.37.0', env: [{name: KRB5_CONFIG, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com/d?krb5_keytab=k.keytab'}}}}",
        &[],
    ),
    (
        "kerberos on a machine of its own has its own files",
        "controlPlane: {standalone: {enabled: true}, distro: {k8s: {version: v1.36.2}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krb5_keytab=/etc/krb5.keytab'}}}}\npolicies: {networkPolicy: {enabled: true}}",
        &[],
    ),
    (
        "kerberos by an address whose principal is named",
        "controlPlane: {standalone: {enabled: true}, distro: {k8s: {version: v1.36.2}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@10.0.0.1/d?krb5_ccache=/tmp/cc&krbspn=postgres/pg.example.com'}}}}",
        &[],
    ),
    (
        "a keytab that the variable names",
        "controlPlane: {distro: {k8s: {version: v1.36.2}}, backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u%40R@pg.example.com/d?krbsrvname=postgres'}}}, statefulSet: {env: [{name: KRB5_KTNAME, value: FILE:/data/k}, {name: KRB5_CONFIG, value: /data/c}]}}",
        &[],
    ),
    (
        "a network policy with the right /24",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@10.0.1.5/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{to: [{ipBlock: {cidr: 10.9.0.0/16}}]}, {to: [{ipBlock: {cidr: 10.0.1.0/24}}], ports: [{port: 5432, protocol: TCP}]}]}}}",
        &[],
    ),
    (
        "a network policy whose block has bits behind its prefix",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@10.0.1.5/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{to: [{ipBlock: {cidr: 10.0.1.200/24, except: [10.0.1.64/26]}}]}]}}}",
        &[],
    ),
    (
        "a network policy with a range of ports",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(mysql.example.com:3307)/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{ports: [{port: 3306, endPort: 3310}]}]}}}",
        &[],
    ),
    (
        "a network policy with a port by its name and a selector",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(10.96.0.7)/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{ports: [{port: mysql}], to: [{namespaceSelector: {matchLabels: {a: b}}, podSelector: {}}]}]}}}",
        &[],
    ),
    (
        "a network policy for a name that can be at any address",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u@tcp(mysql.example.com)/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 3306}]}]}}}",
        &[],
    ),
    (
        "a network policy and a port that the chart always opens",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com:6443/d'}}}}\npolicies: {networkPolicy: {enabled: true}}",
        &[],
    ),
    (
        "a network policy and a store of the charts own",
        "controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}}\npolicies: {networkPolicy: {enabled: true}}",
        &[],
    ),
    (
        "a network policy of ipv6",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@[2001:db8::5]/d'}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{to: [{ipBlock: {cidr: '2001:db8::/64'}}]}]}}}",
        &[],
    ),
    (
        "a network policy that is off",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com/d'}}}}\npolicies: {networkPolicy: {enabled: false}}",
        &[],
    ),
    (
        "a network policy with a connector and a rule",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c}}}}\npolicies: {networkPolicy: {enabled: true, controlPlane: {egress: [{ports: [{port: 3306}]}]}}}",
        &[],
    ),
    (
        "an external sqlite file on a claim",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'sqlite:///data/state.db'}}}, statefulSet: {persistence: {volumeClaim: {enabled: true}}}}",
        &[],
    ),
    (
        "an external sqlite file on a mounted volume",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'sqlite:///mnt/db/state.db'}}}, statefulSet: {persistence: {addVolumes: [{name: db}], addVolumeMounts: [{name: db, mountPath: /mnt/db}]}}}",
        &[],
    ),
    (
        "a database name with a capital letter that kine leaves",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u@pg.example.com/?dbname=Team'}}}}",
        &[],
    ),
    (
        "a switch as a text hides the store and is one fault",
        "controlPlane: {backingStore: {etcd: {embedded: {enabled: 'true'}}}, statefulSet: {highAvailability: {replicas: 3}}}",
        &["wrong-type"],
    ),
    (
        "a data source in the place of its section is one fault",
        "controlPlane: {backingStore: {database: {external: 'postgres://u:p@h/d'}}, statefulSet: {highAvailability: {replicas: 2}}}",
        &["wrong-type"],
    ),
    ("a list in the place of the file is one fault", "- controlPlane", &["wrong-type"]),
    (
        "a data source of another type is one fault",
        "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: [x]}}}}",
        &["wrong-type"],
    ),
    (
        "a data source in the place of the connector is one fault",
        "controlPlane: {backingStore: {database: {external: {enabled: true, connector: 'postgres://u:p@h/d'}}}}",
        &["wrong-type"],
    ),
    (
        "an image tag with a digest and an endpoint with a port are names",
        "controlPlane: {distro: {k8s: {image: {tag: 'v1.36.0@sha256:0123'}}}, backingStore: {etcd: {external: {enabled: true, endpoint: 'e.example.com:2379', tls: {caFile: /a@b/ca, certFile: /c, keyFile: /k}}}}}",
        &[],
    ),
    (
        "an embedded database on a volume that is mounted for it",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true, dataSource: 'sqlite:///mnt/db/state.db'}}}, statefulSet: {persistence: {addVolumes: [{name: db}], addVolumeMounts: [{name: db, mountPath: /mnt/db}]}}}",
        &[],
    ),
    (
        "an embedded database by a relative path",
        "controlPlane: {backingStore: {database: {embedded: {enabled: true, dataSource: 'sqlite://./db/state.db'}}}}",
        &[],
    ),
];

const KERBEROS: &str = "
controlPlane:
  distro: {k8s: {version: v1.36.3}}
  backingStore:
    database:
      external:
        enabled: true
        dataSource: postgres://u%40EXAMPLE.COM@pg.example.com:5432/d?krb5_keytab=/etc/kine-keytab/krb5.keytab
        caFile: /etc/kine-keytab/ca.crt
  statefulSet:
    highAvailability: {replicas: 2}
    env: [{name: KRB5_CONFIG, value: /etc/krb5.conf}]
    persistence:
      addVolumes: [{name: k, secret: {secretName: k}}, {name: c, configMap: {name: c}}]
      addVolumeMounts:
        - {name: k, mountPath: /etc/kine-keytab/krb5.keytab, subPath: krb5.keytab}
        - {name: c, mountPath: /etc/krb5.conf, subPath: krb5.conf}
";

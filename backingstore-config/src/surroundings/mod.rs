//! What a store needs around it, as values that can be written out: rules for the network policy, Secrets and
//! ConfigMaps, files, SQL, commands.
//!
//! ```
//! use backingstore_config::DataSource;
//! use backingstore_config::surroundings::{
//!     KerberosSetup, NetworkPolicyShape, NetworkPolicyValues, database_egress,
//! };
//! use secrecy::{ExposeSecret, SecretSlice};
//!
//! let text = "postgres://kine%40EXAMPLE.COM@pg.example.com/tenant1?krb5_keytab=/etc/kine-keytab/krb5.keytab";
//! let source = DataSource::parse(text)?;
//! let (database, kdcs) = ("10.20.0.0/24".parse()?, "10.30.0.0/28".parse()?);
//!
//! let DataSource::Postgres(postgres) = &source else { unreachable!() };
//! let kerberos = KerberosSetup::new(postgres, ["kdc.example.com".parse()?])?.namespace("tenant1")?;
//!
//! // For the values file of the control plane.
//! let mut egress = database_egress(&source, &[database])?;
//! egress.extend(kerberos.kdc_egress(&[kdcs])?);
//! let policy = NetworkPolicyValues::new(egress, NetworkPolicyShape::Since0_31).to_yaml();
//! let pod = kerberos.values_fragment().to_yaml();
//!
//! // For the control plane's namespace.
//! let krb5_conf = kerberos.krb5_config_map().to_yaml();
//! let keytab = SecretSlice::from(vec![5, 2]); // read from a file
//! let keytab = kerberos.keytab_secret(keytab)?.to_yaml_exposing_secrets();
//!
//! // For the administrators of the database and of the KDC.
//! let sql = kerberos.sql()?.to_sql();
//! let pg_hba = kerberos.pg_hba(&["10.0.0.0/16".parse()?])?;
//! let kadmin = kerberos.kadmin_commands("/root/keytabs")?;
//! # assert!(policy.contains("port: 88") && pod.contains("KRB5_CONFIG") && krb5_conf.contains("kind: ConfigMap"));
//! # assert!(keytab.expose_secret().contains("BQI=") && sql.contains("tenant1") && pg_hba.contains("gss"));
//! # assert_eq!(kadmin.len(), 4);
//! # Ok::<(), backingstore_config::ConfigError>(())
//! ```
//!
//! # What is where
//!
//! - [`AddressBlock`] is a block of addresses; policies and `pg_hba.conf` take it.
//! - [`database_egress`] gives the rules that let a control plane reach its database, and
//!   [`NetworkPolicyValues`] where they stand in a vcluster.yaml.
//! - [`KerberosSetup`] is everything around a PostgreSQL data source that logs in with Kerberos.
//! - [`ConnectorSecret`] is the Secret with which the platform makes a database for each tenant.
//! - [`iam_database_sql`], [`RdsUser`] and [`ConnectPolicy`] are for AWS RDS with IAM.
//! - [`SqlScript`], [`SecretManifest`] and [`ConfigMapManifest`] are what they make.
//!
//! What holds no secret implements `Serialize` with Kubernetes' own names, and has `to_yaml`. What can hold
//! one implements no `Serialize`: `to_yaml_exposing_secrets` writes it out.
//!
//! # What it refuses
//!
//! - **To connect or to read a file.** The caller brings the keytab's bytes and knows the address blocks.
//! - **To write what another program would read as something else.** A name is quoted where the language has
//!   quotes that hold, and refused where it has none: the error says which characters are free.

mod address_block;
mod connector;
mod iam;
mod kerberos;
mod manifest;
mod network_policy;
mod sql;

pub use address_block::AddressBlock;
pub use connector::{ConnectorEngine, ConnectorSecret};
pub use iam::{ConnectPolicy, RdsUser, iam_database_sql, iam_login_sql};
pub use kerberos::{
    EnvVar, KdcAddress, KerberosPlatformValues, KerberosSetup, KerberosValues, Volume, VolumeMount,
    VolumeSource,
};
pub use manifest::{ConfigMapManifest, SecretManifest};
pub use network_policy::{
    EgressRule, LabelSelector, NetworkPolicyShape, NetworkPolicyValues, Peer, Port, Protocol,
    database_egress, database_egress_to,
};
pub use sql::{GrantNames, SqlScript};

use crate::error::{ConfigError, ConfigErrorKind};

/// A value that cannot be written where it belongs. Its texts are fixed: the value may be a secret.
fn invalid(subject: &'static str, problem: &'static str, help: &'static str) -> ConfigError {
    ConfigError::new(ConfigErrorKind::InvalidValue, subject, problem, help)
}

//! What becomes of the data when a control plane's config changes.
//!
//! vCluster lets some changes of the store through, and copies the data for one of them alone. After the others
//! the control plane comes up empty, which looks like a loss of everything.

use std::fmt;

use crate::data_source::{DataSource, Engine};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::model::TlsFiles;
use crate::store::{self, ExternalDatabase, Store, StoreKind};
use crate::values::VirtualClusterConfig;

/// What a change from one config to another does to the data.
///
/// ```
/// use backingstore_config::{TransitionOutcome, VirtualClusterConfig, transition};
///
/// let old = VirtualClusterConfig::from_yaml("controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}}")?;
/// let embedded = "controlPlane: {backingStore: {etcd: {embedded: {enabled: true}}}}";
/// let transition = transition(&old, &VirtualClusterConfig::from_yaml(embedded)?)?;
/// assert_eq!(transition.outcome(), TransitionOutcome::DiscardsState);
/// assert!(transition.reason().contains("migrateFromDeployedEtcd"));
/// assert!(!transition.is_safe());
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    outcome: TransitionOutcome,
    from: StoreKind,
    to: StoreKind,
    reason: &'static str,
}

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransitionOutcome {
    /// The store stays what and where it is.
    Same,
    /// The store is another one, and gets the data of the old one.
    Copied {
        /// What copies them.
        by: CopiedBy,
    },
    /// vCluster lets the change through, and the control plane starts on a store without the old one's data.
    DiscardsState,
    /// vCluster refuses the change; or it does not see that the store now points at another database, and must
    /// not be let to.
    Refused,
}

/// What copies the data into another store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CopiedBy {
    /// vCluster at its first start, for `etcd.embedded.migrateFromDeployedEtcd`.
    MigrateFromDeployedEtcd,
}

impl TransitionOutcome {
    /// The outcome in lower case: `same`, `copied`, `discards-state` or `refused`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Copied { .. } => "copied",
            Self::DiscardsState => "discards-state",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for TransitionOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl CopiedBy {
    /// The key of the config that makes it copy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MigrateFromDeployedEtcd => "migrateFromDeployedEtcd",
        }
    }
}

impl fmt::Display for CopiedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Transition {
    /// What becomes of the data.
    pub fn outcome(&self) -> TransitionOutcome {
        self.outcome
    }

    /// The store before.
    pub fn from(&self) -> StoreKind {
        self.from
    }

    /// The store after.
    pub fn to(&self) -> StoreKind {
        self.to
    }

    /// Why, and what to do about it, in a sentence. It holds no text of either config.
    pub fn reason(&self) -> &str {
        self.reason
    }

    /// Whether the control plane has its data afterwards: the store is the same, or its data are copied.
    pub fn is_safe(&self) -> bool {
        matches!(self.outcome, TransitionOutcome::Same | TransitionOutcome::Copied { .. })
    }
}

/// `FROM to TO: OUTCOME: REASON`.
impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {}: {}", self.from, self.to, self.outcome, self.reason)
    }
}

/// Says what a change of the config does to the data.
///
/// Within one kind of store it looks at where the data are, not at how they are reached: another user, another
/// password, other parameters, TLS or flags leave the store what it is. So does another spelling of a host (its
/// case, a dot at its end, the port that is the default, a form of an IPv6 address) and another list of hosts
/// that has a host in common with the old one, since the hosts of one list are one database. A name and the
/// address that it stands for are two hosts here: nothing is looked up.
///
/// An old config that describes an external store without `enabled: true` was an embedded database to vCluster
/// since 0.25, and is taken for one.
///
/// # Errors
///
/// Those of [`VirtualClusterConfig::store`], for either config. For the old one the subject says so, and the
/// place is one in its file.
pub fn transition(old: &VirtualClusterConfig, new: &VirtualClusterConfig) -> Result<Transition, ConfigError> {
    let to = new.store()?;
    let of_old = |error: ConfigError| {
        let subject = format!("previous config: {}", error.subject());
        error.about(subject)
    };
    let (from, is_described_only) = match old.store() {
        Ok(from) => (from, false),
        Err(error) if error.kind() == ConfigErrorKind::NotEnabled => {
            (store::embedded_database(&old.backing_store().database.embedded).map_err(of_old)?, true)
        }
        Err(error) => return Err(of_old(error)),
    };
    let (outcome, mut reason) = between(&from, &to);
    if is_described_only
        && (outcome, to.kind()) == (TransitionOutcome::DiscardsState, StoreKind::ExternalDatabase)
    {
        reason = DESCRIBED_ONLY;
    }
    Ok(Transition { outcome, from: from.kind(), to: to.kind(), reason })
}

type Verdict = (TransitionOutcome, &'static str);

const SAME: Verdict = (TransitionOutcome::Same, "the store stays where it is");

fn between(from: &Store, to: &Store) -> Verdict {
    match (from, to) {
        (Store::EmbeddedDatabase(from), Store::EmbeddedDatabase(to)) => {
            data_sources((&from.data_source, &from.tls), (&to.data_source, &to.tls))
        }
        // vCluster sees two stores; to kine it is one database.
        (Store::EmbeddedDatabase(from), Store::ExternalDatabase(to))
            if from.data_source.engine() != Engine::Sqlite =>
        {
            match &to.data_source {
                Some(source) => data_sources((&from.data_source, &from.tls), (source, &to.tls)),
                None => OTHER_DATABASE,
            }
        }
        (Store::ExternalDatabase(from), Store::ExternalDatabase(to)) => external_databases(from, to),
        (Store::ExternalEtcd(from), Store::ExternalEtcd(to)) => {
            let (from_source, to_source) =
                (DataSource::Etcd(from.endpoints.clone()), DataSource::Etcd(to.endpoints.clone()));
            data_sources((&from_source, &from.tls), (&to_source, &to.tls))
        }
        (Store::DeployedEtcd(_), Store::EmbeddedEtcd(to)) if to.migrate_from_deployed_etcd => (
            TransitionOutcome::Copied { by: CopiedBy::MigrateFromDeployedEtcd },
            "vCluster copies the deployed etcd into the embedded one at its first start",
        ),
        _ => kinds(from.kind(), to.kind()),
    }
}

/// What vCluster's `ValidateStoreChanges` (`config/config.go`) says of a change from one kind of store to
/// another. It copies nothing.
fn kinds(from: StoreKind, to: StoreKind) -> Verdict {
    use StoreKind::{DeployedEtcd, EmbeddedDatabase, EmbeddedEtcd, ExternalDatabase, ExternalEtcd};
    match (from, to) {
        _ if from == to => SAME,
        (DeployedEtcd, EmbeddedEtcd) => (
            TransitionOutcome::DiscardsState,
            "vCluster lets this through and starts with an empty embedded etcd; set `etcd.embedded.migrateFromDeployedEtcd` to true to have \
             the deployed one copied",
        ),
        (EmbeddedDatabase, ExternalDatabase) => (
            TransitionOutcome::DiscardsState,
            "vCluster lets this through for clusters that used the database before 0.25 without `enabled: true`; it copies nothing from the \
             embedded database",
        ),
        (EmbeddedDatabase | ExternalEtcd, EmbeddedEtcd | DeployedEtcd) => (
            TransitionOutcome::DiscardsState,
            "vCluster lets this through and copies nothing; restore a snapshot into a new virtual cluster to keep the data",
        ),
        _ => (
            TransitionOutcome::Refused,
            "vCluster refuses to start with another kind of store; restore a snapshot into a new virtual cluster",
        ),
    }
}

const DESCRIBED_ONLY: &str = "the old config describes an external store without `enabled: true`: up to 0.24 the control plane used a database described so, and its \
     data are still there; since 0.25 it has run on SQLite, from which nothing is copied";

const OTHER_DATABASE: Verdict = (
    TransitionOutcome::Refused,
    "it points at another server or another database, which vCluster does not see; the control plane would go on with what is there and leave its own data behind",
);

fn external_databases(from: &ExternalDatabase, to: &ExternalDatabase) -> Verdict {
    match (&from.connector, &to.connector) {
        (Some(from), Some(to)) if from != to => {
            return (
                TransitionOutcome::Refused,
                "it names another connector, with which the platform makes a new and empty database",
            );
        }
        (Some(_), None) => {
            return (
                TransitionOutcome::Refused,
                "a data source takes the place of a connector, whose database the platform removes",
            );
        }
        (None, Some(_)) => {
            return (
                TransitionOutcome::Refused,
                "a connector takes the place of a data source, and the platform makes a new and empty database with it",
            );
        }
        _ => {}
    }
    match (&from.data_source, &to.data_source) {
        (Some(from_source), Some(to_source)) => data_sources((from_source, &from.tls), (to_source, &to.tls)),
        // One connector, whose database is known for one of the configs at most.
        _ => SAME,
    }
}

fn data_sources(from: (&DataSource, &TlsFiles), to: (&DataSource, &TlsFiles)) -> Verdict {
    let (from, to) = (from.0.as_kine_reads(from.1), to.0.as_kine_reads(to.1));
    if from.is_same_place(&to) {
        return SAME;
    }
    if from.engine() != Engine::Sqlite {
        return OTHER_DATABASE;
    }
    let reason = match to.engine() {
        Engine::Sqlite => {
            "it names another SQLite file, which vCluster does not see; the control plane would start on what is there, which is mostly nothing"
        }
        _ => {
            "the embedded database gets a data source of a server, which vCluster does not see; it copies nothing from the SQLite file"
        }
    };
    (TransitionOutcome::DiscardsState, reason)
}

#[cfg(test)]
mod tests {
    use TransitionOutcome::{DiscardsState, Refused, Same};

    use super::*;
    use crate::ConfigErrorKind;

    const SERVER: &str = "{database: {external: {enabled: true, dataSource: 'postgres://u:p@db:5432/kine'}}}";

    fn config(backing_store: &str) -> VirtualClusterConfig {
        VirtualClusterConfig::from_yaml(&format!("controlPlane: {{backingStore: {backing_store}}}")).unwrap()
    }

    fn outcome(old: &str, new: &str) -> TransitionOutcome {
        transition(&config(old), &config(new)).unwrap().outcome()
    }

    fn external(source: &str) -> String {
        format!("{{database: {{external: {{enabled: true, dataSource: \"{source}\"}}}}}}")
    }

    fn embedded(source: &str) -> String {
        format!("{{database: {{embedded: {{enabled: true, dataSource: \"{source}\"}}}}}}")
    }

    #[test]
    fn every_change_of_kind_is_what_vcluster_makes_of_it() {
        let stores = [
            ("{database: {embedded: {enabled: true}}}", StoreKind::EmbeddedDatabase),
            (SERVER, StoreKind::ExternalDatabase),
            ("{etcd: {embedded: {enabled: true}}}", StoreKind::EmbeddedEtcd),
            ("{etcd: {deploy: {enabled: true}}}", StoreKind::DeployedEtcd),
            ("{etcd: {external: {enabled: true, endpoint: 'etcd:2379'}}}", StoreKind::ExternalEtcd),
        ];
        // A row for each store before, a column for each after.
        let expected = [
            [Same, DiscardsState, DiscardsState, DiscardsState, Refused],
            [Refused, Same, Refused, Refused, Refused],
            [Refused, Refused, Same, Refused, Refused],
            [Refused, Refused, DiscardsState, Same, Refused],
            [Refused, Refused, DiscardsState, DiscardsState, Same],
        ];
        for ((old, from), row) in stores.iter().zip(expected) {
            for ((new, to), expected) in stores.iter().zip(row) {
                let transition = transition(&config(old), &config(new)).unwrap();
                assert_eq!(transition.outcome(), expected, "{transition}");
                assert_eq!((transition.from(), transition.to()), (*from, *to));
                assert_eq!(transition.is_safe(), expected == Same);
            }
        }
    }

    #[test]
    fn a_deployed_etcd_alone_is_copied_and_only_on_request() {
        let migrating = "{etcd: {embedded: {enabled: true, migrateFromDeployedEtcd: true}}}";
        let copied = TransitionOutcome::Copied { by: CopiedBy::MigrateFromDeployedEtcd };
        for (old, expected) in [
            ("{etcd: {deploy: {enabled: true}}}", copied),
            ("{etcd: {external: {enabled: true, endpoint: 'etcd:2379'}}}", DiscardsState),
            ("{}", DiscardsState),
            ("{etcd: {embedded: {enabled: true}}}", Same),
            (migrating, Same),
            (SERVER, Refused),
        ] {
            assert_eq!(outcome(old, migrating), expected, "{old}");
        }
        assert_eq!(copied.to_string(), "copied");
        assert_eq!(CopiedBy::MigrateFromDeployedEtcd.to_string(), "migrateFromDeployedEtcd");
    }

    #[test]
    fn how_a_database_is_reached_may_change() {
        let old = external("postgres://kine:one@db.example.com/tenant");
        for new in [
            "postgres://kine:two@db.example.com/tenant",
            "postgresql://other@db.example.com/tenant?sslmode=verify-full&connect_timeout=5",
            "postgres://kine@DB.Example.COM.:5432/Tenant",
            "postgres://kine@/tenant?host=db.example.com",
            "postgres://kine@standby:5432,db.example.com:5432/tenant",
        ] {
            assert_eq!(outcome(&old, &external(new)), Same, "{new}");
        }
        let old = external("mysql://u:p@tcp(db:3306)/kubernetes");
        for new in [
            "mysql://u:q@tcp(DB)/",
            "mysql://v@tcp(db:3306)/kubernetes?tls=true",
            "mysql://u:p@db/kubernetes",
        ] {
            assert_eq!(outcome(&old, &external(new)), Same, "{new}");
        }
        let old = external("postgres://u@[2001:db8::1]:5432/kine");
        assert_eq!(outcome(&old, &external("postgres://u@[2001:DB8:0:0::0:1]/kine")), Same);
        let with_flags = "{database: {external: {enabled: true, dataSource: 'postgres://u:p@db/kine', caFile: /ca, extraArgs: [--debug]}}}";
        assert_eq!(outcome(SERVER, with_flags), Same);
    }

    #[test]
    fn another_server_or_database_is_refused() {
        let old = "postgres://u:p@db:5432/kine";
        for new in [
            "postgres://u:p@db2:5432/kine",
            "postgres://u:p@db:5433/kine",
            "postgres://u:p@db:5432/kine2",
            "postgres://u:p@db:5432",
            "postgres://u:p@/kine?host=/run/postgresql",
            "mysql://u:p@tcp(db:5432)/kine",
            "sqlite:///data/state.db",
        ] {
            for form in [external, embedded] {
                assert_eq!(outcome(&form(old), &form(new)), Refused, "{new}");
                assert_eq!(outcome(&form(new), &form(new)), Same, "{new}");
            }
        }
        let mysql = external("mysql://u@tcp(db)/kine");
        assert_eq!(outcome(&mysql, &external("mysql://u@tcp(db)/Kine")), Refused);
        assert_eq!(outcome(&mysql, &external("mysql://u@unix(/run/mysqld.sock)/kine")), Refused);
    }

    #[test]
    fn a_connector_stays_what_it_is() {
        let connector =
            |name: &str| format!("{{database: {{external: {{enabled: true, connector: {name}}}}}}}");
        assert_eq!(outcome(&connector("a"), &connector("a")), Same);
        assert_eq!(outcome(&connector("a"), &connector("b")), Refused);
        assert_eq!(outcome(&connector("a"), SERVER), Refused);
        assert_eq!(outcome(SERVER, &connector("a")), Refused);
        assert_eq!(outcome("{}", &connector("a")), DiscardsState);
        let resolved =
            |source: &str| config(&connector("a")).with_data_source(DataSource::parse(source).unwrap());
        let (one, two) = (resolved("postgres://u@db/one"), resolved("postgres://u@db/two"));
        assert_eq!(transition(&one, &resolved("postgres://v@db/one")).unwrap().outcome(), Same);
        assert_eq!(transition(&one, &two).unwrap().outcome(), Refused);
        assert_eq!(transition(&config(&connector("a")), &two).unwrap().outcome(), Same);
    }

    #[test]
    fn another_sqlite_file_is_an_empty_one() {
        for (new, expected) in [
            ("sqlite:///data/state.db?_journal=WAL", Same),
            ("sqlite://state.db", Same),
            ("sqlite:///data/./state.db", Same),
            ("sqlite:///data/other.db", DiscardsState),
            ("postgres://u@db/kine", DiscardsState),
        ] {
            assert_eq!(outcome("{}", &embedded(new)), expected, "{new}");
        }
    }

    #[test]
    fn a_server_behind_the_embedded_database_is_the_same_database_when_it_is_called_external() {
        let old = embedded("postgres://u:p@db/kine");
        assert_eq!(outcome(&old, SERVER), Same);
        assert_eq!(outcome(&old, &external("postgres://u:p@other/kine")), Refused);
        assert_eq!(outcome(&old, "{database: {external: {enabled: true, connector: c}}}"), Refused);
        assert_eq!(outcome(&old, "{etcd: {embedded: {enabled: true}}}"), DiscardsState);
        // vCluster refuses the way back, although it is one database too.
        assert_eq!(outcome(SERVER, &old), Refused);
    }

    #[test]
    fn an_external_etcd_keeps_its_endpoint() {
        let etcd = |endpoint: &str| {
            format!("{{etcd: {{external: {{enabled: true, endpoint: '{endpoint}', tls: {{caFile: /ca}}}}}}}}")
        };
        assert_eq!(outcome(&etcd("etcd-0:2379"), &etcd("https://ETCD-0.:2379")), Same);
        assert_eq!(outcome(&etcd("etcd-0:2379"), &etcd("etcd-1:2379")), Refused);
        assert_eq!(outcome(&etcd("etcd-0:2379"), &etcd("etcd-0:2380")), Refused);
    }

    #[test]
    fn a_store_that_was_only_described_was_an_embedded_database() {
        let described = "{database: {external: {dataSource: 'postgres://u:p@db:5432/kine'}}}";
        let transition = transition(&config(described), &config(SERVER)).unwrap();
        assert_eq!(transition.outcome(), DiscardsState);
        assert_eq!(transition.from(), StoreKind::EmbeddedDatabase);
        assert!(transition.reason().contains("without `enabled: true`"), "{transition}");
        assert_eq!(outcome(described, "{}"), Same);
        assert_eq!(outcome(described, &embedded("sqlite:///other.db")), DiscardsState);
        assert_eq!(outcome(described, "{etcd: {deploy: {enabled: true}}}"), DiscardsState);
    }

    #[test]
    fn a_config_without_one_store_is_an_error_that_says_which_config() {
        let two = "{database: {embedded: {enabled: true}}, etcd: {deploy: {enabled: true}}}";
        let old = transition(&config(two), &config("{}")).unwrap_err();
        assert_eq!(old.kind(), ConfigErrorKind::SeveralStores);
        assert!(old.subject().starts_with("previous config: controlPlane."), "{old}");
        let new = transition(&config("{}"), &config(two)).unwrap_err();
        assert!(new.subject().starts_with("controlPlane."), "{new}");
    }

    #[test]
    fn no_password_is_shown() {
        let sources =
            ["postgres://u:CANARY@db/one", "postgres://u:CANARY@db/two", "mysql://u:CANARY@tcp(db)/one"];
        for old in sources {
            for new in sources {
                let transition = transition(&config(&external(old)), &config(&external(new))).unwrap();
                assert!(!format!("{transition} {transition:?}").contains("CANARY"));
            }
        }
    }
}

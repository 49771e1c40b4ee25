//! The platform's values: what of them bears on the store of the platform itself.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::data_source::DataSource;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::kine_flags::endpoint_among;
use crate::model::PlatformValues;
use crate::reading::{Field, Findings, Remark, Spot, document};
use crate::yaml::Node;

/// Where the platform's values keep its database.
pub(crate) const PLATFORM_DATABASE: &str = "config.database";

/// Keys that a reader puts too high, and where they belong.
const MISPLACED: &[(&str, &str)] = &[("database", PLATFORM_DATABASE), ("costControl", "config.costControl")];

/// The values of the platform's chart.
///
/// The platform keeps its own state in an embedded database, or in an external one that `config.database` names: the
/// same keys as a control plane's.
///
/// `Debug` shows no text that can be a secret. There is no `Serialize`.
///
/// ```
/// use backingstore_config::PlatformConfig;
///
/// let inspection = PlatformConfig::inspect(
///     "
/// replicaCount: 3
/// config:
///   database:
///     enabled: true
///     dataSource: mysql://kine@tcp(db.example.com:3306)/kine
///     identityProvider: aws
///   costControl:
///     enabled: true
/// ",
/// );
/// assert!(inspection.diagnostics().iter().any(|diagnostic| diagnostic.code() == "platform-cost-control"));
/// ```
#[derive(Clone)]
pub struct PlatformConfig {
    tree: Node,
    values: PlatformValues,
    remarks: Vec<Remark>,
}

impl PlatformConfig {
    /// Reads a YAML file's text. Below `config.database` every key must be known; elsewhere what is not modelled is
    /// not looked at, and is kept.
    ///
    /// # Errors
    ///
    /// As [`VirtualClusterConfig::from_yaml`](crate::VirtualClusterConfig::from_yaml).
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let (config, faults) = Self::read(text)?;
        ConfigError::first_of(faults).map_or(Ok(config), Err)
    }

    pub(crate) fn read(text: &str) -> Result<(Self, Vec<ConfigError>), ConfigError> {
        let (tree, mut faults) = Node::read(text)?;
        let mut findings = Findings::default();
        let root = Spot::root(&tree);
        let values = PlatformValues::read(&root, &mut findings);
        root.remark_misplaced(MISPLACED, &mut findings);
        let (found, remarks) = findings.into_sorted();
        faults.extend(found);
        faults.sort_by_key(ConfigError::place);
        Ok((Self { tree, values, remarks }, faults))
    }

    /// The keys that are modelled.
    pub fn values(&self) -> &PlatformValues {
        &self.values
    }

    /// The external database that the platform keeps its state in. None means its own embedded one.
    ///
    /// # Errors
    ///
    /// [`NotEnabled`](ConfigErrorKind::NotEnabled): a data source is there without `enabled: true`.
    /// [`MissingSetting`](ConfigErrorKind::MissingSetting): enabled without a data source. Those of
    /// [`DataSource::parse`].
    pub fn data_source(&self) -> Result<Option<DataSource>, ConfigError> {
        self.resolve().map_err(|fault| {
            let place = self.tree.place_of(fault.subject());
            fault.at(place)
        })
    }

    fn resolve(&self) -> Result<Option<DataSource>, ConfigError> {
        let database = &self.values.config.database;
        let written = match endpoint_among(&database.extra_args) {
            Some(endpoint) => Some(("extraArgs", endpoint)),
            None => database.data_source.as_ref().map(|text| ("dataSource", text.expose_secret())),
        };
        match (database.enabled, written) {
            (true, Some((key, text))) => DataSource::parse(text)
                .map(Some)
                .map_err(|fault| fault.about(format!("{PLATFORM_DATABASE}.{key}"))),
            (true, None) => Err(ConfigError::new(
                ConfigErrorKind::MissingSetting,
                PLATFORM_DATABASE,
                "it is enabled, and no `dataSource` says where the database is",
                "set `dataSource` to `postgres://USER:PASSWORD@HOST:5432/DATABASE` or `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`",
            )),
            (false, Some((key, _))) => Err(ConfigError::new(
                ConfigErrorKind::NotEnabled,
                format!("{PLATFORM_DATABASE}.{key}"),
                format!(
                    "`{key}` is set, but the database is not enabled, so the platform would start on its embedded one"
                ),
                format!("set `{PLATFORM_DATABASE}.enabled` to true, or remove `{key}`"),
            )),
            (false, None) => Ok(None),
        }
    }

    /// The JSON schema (draft 2020-12) of what is modelled, for editors and admission checks. It says of every key
    /// what this crate reads; the rules are not in it. It holds nothing of any file.
    pub fn json_schema() -> serde_json::Value {
        document(PlatformValues::schema(), "The store of the platform's values")
    }

    /// The whole file as YAML with its secrets. Comments and styles are not kept.
    pub fn to_yaml_exposing_secrets(&self) -> SecretString {
        SecretString::from(self.tree.to_yaml())
    }

    pub(crate) fn tree(&self) -> &Node {
        &self.tree
    }

    /// What is read, and likely not what is meant.
    pub(crate) fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

/// Redacted.
impl fmt::Debug for PlatformConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformConfig").field("values", &self.values).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_every_key_and_no_other_where_none_is_allowed() {
        let schema = PlatformConfig::json_schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["properties"]["replicaCount"]["type"], "integer");
        let database = &schema["properties"]["config"]["properties"]["database"];
        assert_eq!(database["additionalProperties"], false);
        assert_eq!(database["properties"]["dataSource"]["writeOnly"], true);
        assert_eq!(schema["additionalProperties"], true);
    }

    #[test]
    fn the_platforms_database_is_found_or_said_to_be_missing() {
        let source = |database: &str| {
            PlatformConfig::from_yaml(&format!("config: {{database: {{{database}}}}}")).unwrap().data_source()
        };
        assert_eq!(source("").unwrap(), None);
        assert_eq!(
            source("enabled: true, dataSource: 'mysql://u@tcp(h)/d'").unwrap().unwrap().to_string(),
            "mysql://u@tcp(h)/d"
        );
        let refusal = |database: &str| {
            let fault = source(database).unwrap_err();
            (fault.kind(), fault.place().is_some())
        };
        assert_eq!(refusal("enabled: true"), (ConfigErrorKind::MissingSetting, true));
        assert_eq!(refusal("dataSource: 'mysql://u@tcp(h)/d'"), (ConfigErrorKind::NotEnabled, true));
        assert_eq!(refusal("enabled: true, dataSource: redis://h"), (ConfigErrorKind::UnknownScheme, true));
        assert!(PlatformConfig::from_yaml("config: {database: {conector: x}}").is_err());
    }
}

//! AWS RDS with IAM: a database user who logs in with short-lived tokens, and the policy that lets a role
//! sign them.

use std::fmt;

use serde::Serialize;

use super::invalid;
use super::sql::{
    GrantNames, SqlScript, kine_database, mysql_account, mysql_database, mysql_grant_target, postgres_role,
    postgres_tenant,
};
use crate::data_source::DataSource;
use crate::error::{ConfigError, ConfigErrorKind};

/// The SQL that makes the database and the user of a data source, the user with IAM as its only login.
///
/// PostgreSQL: a role, a database that it owns, then `GRANT rds_iam`, last: an administrator that is a member
/// of a role with `rds_iam` could lose its own password login. MySQL and MariaDB: a database, a user with
/// `AWSAuthenticationPlugin` who must use TLS, and the grant on that database alone.
///
/// Names are as kine uses them: `kubernetes` where the data source names no database, in lower case for
/// PostgreSQL. `names` matters to MySQL alone.
///
/// ```
/// use backingstore_config::DataSource;
/// use backingstore_config::surroundings::{GrantNames, iam_database_sql};
///
/// let source = DataSource::parse("mysql://kine@tcp(db.abc.eu-central-1.rds.amazonaws.com:3306)/vc_a")?;
/// let script = iam_database_sql(&source, GrantNames::Patterns)?;
/// assert_eq!(script.statements()[3], r"GRANT ALL PRIVILEGES ON `vc\_a`.* TO `kine`@`%`");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
///
/// # Errors
///
/// [`MissingSetting`](ConfigErrorKind::MissingSetting) for a data source without a user or with an
/// empty `dbname=`, [`InvalidValue`](ConfigErrorKind::InvalidValue) for a name that the server would cut or
/// refuse, and for a data source that is neither PostgreSQL nor MySQL.
pub fn iam_database_sql(source: &DataSource, names: GrantNames) -> Result<SqlScript, ConfigError> {
    let user = user(source)?;
    let statements = match source {
        DataSource::Postgres(_) => {
            let mut statements = postgres_tenant(user, &kine_database(source)?)?;
            statements.push(format!("GRANT rds_iam TO {}", postgres_role(user)?));
            statements
        }
        DataSource::Mysql(_) => {
            let account = mysql_account(user)?;
            let database = kine_database(source)?;
            let (quoted, target) = (mysql_database(&database)?, mysql_grant_target(&database, names)?);
            vec![
                format!("CREATE DATABASE IF NOT EXISTS {quoted}"),
                format!("CREATE USER IF NOT EXISTS {account} {AWS_PLUGIN} REQUIRE SSL"),
                // A user who was there already keeps its password without this.
                format!("ALTER USER {account} {AWS_PLUGIN} REQUIRE SSL"),
                format!("GRANT ALL PRIVILEGES ON {target}.* TO {account}"),
            ]
        }
        _ => return Err(not_rds()),
    };
    Ok(SqlScript::new(statements))
}

/// The SQL that turns the data source's user, who is there already, to IAM. Its password works no more then.
///
/// # Errors
///
/// As [`iam_database_sql`].
pub fn iam_login_sql(source: &DataSource) -> Result<SqlScript, ConfigError> {
    let user = user(source)?;
    Ok(SqlScript::new(vec![match source {
        DataSource::Postgres(_) => format!("GRANT rds_iam TO {}", postgres_role(user)?),
        DataSource::Mysql(_) => format!("ALTER USER {} {AWS_PLUGIN} REQUIRE SSL", mysql_account(user)?),
        _ => return Err(not_rds()),
    }]))
}

/// `AS 'RDS'` maps the user to IAM (Amazon RDS User Guide, "Creating a database account using IAM
/// authentication").
const AWS_PLUGIN: &str = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'";

fn user(source: &DataSource) -> Result<&str, ConfigError> {
    let user = match source {
        DataSource::Postgres(source) => source.user(),
        DataSource::Mysql(source) => source.user().filter(|user| !user.is_empty()),
        _ => return Err(not_rds()),
    };
    user.ok_or_else(|| {
        ConfigError::new(
            ConfigErrorKind::MissingSetting,
            "data source",
            "no user in it",
            "write the user before the `@`",
        )
    })
}

fn not_rds() -> ConfigError {
    invalid(
        "data source",
        "an engine that RDS does not serve with IAM",
        "give a data source of PostgreSQL or MySQL",
    )
}

/// A database user, or a pattern of them, as an IAM policy names it: an ARN of the service `rds-db`.
///
/// ```
/// use backingstore_config::surroundings::RdsUser;
///
/// let kine = RdsUser::new("eu-central-1", "123456789012", "db-ABCDEFGHIJKL01234", "kine")?;
/// assert_eq!(kine.arn(), "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABCDEFGHIJKL01234/kine");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdsUser {
    partition: &'static str,
    region: String,
    account: String,
    resource: String,
    user: String,
}

impl RdsUser {
    /// One user of one database server.
    ///
    /// `account` is the AWS account's number of 12 digits. `resource` is the *resource id*, not the server's
    /// name: `db-…` of an instance (`DbiResourceId`), `cluster-…` of an Aurora cluster, `prx-…` of an RDS
    /// proxy. The partition (`aws`, `aws-cn`, `aws-us-gov`, …) follows from the region.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue), whose subject says which of the four. Wildcards are
    /// refused; [`matching`](Self::matching) takes them.
    pub fn new(region: &str, account: &str, resource: &str, user: &str) -> Result<Self, ConfigError> {
        if user.contains(['*', '?']) || resource.contains(['*', '?']) {
            let subject = if user.contains(['*', '?']) { "user" } else { "resource id" };
            return Err(invalid(
                subject,
                "a `*` or a `?`, which stand for other texts in a policy",
                "write the one name; `RdsUser::matching` takes a pattern",
            ));
        }
        Self::matching(region, account, resource, user)
    }

    /// The users that match a pattern: `*` stands for any text, `?` for one character. The resource id can be
    /// `*` for every server of the account in that region.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), without the refusal of wildcards.
    pub fn matching(region: &str, account: &str, resource: &str, users: &str) -> Result<Self, ConfigError> {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let region_fits = region.bytes().all(lower)
            && region.split('-').count() >= 3
            && region.split('-').all(|part| !part.is_empty());
        if !region_fits {
            return Err(invalid("region", "it is no region of AWS", "write it as in `eu-central-1`"));
        }
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid("account", "it is not 12 digits", "write the AWS account's number"));
        }
        let id = ["db-", "cluster-", "prx-"].iter().find_map(|prefix| resource.strip_prefix(prefix));
        let id_fits =
            id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'*'));
        if resource != "*" && !id_fits {
            return Err(invalid(
                "resource id",
                "it is no resource id of RDS",
                "write the `DbiResourceId` (`db-…`), the `DbClusterResourceId` (`cluster-…`) or the proxy's id (`prx-…`), not the name of the server",
            ));
        }
        // Not `$`: `${…}` is a variable of a policy. Not `/` and `:`, which divide an ARN.
        let user_fits = |b: u8| b.is_ascii_alphanumeric() || b"_-.@+=,*?".contains(&b);
        if users.is_empty() || users.len() > 63 || !users.bytes().all(user_fits) {
            return Err(invalid(
                "user",
                "a name that a policy cannot name exactly",
                "take a user of 1 to 63 letters, digits and `_`, `-`, `.`, `@`, `+`, `=`, `,`",
            ));
        }
        Ok(Self {
            partition: partition(region),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.to_owned(),
            user: users.to_owned(),
        })
    }

    /// The users that vCluster Platform makes for its tenants on one server: `u` and 31 more characters.
    ///
    /// # Errors
    ///
    /// As [`matching`](Self::matching).
    pub fn platform_tenants(region: &str, account: &str, resource: &str) -> Result<Self, ConfigError> {
        Self::matching(region, account, resource, &format!("u{}", "?".repeat(31)))
    }

    /// `arn:PARTITION:rds-db:REGION:ACCOUNT:dbuser:RESOURCE/USER`.
    pub fn arn(&self) -> String {
        self.to_string()
    }
}

/// The ARN.
impl fmt::Display for RdsUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, resource, user } = self;
        write!(f, "arn:{partition}:rds-db:{region}:{account}:dbuser:{resource}/{user}")
    }
}

/// The partition of a region, by the region's prefix (botocore's `partitions.json`).
fn partition(region: &str) -> &'static str {
    [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ]
    .into_iter()
    .find_map(|(prefix, partition)| region.starts_with(prefix).then_some(partition))
    .unwrap_or("aws")
}

/// An IAM policy that allows `rds-db:connect` and nothing else.
///
/// For one user it is what a workload's role needs. For [`RdsUser::platform_tenants`] it is the permission
/// boundary of the roles that vCluster Platform makes: none of them can ever do more.
///
/// ```
/// use backingstore_config::surroundings::{ConnectPolicy, RdsUser};
///
/// let tenants = RdsUser::platform_tenants("eu-central-1", "123456789012", "db-ABCDEFGHIJKL01234")?;
/// let boundary = ConnectPolicy::new([tenants]);
/// assert_eq!(boundary.to_value()["Statement"][0]["Action"], "rds-db:connect");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectPolicy {
    users: Vec<RdsUser>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    statement: [Statement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    effect: &'static str,
    action: &'static str,
    resource: &'a [String],
}

impl ConnectPolicy {
    /// The policy for these users.
    pub fn new(users: impl IntoIterator<Item = RdsUser>) -> Self {
        Self { users: users.into_iter().collect() }
    }

    /// The users.
    pub fn users(&self) -> &[RdsUser] {
        &self.users
    }

    /// The policy document as text, indented.
    pub fn to_json(&self) -> String {
        self.with_document(|document| serde_json::to_string_pretty(document))
    }

    /// The policy document.
    pub fn to_value(&self) -> serde_json::Value {
        self.with_document(|document| serde_json::to_value(document))
    }

    fn with_document<T>(&self, write: impl FnOnce(&Document<'_>) -> serde_json::Result<T>) -> T {
        let resource: Vec<_> = self.users.iter().map(RdsUser::arn).collect();
        let statement = [Statement { effect: "Allow", action: "rds-db:connect", resource: &resource }];
        // The only version that IAM has had since 2012.
        match write(&Document { version: "2012-10-17", statement }) {
            Ok(written) => written,
            Err(_) => unreachable!("texts and lists can all be written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> DataSource {
        DataSource::parse(text).unwrap()
    }

    #[test]
    fn a_postgres_user_is_turned_to_iam_after_the_administrator_has_left_it() {
        let script =
            iam_database_sql(&source("postgres://kine@db:5432/Tenant"), GrantNames::Patterns).unwrap();
        let statements = script.statements();
        assert!(statements[2].starts_with("CREATE DATABASE \"tenant\" OWNER \"kine\" "), "{script}");
        let end = &statements[statements.len() - 2..];
        assert_eq!(end, ["REVOKE \"kine\" FROM CURRENT_USER", "GRANT rds_iam TO \"kine\""]);
    }

    #[test]
    fn a_mysql_user_is_granted_its_own_database_alone() {
        let source = source("mysql://vc_1@tcp(db)/vc_1");
        let expected = "\
CREATE DATABASE IF NOT EXISTS `vc_1`;
CREATE USER IF NOT EXISTS `vc_1`@`%` IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL;
ALTER USER `vc_1`@`%` IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL;
GRANT ALL PRIVILEGES ON `vc\\_1`.* TO `vc_1`@`%`;
";
        assert_eq!(iam_database_sql(&source, GrantNames::Patterns).unwrap().to_sql(), expected);
        let literal = iam_database_sql(&source, GrantNames::Literal).unwrap();
        assert_eq!(literal.statements()[3], "GRANT ALL PRIVILEGES ON `vc_1`.* TO `vc_1`@`%`");
    }

    #[test]
    fn a_user_who_is_there_is_turned_to_iam() {
        let sql = |text| iam_login_sql(&source(text)).unwrap().to_sql();
        assert_eq!(sql("postgres://Adm%22in@db/kine"), "GRANT rds_iam TO \"Adm\"\"in\";\n");
        let mysql = "ALTER USER `kine`@`%` IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL;\n";
        assert_eq!(sql("mysql://kine@tcp(db)/kine"), mysql);
    }

    #[test]
    fn without_a_user_and_for_other_engines_there_is_no_sql() {
        for (text, kind) in [
            ("postgres://db/kine", ConfigErrorKind::MissingSetting),
            ("mysql://tcp(db)/kine", ConfigErrorKind::MissingSetting),
            ("mysql://@tcp(db)/kine", ConfigErrorKind::MissingSetting),
            ("sqlite:///data/state.db", ConfigErrorKind::InvalidValue),
            ("https://etcd:2379", ConfigErrorKind::InvalidValue),
        ] {
            assert_eq!(iam_login_sql(&source(text)).unwrap_err().kind(), kind, "{text}");
            assert_eq!(iam_database_sql(&source(text), GrantNames::Patterns).unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn no_password_reaches_the_sql_or_an_error() {
        for text in [
            "postgres://kine:CANARY@db/kine",
            "mysql://kine:CANARY@tcp(db)/kine",
            "mysql://:CANARY@tcp(db)/kine",
        ] {
            let script = iam_database_sql(&source(text), GrantNames::Patterns);
            assert!(!format!("{script:?}").contains("CANARY"), "{text}");
        }
    }

    #[test]
    fn the_policy_allows_one_action_on_one_user() {
        let policy =
            ConnectPolicy::new([RdsUser::new("cn-north-1", "123456789012", "prx-0a1b", "kine").unwrap()]);
        let expected = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "rds-db:connect",
      "Resource": [
        "arn:aws-cn:rds-db:cn-north-1:123456789012:dbuser:prx-0a1b/kine"
      ]
    }
  ]
}"#;
        assert_eq!(policy.to_json(), expected);
        assert_eq!(serde_json::from_str::<serde_json::Value>(expected).unwrap(), policy.to_value());
        assert_eq!(policy.users().len(), 1);
    }

    #[test]
    fn the_permission_boundary_matches_names_of_32_characters() {
        let tenants = RdsUser::platform_tenants("us-gov-west-1", "123456789012", "*").unwrap();
        let expected =
            "arn:aws-us-gov:rds-db:us-gov-west-1:123456789012:dbuser:*/u???????????????????????????????";
        assert_eq!(tenants.arn(), expected);
        assert_eq!(tenants.arn().rsplit('/').next().unwrap().len(), 32);
    }

    #[test]
    fn wildcards_and_whatever_divides_an_arn_are_refused_by_name() {
        let (region, account, resource, user) = ("eu-central-1", "123456789012", "db-ABC", "kine");
        for (given, subject) in [
            (("eu", account, resource, user), "region"),
            (("eu-central-1:", account, resource, user), "region"),
            (("*", account, resource, user), "region"),
            ((region, "12345678901", resource, user), "account"),
            ((region, "*", resource, user), "account"),
            ((region, account, "my-database", user), "resource id"),
            ((region, account, "db-", user), "resource id"),
            ((region, account, "*", user), "resource id"),
            ((region, account, "db-*", user), "resource id"),
            ((region, account, resource, ""), "user"),
            ((region, account, resource, "*"), "user"),
            ((region, account, resource, "kine?"), "user"),
            ((region, account, resource, "${aws:username}"), "user"),
            ((region, account, resource, "a/b"), "user"),
            ((region, account, resource, "a\"b"), "user"),
        ] {
            let (region, account, resource, user) = given;
            let error = RdsUser::new(region, account, resource, user).unwrap_err();
            assert_eq!(
                (error.kind(), error.subject()),
                (ConfigErrorKind::InvalidValue, subject),
                "{given:?}"
            );
        }
        assert!(RdsUser::matching(region, account, "db-*", "tenant*").is_ok());
        assert!(RdsUser::matching(region, account, resource, "${x}").is_err());
    }

    #[test]
    fn each_region_is_in_its_partition() {
        for (region, expected) in [
            ("eu-central-1", "aws"),
            ("us-east-1", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition(region), expected, "{region}");
        }
    }
}

//! The command line and environment that start kine.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::data_source::DataSource;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::kine_flags::{redacted_arguments, secret_flag, takes_next};
use crate::model::TlsFiles;
use crate::redaction::{MASK, Secrets};
use crate::store::Store;

/// How to start kine: its arguments and its environment, without the program's name.
///
/// [`arguments`](Self::arguments) and [`environment`](Self::environment) belong together and keep the data
/// source out of the process list.
/// [`vcluster_arguments_exposing_secrets`](Self::vcluster_arguments_exposing_secrets) is the line that
/// vCluster itself runs, data source and all.
///
/// ```
/// use backingstore_config::{DataSource, KineCommand};
///
/// let source: DataSource = "postgres://kine:s3cret@db.example.com/kine".parse()?;
/// let command = KineCommand::for_data_source(&source)
///     .listen_address("unix:///run/tenant/kine.sock")
///     .metrics_bind_address("0");
/// assert_eq!(
///     command.arguments(),
///     ["--metrics-bind-address=0", "--listen-address=unix:///run/tenant/kine.sock"],
/// );
/// assert_eq!(command.environment()[0].0, "KINE_ENDPOINT");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct KineCommand {
    endpoint: SecretString,
    /// The endpoint as it may be shown.
    shown_endpoint: String,
    tls: TlsFiles,
    identity_provider: Option<String>,
    metrics_bind_address: String,
    listen_address: String,
    extra_args: Vec<SecretString>,
}

impl KineCommand {
    /// kine on this data source, at the addresses that vCluster uses. A MySQL data source that is written as a plain URL is
    /// given to kine in the form that it can read.
    pub fn for_data_source(data_source: &DataSource) -> Self {
        Self {
            endpoint: data_source.expose_for_kine(),
            shown_endpoint: data_source.write_for_kine(Secrets::Masked),
            tls: TlsFiles::default(),
            identity_provider: None,
            metrics_bind_address: "127.0.0.1:2381".to_owned(),
            listen_address: "unix:///data/kine.sock".to_owned(),
            extra_args: Vec::new(),
        }
    }

    /// kine for this store, as vCluster starts it.
    ///
    /// An embedded database's identity provider is left out, since vCluster does not read it. For an external
    /// database the flag `--identity-provider` is given; vCluster's own code for it is not public.
    ///
    /// # Errors
    ///
    /// [`NotServedByKine`](ConfigErrorKind::NotServedByKine) for an etcd, and
    /// [`UnresolvedConnector`](ConfigErrorKind::UnresolvedConnector) for an external database with a
    /// connector alone.
    pub fn for_store(store: &Store) -> Result<Self, ConfigError> {
        match store {
            Store::EmbeddedDatabase(database) => Ok(Self {
                tls: database.tls.clone(),
                extra_args: database.extra_args.clone(),
                ..Self::for_data_source(&database.data_source)
            }),
            Store::ExternalDatabase(database) => {
                let Some(data_source) = &database.data_source else {
                    return Err(ConfigError::new(
                        ConfigErrorKind::UnresolvedConnector,
                        "controlPlane.backingStore.database.external.connector",
                        "the connector names no data source before the platform has made the database",
                        "make the database first, and start kine with `KineCommand::for_data_source`",
                    ));
                };
                Ok(Self {
                    tls: database.tls.clone(),
                    identity_provider: database.identity_provider.clone(),
                    extra_args: database.extra_args.clone(),
                    ..Self::for_data_source(data_source)
                })
            }
            other => Err(ConfigError::new(
                ConfigErrorKind::NotServedByKine,
                format!("store {}", other.kind()),
                "an etcd needs no kine",
                "connect to the etcd itself",
            )),
        }
    }

    /// Where kine listens for etcd clients: `unix://PATH`, or `HOST:PORT`. By default vCluster's
    /// `unix:///data/kine.sock`.
    pub fn listen_address(mut self, address: impl Into<String>) -> Self {
        self.listen_address = address.into();
        self
    }

    /// Where kine serves its metrics: `HOST:PORT`, or `0` for nowhere. By default `127.0.0.1:2381`, as in
    /// vCluster since 0.35; it was `0` before.
    pub fn metrics_bind_address(mut self, address: impl Into<String>) -> Self {
        self.metrics_bind_address = address.into();
        self
    }

    /// The files of the connection to the database, in the place of those that are set.
    pub fn tls(mut self, files: TlsFiles) -> Self {
        self.tls = files;
        self
    }

    /// Who gives kine temporary passwords: `aws`, with vCluster's fork of kine.
    pub fn identity_provider(mut self, name: impl Into<String>) -> Self {
        self.identity_provider = Some(name.into());
        self
    }

    /// Further flags, after those that are set. One takes the place of a built-in flag of the same name.
    pub fn extra_args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.extra_args.extend(args.into_iter().map(|arg| SecretString::from(arg.into())));
        self
    }

    /// The arguments without the data source: it is in [`environment`](Self::environment), also if an extra
    /// argument names it. So are the secret keys of kine's S3 flags. An extra argument that is no flag, which
    /// kine refuses, is `***`. A flag that kine does not have stays as it was written.
    pub fn arguments(&self) -> Vec<String> {
        self.split().0
    }

    /// The variables to set for the process, over those that it inherits. `KINE_ENDPOINT` is always among
    /// them.
    pub fn environment(&self) -> Vec<(String, SecretString)> {
        self.split().1
    }

    /// The line that vCluster runs, program and all, as it may be shown: what can be a secret is `***`.
    pub fn redacted_line(&self) -> Vec<String> {
        let mut line = vec!["kine".to_owned()];
        let kept = self.built_in(&self.shown_endpoint).into_iter();
        line.extend(kept.filter(|built_in| !self.is_replaced(built_in)));
        line.extend(redacted_arguments(self.extra_args.iter().map(ExposeSecret::expose_secret)));
        line
    }

    /// Whether an extra argument takes the place of a built-in one. vCluster's `MergeArgs` compares names as they
    /// stand, up to the `=`.
    fn is_replaced(&self, built_in: &str) -> bool {
        self.extra_args.iter().any(|extra| name_of(extra.expose_secret()) == name_of(built_in))
    }

    /// The arguments as vCluster gives them, with the data source and its password among them. Every user of
    /// the machine can read the arguments of a process, and vCluster logs them: this is for showing what
    /// vCluster does, not for starting kine.
    pub fn vcluster_arguments_exposing_secrets(&self) -> Vec<String> {
        let extra: Vec<String> = self.extra_args.iter().map(|arg| arg.expose_secret().to_owned()).collect();
        let mut arguments = self.built_in(self.endpoint.expose_secret());
        arguments.retain(|built_in| !self.is_replaced(built_in));
        arguments.extend(extra);
        arguments
    }

    /// The flags in vCluster's order (`StartKineWithDone` in `pkg/k8s/k8s.go`).
    fn built_in(&self, endpoint: &str) -> Vec<String> {
        let flag = |name: &str, value: &str| format!("--{name}={value}");
        let optional = |name: &str, value: &Option<String>| value.as_deref().map(|value| flag(name, value));
        let mut arguments = vec![flag("endpoint", endpoint)];
        arguments.extend(optional("ca-file", &self.tls.ca_file));
        arguments.extend(optional("key-file", &self.tls.key_file));
        arguments.extend(optional("cert-file", &self.tls.cert_file));
        arguments.extend(optional("identity-provider", &self.identity_provider));
        arguments.push(flag("metrics-bind-address", &self.metrics_bind_address));
        arguments.push(flag("listen-address", &self.listen_address));
        arguments
    }

    /// Moves what is secret from the arguments to the environment.
    fn split(&self) -> (Vec<String>, Vec<(String, SecretString)>) {
        // Set even where it is empty: the process may inherit another one.
        let mut environment = vec![("KINE_ENDPOINT".to_owned(), self.endpoint.clone())];
        let mut arguments = Vec::new();
        let all = self.vcluster_arguments_exposing_secrets();
        let mut rest = all.iter().map(String::as_str).peekable();
        while let Some(argument) = rest.next() {
            if let Some((variable, value)) = secret_flag(argument) {
                match value.or_else(|| rest.next()) {
                    // The last one counts, as in kine.
                    Some(value) => {
                        environment.retain(|(name, _)| name != variable);
                        environment.push((variable.to_owned(), SecretString::from(value)));
                    }
                    // kine says what is missing.
                    None => arguments.push(argument.to_owned()),
                }
            } else if argument.starts_with('-') {
                arguments.push(argument.to_owned());
                if takes_next(argument) {
                    arguments.extend(rest.next_if(|next| secret_flag(next).is_none()).map(str::to_owned));
                }
            } else {
                // kine refuses an argument that is no flag. It can be a data source whose flag was forgotten.
                arguments.push(MASK.to_owned());
            }
        }
        (arguments, environment)
    }
}

/// Redacted.
impl fmt::Debug for KineCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KineCommand{:?}", self.redacted_line())
    }
}

fn name_of(argument: &str) -> &str {
    argument.split_once('=').map_or(argument, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VirtualClusterConfig;
    use crate::kine_flags::endpoint_among;

    const POSTGRES: &str = "postgres://kine:CANARY@db:5432/kine";

    fn command(text: &str) -> KineCommand {
        KineCommand::for_data_source(&DataSource::parse(text).unwrap())
    }

    fn variable(command: &KineCommand, name: &str) -> Vec<String> {
        let environment = command.environment();
        let values = environment.iter().filter(|(variable, _)| variable == name);
        values.map(|(_, value)| value.expose_secret().to_owned()).collect()
    }

    #[test]
    fn vclusters_line_has_its_order_and_its_defaults() {
        let store = VirtualClusterConfig::from_yaml("").unwrap().store().unwrap();
        assert_eq!(
            KineCommand::for_store(&store).unwrap().vcluster_arguments_exposing_secrets(),
            [
                "--endpoint=sqlite:///data/state.db?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate",
                "--metrics-bind-address=127.0.0.1:2381",
                "--listen-address=unix:///data/kine.sock",
            ]
        );
    }

    #[test]
    fn files_identity_and_extra_arguments_are_placed_as_vcluster_places_them() {
        let text = "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'mysql://u:p@tcp(h)/d', identityProvider: aws,\n  \
                    caFile: /ca, certFile: /cert, keyFile: /key, extraArgs: [--debug, --metrics-bind-address=0]}}}}";
        let store = VirtualClusterConfig::from_yaml(text).unwrap().store().unwrap();
        let command = KineCommand::for_store(&store).unwrap();
        let shared = [
            "--ca-file=/ca",
            "--key-file=/key",
            "--cert-file=/cert",
            "--identity-provider=aws",
            "--listen-address=unix:///data/kine.sock",
            "--debug",
            "--metrics-bind-address=0",
        ];
        let with_endpoint: Vec<_> = ["--endpoint=mysql://u:p@tcp(h)/d"].into_iter().chain(shared).collect();
        assert_eq!(command.vcluster_arguments_exposing_secrets(), with_endpoint);
        assert_eq!(command.arguments(), shared);
        assert_eq!(variable(&command, "KINE_ENDPOINT"), ["mysql://u:p@tcp(h)/d"]);
    }

    #[test]
    fn the_endpoint_leaves_the_arguments_in_every_form_and_the_last_one_counts() {
        let other = "mysql://u:CANARY@tcp(h)/d";
        for args in [
            vec![format!("--endpoint={other}")],
            vec![format!("-endpoint={other}")],
            vec!["--endpoint".to_owned(), other.to_owned()],
            vec!["-endpoint".to_owned(), other.to_owned()],
            vec![
                "--endpoint=sqlite://x?_auth_pass=CANARY".to_owned(),
                "--debug".to_owned(),
                format!("--endpoint={other}"),
            ],
        ] {
            let command = command(POSTGRES).extra_args(args.clone());
            let arguments = command.arguments().join(" ");
            assert!(!arguments.contains("endpoint") && !arguments.contains("CANARY"), "{arguments}");
            assert_eq!(variable(&command, "KINE_ENDPOINT"), [other]);
            let secrets: Vec<_> = args.into_iter().map(SecretString::from).collect();
            assert_eq!(endpoint_among(&secrets), Some(other));
        }
    }

    #[test]
    fn kines_other_secret_flags_leave_the_arguments_too() {
        let command =
            command("sqlite://x").extra_args(["--s3-secret-key=CANARY", "--s3-session-token", "CANARY2"]);
        assert_eq!(command.arguments().len(), 2);
        assert_eq!(variable(&command, "AWS_SECRET_ACCESS_KEY"), ["CANARY"]);
        assert_eq!(variable(&command, "AWS_SESSION_TOKEN"), ["CANARY2"]);
    }

    #[test]
    fn a_data_source_without_its_flag_is_masked_and_a_flags_value_is_not() {
        let given = [
            "--debug",
            POSTGRES,
            "--log-format",
            "json",
            "--poll-batch-size",
            "--endpoint=sqlite://x",
            POSTGRES,
        ];
        let command = command(POSTGRES).extra_args(given);
        let expected = ["--debug", "***", "--log-format", "json", "--poll-batch-size", "***"];
        assert_eq!(command.arguments()[2..], expected);
        assert_eq!(variable(&command, "KINE_ENDPOINT"), ["sqlite://x"]);
    }

    #[test]
    fn an_endpoint_flag_without_its_value_is_left_to_kine() {
        let command = command(POSTGRES).extra_args(["--endpoint"]);
        assert_eq!(command.arguments().last().unwrap(), "--endpoint");
    }

    #[test]
    fn a_plain_mysql_url_is_given_to_kine_in_the_drivers_form() {
        let command = command("mysql://u:CANARY@db/kine");
        assert_eq!(variable(&command, "KINE_ENDPOINT"), ["mysql://u:CANARY@tcp(db:3306)/kine"]);
        let shown = format!("{command:?}");
        assert!(shown.contains("mysql://u:***@tcp(db:3306)/kine"), "{shown}");
    }

    #[test]
    fn an_empty_data_source_is_set_so_that_no_inherited_one_counts() {
        assert_eq!(variable(&command(""), "KINE_ENDPOINT"), [""]);
    }

    #[test]
    fn addresses_can_be_set() {
        let command = command("sqlite://x").listen_address("127.0.0.1:0").metrics_bind_address("0");
        assert_eq!(command.arguments(), ["--metrics-bind-address=0", "--listen-address=127.0.0.1:0"]);
    }

    #[test]
    fn debug_shows_names_and_no_secret() {
        let extra = ["--endpoint=CANARY", "--new-flag=CANARY", "CANARY", "-CANARY@x=1"];
        let shown = format!("{:?}", command(POSTGRES).extra_args(extra));
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(shown.contains("--endpoint=***") && shown.contains("--new-flag=***"), "{shown}");
        let shown = format!("{:?}", command(POSTGRES));
        assert!(shown.contains("--endpoint=postgres://kine:***@db:5432/kine"), "{shown}");
    }

    #[test]
    fn what_kine_cannot_serve_is_refused() {
        for (text, kind) in [
            ("etcd: {deploy: {enabled: true}}", ConfigErrorKind::NotServedByKine),
            ("database: {external: {enabled: true, connector: c}}", ConfigErrorKind::UnresolvedConnector),
        ] {
            let text = format!("controlPlane: {{backingStore: {{{text}}}}}");
            let store = VirtualClusterConfig::from_yaml(&text).unwrap().store().unwrap();
            assert_eq!(KineCommand::for_store(&store).unwrap_err().kind(), kind);
        }
    }
}

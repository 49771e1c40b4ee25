//! Says whether a values file's backing store is right, and which store it is.
//!
//! Usage: cargo run --example inspect-config -- [--json] [--platform] [--previous OLD.yaml [--accept-empty-store]] FILE|-
//!
//! Exit status: 0 without errors, 1 with errors, 2 when the input cannot be read.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use backingstore_config::diagnose::EmptyStore;
use backingstore_config::{
    Diagnostic, Inspection, KineCommand, PlatformConfig, Store, Transition, VirtualClusterConfig,
};
use clap::Parser;
use serde_json::{Value, json};

/// Says whether the backing store of a vcluster.yaml is right, and which store it is.
#[derive(Debug, Parser)]
#[command(name = "inspect-config")]
struct Arguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// The file holds the values of the platform, not of a virtual cluster.
    #[arg(long)]
    platform: bool,
    /// The file that is in use now: say what the change does to the data.
    #[arg(long, value_name = "FILE")]
    previous: Option<String>,
    /// Take a change that leaves the store empty for a warning.
    #[arg(long, requires = "previous")]
    accept_empty_store: bool,
    /// A values file; `-` reads the standard input.
    file: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match inspect(&arguments) {
        Ok((output, is_right)) => {
            // Whoever closed the pipe has read enough.
            let _ = io::stdout().write_all(output.as_bytes());
            if is_right { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("inspect-config: {error}");
            ExitCode::from(2)
        }
    }
}

/// What to print, and whether there is no error in it. An error is an input that cannot be read.
fn inspect(arguments: &Arguments) -> Result<(String, bool), String> {
    if arguments.file == "-" && arguments.previous.as_deref() == Some("-") {
        return Err("both files cannot be the standard input; name one of them".to_owned());
    }
    let text = read(&arguments.file)?;
    let previous = arguments.previous.as_deref().map(read).transpose()?;
    if arguments.platform {
        return inspect_platform(arguments, &text, previous.as_deref());
    }
    let mut inspection = VirtualClusterConfig::inspect(&text);
    if let Some(previous) = previous {
        // An older chart may have had other keys: what can be read of it is enough.
        let previous = VirtualClusterConfig::inspect(&previous);
        let previous = previous.config().ok_or("the file of --previous is not YAML")?;
        let empty = if arguments.accept_empty_store { EmptyStore::Accepted } else { EmptyStore::Refused };
        inspection = inspection.after(previous, empty);
    }
    let output =
        if arguments.json { in_json(&inspection) } else { in_text(&inspection, file_name(&arguments.file)) };
    Ok((output, !inspection.has_errors()))
}

fn inspect_platform(
    arguments: &Arguments,
    text: &str,
    previous: Option<&str>,
) -> Result<(String, bool), String> {
    let mut inspection = PlatformConfig::inspect(text);
    if let Some(previous) = previous {
        let previous = PlatformConfig::inspect(previous);
        inspection = inspection.after(previous.config().ok_or("the file of --previous is not YAML")?);
    }
    let source = inspection.config().and_then(|config| config.data_source().ok().flatten());
    let output = if arguments.json {
        let database = inspection.config().map(|config| &config.values().config.database);
        let object = json!({
            "ok": !inspection.has_errors(),
            "store": if source.is_some() { "external-database" } else { "embedded-database" },
            "dataSource": source.map(|source| source.to_string()),
            "connector": Value::Null,
            "identityProvider": database.and_then(|database| database.identity_provider.as_deref()),
            "kineCommand": Value::Null,
            "transition": Value::Null,
            "diagnostics": inspection.diagnostics(),
        });
        format!("{object:#}\n")
    } else {
        let database = source.map_or("its own, embedded".to_owned(), |source| source.to_string());
        let diagnostics = inspection.to_text(file_name(&arguments.file));
        format!("database  {database}\n\n{diagnostics}{}\n", count(inspection.diagnostics()))
    };
    Ok((output, !inspection.has_errors()))
}

fn read(file: &str) -> Result<String, String> {
    let mut text = String::new();
    let read = match file {
        "-" => io::stdin().read_to_string(&mut text).map(|_| ()),
        path => std::fs::read_to_string(path).map(|read| text = read),
    };
    read.map_err(|error| format!("{}: {error}", file_name(file)))?;
    Ok(text)
}

fn file_name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}

/// What a store is, ready to be shown: nothing of it is a secret.
struct Shown {
    data_source: Option<String>,
    connector: Option<String>,
    identity_provider: Option<String>,
    kine: Option<Vec<String>>,
}

impl Shown {
    fn of(store: Option<&Store>) -> Self {
        let (connector, identity_provider) = match store {
            Some(Store::ExternalDatabase(database)) => {
                (database.connector.clone(), database.identity_provider.clone())
            }
            _ => (None, None),
        };
        let data_source = match store {
            Some(Store::ExternalEtcd(etcd)) => Some(etcd.endpoints.to_string()),
            store => store.and_then(Store::data_source).map(ToString::to_string),
        };
        let kine = store.and_then(|store| KineCommand::for_store(store).ok());
        Self { data_source, connector, identity_provider, kine: kine.map(|kine| kine.redacted_line()) }
    }
}

fn in_json(inspection: &Inspection) -> String {
    let Shown { data_source, connector, identity_provider, kine } = Shown::of(inspection.store());
    let object = json!({
        "ok": !inspection.has_errors(),
        "store": inspection.store().map(|store| store.kind().as_str()),
        "dataSource": data_source,
        "connector": connector,
        "identityProvider": identity_provider,
        "kineCommand": kine,
        "transition": inspection.transition().map(transition_in_json),
        "diagnostics": inspection.diagnostics(),
    });
    format!("{object:#}\n")
}

fn transition_in_json(transition: &Transition) -> Value {
    json!({
        "outcome": transition.outcome().as_str(),
        "from": transition.from().as_str(),
        "to": transition.to().as_str(),
        "reason": transition.reason(),
    })
}

fn in_text(inspection: &Inspection, file: &str) -> String {
    let Shown { data_source, connector, identity_provider, kine } = Shown::of(inspection.store());
    let store = inspection.store().map(|store| store.kind().as_str());
    let rows = [
        ("store", Some(store.unwrap_or("none that can be told").to_owned())),
        ("data source", data_source),
        ("connector", connector),
        ("identity", identity_provider),
        ("kine", kine.map(|kine| kine.join(" "))),
        ("change", inspection.transition().map(ToString::to_string)),
    ];
    let mut out = String::new();
    for (name, value) in rows {
        if let Some(value) = value {
            out.push_str(&format!("{name:<13}{value}\n"));
        }
    }
    format!("{out}\n{}{}\n", inspection.to_text(file), count(inspection.diagnostics()))
}

fn count(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let plural = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
}

//! The products' documentation: what it shows is read, and means what `tests/golden/documentation/README.md` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use backingstore_config::{
    ConfigErrorKind, DataSource, Diagnostic, PlatformConfig, StoreKind, VirtualClusterConfig,
};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        testbed::trial("the_index_of_the_documentation_names_every_file_of_it", &[], || {
            the_index_names_every_file();
            Ok(())
        }),
        testbed::trial("every_values_file_of_the_documentation_means_what_its_index_says", &[], || {
            none_of(index().iter().filter_map(|(name, expected)| contradiction(name, expected)))
        }),
        testbed::trial("every_data_source_of_the_documentation_is_read_as_its_list_says", &[], || {
            let sources = data_sources();
            assert!(sources.len() > 30, "{} data sources", sources.len());
            none_of(sources.iter().filter_map(|(text, expected)| wrong_source(text, expected)))
        }),
    ]
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn none_of(problems: impl Iterator<Item = String>) -> Outcome {
    let problems: Vec<String> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/documentation")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A row of the table of expectations.
struct Expected {
    /// `complete`, `fragment` or `refused`; what stands behind is for the reader.
    case: String,
    /// A store, or `none`.
    store: String,
}

/// The table "Expectations" of the index: each file's name with what is expected of it.
fn index() -> BTreeMap<String, Expected> {
    let text = read("README.md");
    let (_, table) = text.split_once("## Expectations").expect("the index has its expectations");
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [names, case, store, ..] = cells[..] else { panic!("a row without its cells: {line}") };
        let case = case.split([' ', ',']).next().unwrap_or_default();
        let mut first = "";
        for name in names.split(", ").map(|name| name.trim_matches('`')) {
            // `vcluster-conformance-1.33`, `-1.34`
            let name = match name.strip_prefix('-') {
                Some(end) => format!("{}-{end}", first.rsplit_once('-').map_or("", |(begin, _)| begin)),
                None => name.to_owned(),
            };
            if first.is_empty() {
                first = names.split('`').nth(1).unwrap_or_default();
            }
            let expected = Expected { case: case.to_owned(), store: store.to_owned() };
            assert!(rows.insert(name, expected).is_none(), "twice in the index: {line}");
        }
    }
    rows
}

fn the_index_names_every_file() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the folder can be listed")
        .filter_map(|entry| {
            entry
                .expect("the folder can be listed")
                .path()
                .file_name()?
                .to_str()?
                .strip_suffix(".yaml")
                .map(str::to_owned)
        })
        .collect();
    let index: BTreeSet<String> = index().into_keys().collect();
    assert_eq!(files, index);
}

/// What was found of a file.
struct Found {
    /// None where it cannot be said.
    store: Option<StoreKind>,
    errors: String,
    /// Whether a key of it is taken for a misspelt one.
    is_misspelt: bool,
}

fn is_misspelt(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.code() == "misspelt-key")
}

fn look_at(name: &str) -> Found {
    let text = read(&format!("{name}.yaml"));
    if name.starts_with("platform-") {
        let inspection = PlatformConfig::inspect(&text);
        let source = inspection.config().and_then(|config| config.data_source().ok());
        let store = source.map(|source| match source {
            Some(_) => StoreKind::ExternalDatabase,
            None => StoreKind::EmbeddedDatabase,
        });
        let errors = inspection.diagnostics().iter().filter(|diagnostic| diagnostic.is_error());
        Found {
            store,
            errors: errors.map(ToString::to_string).collect(),
            is_misspelt: is_misspelt(inspection.diagnostics()),
        }
    } else {
        let inspection = VirtualClusterConfig::inspect(&text);
        let errors = inspection.diagnostics().iter().filter(|diagnostic| diagnostic.is_error());
        Found {
            store: inspection.store().map(|store| store.kind()),
            errors: errors.map(ToString::to_string).collect(),
            is_misspelt: is_misspelt(inspection.diagnostics()),
        }
    }
}

/// How a file is not what the index says, if it is not.
fn contradiction(name: &str, expected: &Expected) -> Option<String> {
    let found = look_at(name);
    let store = found.store.map_or("none", StoreKind::as_str);
    let is_expected = store == expected.store;
    let holds = match expected.case.as_str() {
        "complete" => is_expected && found.errors.is_empty(),
        // Alone it may lack what makes it right, and then an error says so.
        "fragment" => is_expected || (found.store.is_none() && !found.errors.is_empty()),
        // The product refuses it: here too, or it is for a key outside of what is looked at, and it has a store.
        "refused" if expected.store == "none" => !found.errors.is_empty(),
        "refused" => is_expected && found.errors.is_empty(),
        _ => false,
    };
    (!holds || found.is_misspelt)
        .then(|| format!("{name} ({}, {}): {store}\n{}", expected.case, expected.store, found.errors))
}

/// The lines of the list, each with what the nearest `# expect:` before it says.
fn data_sources() -> Vec<(String, String)> {
    let mut expected = String::new();
    let mut sources = Vec::new();
    for line in read("data-sources.txt").lines() {
        if let Some(word) = line.strip_prefix("# expect:") {
            expected = word.trim().to_owned();
        } else if !line.is_empty() && !line.starts_with('#') {
            sources.push((line.to_owned(), expected.clone()));
        }
    }
    sources
}

fn wrong_source(text: &str, expected: &str) -> Option<String> {
    let inspection = DataSource::inspect(text);
    let errors: String = inspection
        .diagnostics()
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(ToString::to_string)
        .collect();
    let refusal = DataSource::parse(text).map_err(|error| error.kind());
    let holds = match expected {
        "elsewhere" => refusal == Err(ConfigErrorKind::UnsupportedScheme),
        "unknown" => refusal == Err(ConfigErrorKind::UnknownScheme),
        "fragment" => true,
        engine => errors.is_empty() && refusal.is_ok_and(|source| source.engine().as_str() == engine),
    };
    (!holds).then(|| format!("{text} ({expected}): {:?}\n{errors}", inspection.source()))
}

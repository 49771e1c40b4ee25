//! Every rule of the table has its golden files in `tests/golden/diagnostics`: a values file that a user could have
//! written, and what is said of it as text and as JSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use backingstore_config::diagnose::{Diagnostic, EmptyStore, rules};
use backingstore_config::{PlatformConfig, VirtualClusterConfig};
use libtest_mimic::{Failed, Trial};

/// The password of every file. It takes no quotes and no percent-encoding, so it is there letter by letter.
const CANARY: &str = "s3cr3t-c4nary";
/// Each half of it: a password can be cut at a sign within it.
const HALVES: [&str; 2] = ["s3cr3t", "c4nary"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<_> = rules()
        .map(|rule| {
            Trial::test(format!("diagnostic::{}", rule.code), || reads_as_its_golden_files(rule.code))
        })
        .collect();
    trials.push(Trial::test("no_golden_file_is_without_its_rule", no_golden_file_is_without_its_rule));
    trials
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diagnostics")
}

fn read(name: &str) -> Result<String, Failed> {
    fs::read_to_string(folder().join(name)).map_err(|error| format!("{name}: {error}").into())
}

/// `CODE.yaml` against `CODE.txt` and `CODE.json`; where there is a `CODE.previous.yaml`, it is the config before.
/// `BACKINGSTORE_CONFIG_BLESS=1` writes the two.
fn reads_as_its_golden_files(code: &str) -> Result<(), Failed> {
    let file = format!("{code}.yaml");
    let values = read(&file)?;
    let before = read(&format!("{code}.previous.yaml")).ok();
    for text in before.iter().chain([&values]) {
        if !text.contains(CANARY) {
            return Err(format!("{file} or the one before holds no `{CANARY}`").into());
        }
    }
    let (text, diagnostics) = inspect(code, &file, &values, before.as_deref());
    if !diagnostics.iter().any(|diagnostic| diagnostic.code() == code) {
        return Err(format!("{file} is not `{code}`, but:\n{text}").into());
    }
    let json = format!("{}\n", serde_json::to_string_pretty(&diagnostics).expect("it is plain data"));
    let shown = format!("{text}{json}{diagnostics:?}");
    if let Some(half) = HALVES.into_iter().find(|half| shown.contains(half)) {
        return Err(format!("{file}: `{half}` is shown").into());
    }
    for (ending, found) in [("txt", text), ("json", json)] {
        let name = format!("{code}.{ending}");
        if std::env::var_os("BACKINGSTORE_CONFIG_BLESS").is_some() {
            fs::write(folder().join(&name), &found)?;
        }
        if read(&name)? != found {
            return Err(
                format!("{name} is not what is said; BACKINGSTORE_CONFIG_BLESS=1 writes:\n{found}").into()
            );
        }
    }
    Ok(())
}

fn inspect(code: &str, file: &str, values: &str, before: Option<&str>) -> (String, Vec<Diagnostic>) {
    if code.starts_with("platform-") {
        let mut inspection = PlatformConfig::inspect(values);
        if let Some(before) = before {
            inspection = inspection.after(&PlatformConfig::from_yaml(before).expect("it is right"));
        }
        (inspection.to_text(file), inspection.diagnostics().to_vec())
    } else {
        let mut inspection = VirtualClusterConfig::inspect(values);
        if let Some(before) = before {
            let accepted = code == "store-change-accepted";
            let empty = if accepted { EmptyStore::Accepted } else { EmptyStore::Refused };
            inspection =
                inspection.after(&VirtualClusterConfig::from_yaml(before).expect("it is right"), empty);
        }
        (inspection.to_text(file), inspection.diagnostics().to_vec())
    }
}

fn no_golden_file_is_without_its_rule() -> Result<(), Failed> {
    let codes: BTreeSet<_> = rules().map(|rule| rule.code.to_owned()).collect();
    for entry in fs::read_dir(folder())? {
        let name = entry?.file_name().into_string().expect("the names are plain");
        let code = name.split('.').next().unwrap_or_default();
        if !codes.contains(code) {
            return Err(format!("{name} is of no rule").into());
        }
    }
    Ok(())
}

//! Which rules a config breaks: every trap is found, and what is near to one and right is left alone.

mod others;
mod right;
mod traps;

use std::collections::BTreeSet;

use backingstore_config::diagnose::EmptyStore;
use backingstore_config::{DataSource, Diagnostic, PlatformConfig, VirtualClusterConfig};
use libtest_mimic::Trial;

use others::{CHANGES, PLATFORM, SOURCES};
use right::RIGHT;
use traps::TRAPS;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<_> = TRAPS
        .iter()
        .map(|(name, values, code)| {
            testbed::trial(format!("trap::{}", name.replace(' ', "_")), &[], move || {
                let found = codes_of(VirtualClusterConfig::inspect(values).diagnostics());
                if found.contains(code) {
                    Ok(())
                } else {
                    Err(format!("`{code}` is not among {found:?}").into())
                }
            })
        })
        .collect();
    trials.extend(RIGHT.iter().map(|(name, values, expected)| {
        testbed::trial(format!("right::{}", name.replace(' ', "_")), &[], || {
            let inspection = VirtualClusterConfig::inspect(values);
            is_exactly(inspection.diagnostics(), expected, &inspection.to_text("vcluster.yaml"))
        })
    }));
    trials.extend(PLATFORM.iter().map(|(name, values, expected)| {
        testbed::trial(format!("platform::{}", name.replace(' ', "_")), &[], || {
            let inspection = PlatformConfig::inspect(values);
            is_exactly(inspection.diagnostics(), expected, &inspection.to_text("values.yaml"))
        })
    }));
    trials.extend(SOURCES.iter().map(|(source, expected)| {
        testbed::trial(format!("source::{source}"), &[], || {
            let inspection = DataSource::inspect(source);
            is_exactly(inspection.diagnostics(), expected, &format!("{:?}", inspection.diagnostics()))
        })
    }));
    trials.extend(CHANGES.iter().map(|(name, old, new, expected)| {
        testbed::trial(format!("change::{}", name.replace(' ', "_")), &[], || {
            let old = VirtualClusterConfig::from_yaml(old)?;
            let inspection = VirtualClusterConfig::inspect(new).after(&old, EmptyStore::Refused);
            is_exactly(inspection.diagnostics(), expected, &inspection.to_text("vcluster.yaml"))
        })
    }));
    trials
}

fn codes_of(diagnostics: &[Diagnostic]) -> BTreeSet<&'static str> {
    diagnostics.iter().map(Diagnostic::code).collect()
}

fn is_exactly(
    diagnostics: &[Diagnostic],
    expected: &[&str],
    text: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let (found, expected) = (codes_of(diagnostics), BTreeSet::from_iter(expected.iter().copied()));
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, but:\n{text}").into()) }
}

//! Every file of the corpus, without libFuzzer.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_the_targets_ask_for_holds_for_the_whole_corpus() {
    let mut fallen = Vec::new();
    for (name, target) in TARGETS {
        let folder = folder("corpus").join(name);
        let seeds = names_in(&folder);
        assert!(!seeds.is_empty(), "no seed for {name}");
        for seed in seeds {
            let data = std::fs::read(folder.join(&seed)).unwrap();
            if catch_unwind(|| target(&data)).is_err() {
                fallen.push(format!("{name}/{seed}"));
            }
        }
    }
    assert!(fallen.is_empty(), "what was asked for does not hold for corpus/{}", fallen.join(", corpus/"));
}

#[test]
fn every_target_has_a_program_and_a_corpus_and_nothing_else_has() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in(&folder("corpus")), targets);
    let programs: BTreeSet<String> = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names_in(&folder("fuzz_targets")), programs);
}

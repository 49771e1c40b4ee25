//! The main job.

use libtest_mimic::Trial;
use testbed::{KineVersion, Need};

use crate::program::{Tested, example, run};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        testbed::trial("quickstart_says_what_it_does_and_ends_with_ok", &[], it_ends_with_ok),
        testbed::trial(
            "quickstart_takes_values_that_want_kine",
            &[Need::Kine(KineVersion::V0_16_4)],
            it_runs_kine,
        ),
        testbed::trial("quickstart_names_what_is_wrong_with_the_values", &[], it_names_what_is_wrong),
    ]
}

fn it_ends_with_ok() -> Tested {
    let said = run(&mut example("quickstart")?)?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let lines: Vec<_> = said.output.lines().collect();
    assert_eq!(lines[1], "store     embedded-database");
    assert!(lines[2].starts_with("endpoint  unix://"), "{said:?}");
    for line in ["created ", "updated ", "refused ", "listed    2 keys", "deleted "] {
        assert!(lines.iter().any(|said| said.starts_with(line)), "nothing begins with {line}: {said:?}");
    }
    assert_eq!(lines.iter().filter(|line| line.starts_with("saw ")).count(), 5, "{said:?}");
    assert!(lines.last().is_some_and(|last| last.starts_with("ok")), "{said:?}");
    Ok(())
}

fn it_runs_kine() -> Tested {
    let folder = tempfile::tempdir()?;
    let values = folder.path().join("values.yaml");
    let source = format!("sqlite://{}/kine.db?_journal_mode=WAL", folder.path().display());
    let database = format!("{{external: {{enabled: true, dataSource: '{source}'}}}}");
    std::fs::write(&values, format!("controlPlane: {{backingStore: {{database: {database}}}}}"))?;
    let said = run(example("quickstart")?.arg(&values).env("KINE_BIN", KineVersion::V0_16_4.program()?))?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.output.contains("store     external-database"), "{said:?}");
    assert!(said.output.lines().last().is_some_and(|last| last.starts_with("ok")), "{said:?}");
    Ok(())
}

fn it_names_what_is_wrong() -> Tested {
    let folder = tempfile::tempdir()?;
    for (name, values, expected) in [
        ("broken", "controlPlane: [", "line 1"),
        (
            "two",
            "controlPlane: {backingStore: {database: {embedded: {enabled: true}}, etcd: {deploy: {enabled: true}}}}",
            "etcd.deploy",
        ),
        ("etcd", "controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}}", "deployed-etcd"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, values)?;
        let said = run(example("quickstart")?.arg(&path))?;
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.errors.starts_with("error: ") && said.errors.contains(expected), "{name}: {said:?}");
    }
    let said = run(example("quickstart")?.arg("/nowhere/values.yaml"))?;
    assert!(said.code == Some(1) && said.errors.contains("/nowhere/values.yaml"), "{said:?}");
    let said = run(example("quickstart")?.args(["a", "b"]))?;
    assert!(said.code == Some(2) && said.errors.contains("usage"), "{said:?}");
    Ok(())
}

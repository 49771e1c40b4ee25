//! The two programs that look at configs.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::program::{Said, Tested, example, run};

/// A password that no output may hold.
const CANARY: &str = "CANARYx7Qz";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        testbed::trial("inspect_config_says_the_store_and_every_fault_at_its_place", &[], it_finds_faults),
        testbed::trial(
            "inspect_config_reads_a_right_file_from_its_standard_input",
            &[],
            it_reads_standard_input,
        ),
        testbed::trial("inspect_config_says_what_the_readme_shows", &[], it_says_what_the_readme_shows),
        testbed::trial("inspect_config_compares_with_the_file_before", &[], it_compares),
        testbed::trial("inspect_config_looks_at_the_platforms_values", &[], it_looks_at_the_platform),
        testbed::trial("what_cannot_be_read_is_told_from_what_is_wrong", &[], unreadable_is_two),
        testbed::trial("inspect_data_source_shows_each_part_and_no_password", &[], it_shows_each_part),
        testbed::trial(
            "inspect_data_source_takes_its_input_from_where_it_is_told",
            &[],
            it_takes_every_input,
        ),
    ]
}

const FAULTY: &str = "\
controlPlane:
  backingStore:
    database:
      external:
        enabled: true
        dataSource: mysql://kine:CANARYx7Qz@db.example.com:3306/kine # CANARYx7Qz
        certFile: /etc/tls/tls.crt
        conector: shared
";

fn values(text: &str) -> Result<(tempfile::TempDir, PathBuf), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("vcluster.yaml");
    std::fs::write(&file, text)?;
    Ok((folder, file))
}

fn json(said: &Said) -> Result<Value, Box<dyn Error>> {
    assert!(!said.output.contains(CANARY) && !said.errors.contains(CANARY), "{said:?}");
    Ok(serde_json::from_str(&said.output)?)
}

fn codes(object: &Value) -> Vec<&str> {
    let diagnostics = object["diagnostics"].as_array().into_iter().flatten();
    diagnostics.filter_map(|diagnostic| diagnostic["code"].as_str()).collect()
}

fn it_finds_faults() -> Tested {
    let (_folder, file) = values(FAULTY)?;
    let said = run(example("inspect-config")?.arg(&file))?;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(!said.output.contains(CANARY));
    let expected = format!(
        "\
error[unknown-key]: unknown key `conector`
  --> {}:8:9
   |
 8 |         conector: ***
   |         ^
   = at: controlPlane.backingStore.database.external.conector
   = help: write `connector` instead
",
        file.display()
    );
    assert!(said.output.contains(&expected), "{}", said.output);
    assert!(said.output.starts_with("store        external-database\n"), "{}", said.output);
    assert!(
        said.output.contains("write `mysql://kine:***@tcp(db.example.com:3306)/kine`"),
        "{}",
        said.output
    );

    let said = run(example("inspect-config")?.arg("--json").arg(&file))?;
    assert_eq!(said.code, Some(1));
    let object = json(&said)?;
    assert_eq!((&object["ok"], &object["store"]), (&false.into(), &"external-database".into()));
    assert_eq!(
        codes(&object),
        ["mysql-url", "data-source-in-values", "certificate-without-key", "unknown-key"]
    );
    assert_eq!(
        (&object["diagnostics"][3]["line"], &object["diagnostics"][3]["column"]),
        (&8.into(), &9.into())
    );
    for key in ["dataSource", "connector", "identityProvider", "kineCommand", "transition"] {
        assert!(object.get(key).is_some(), "{key}");
    }
    Ok(())
}

fn it_reads_standard_input() -> Tested {
    let text = "controlPlane: {backingStore: {database: {embedded: {enabled: true}}}}";
    let mut child = example("inspect-config")?.args(["--json", "-"]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(0));
    let object: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((&object["ok"], &object["store"]), (&true.into(), &"embedded-database".into()));
    assert_eq!(object["kineCommand"][0], "kine");
    assert_eq!(object["diagnostics"], Value::Array(Vec::new()));
    Ok(())
}

fn it_says_what_the_readme_shows() -> Tested {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md"))?;
    let file = "examples/inspect-config/faulty.yaml";
    let said = run(example("inspect-config")?.current_dir(&root).arg(file))?;
    assert_eq!(said.code, Some(1));
    assert!(readme.contains(&said.output), "{}", said.output);
    assert!(readme.contains(&std::fs::read_to_string(root.join(file))?));
    Ok(())
}

fn it_compares() -> Tested {
    let (_old_folder, old) = values("controlPlane: {backingStore: {database: {embedded: {enabled: true}}}}")?;
    let (_folder, new) = values("controlPlane: {backingStore: {etcd: {embedded: {enabled: true}}}}")?;
    let compare = |more: &[&str]| {
        run(example("inspect-config")?.args(["--json", "--previous"]).arg(&old).args(more).arg(&new))
    };
    let said = compare(&[])?;
    assert_eq!(said.code, Some(1));
    let object = json(&said)?;
    assert_eq!(object["transition"]["outcome"], "discards-state");
    assert_eq!(codes(&object), ["store-change-discards-state"]);
    let said = compare(&["--accept-empty-store"])?;
    assert_eq!(said.code, Some(0));
    assert_eq!(codes(&json(&said)?), ["store-change-accepted"]);
    Ok(())
}

fn it_looks_at_the_platform() -> Tested {
    let (_folder, file) = values(
        "config: {database: {enabled: true, dataSource: 'postgres://kine:CANARYx7Qz@db/kine'}, costControl: {enabled: true}}",
    )?;
    let said = run(example("inspect-config")?.args(["--json", "--platform"]).arg(&file))?;
    assert_eq!(said.code, Some(1));
    assert!(codes(&json(&said)?).contains(&"platform-cost-control"));
    Ok(())
}

fn unreadable_is_two() -> Tested {
    let said = run(example("inspect-config")?.arg("/nowhere/vcluster.yaml"))?;
    assert_eq!(said.code, Some(2));
    assert!(said.errors.contains("/nowhere/vcluster.yaml"), "{said:?}");
    let said = run(example("inspect-data-source")?.arg("env:NO_SUCH_VARIABLE_HERE"))?;
    assert_eq!(said.code, Some(2));
    assert!(said.errors.contains("NO_SUCH_VARIABLE_HERE"), "{said:?}");
    // Not YAML is read all right, and wrong.
    let (_folder, file) = values("a: [CANARYx7Qz\nb: 1")?;
    let said = run(example("inspect-config")?.arg("--json").arg(&file))?;
    assert_eq!(said.code, Some(1));
    assert_eq!(codes(&json(&said)?), ["invalid-yaml"]);
    assert_eq!(run(&mut example("inspect-config")?)?.code, Some(2));
    Ok(())
}

fn it_shows_each_part() -> Tested {
    let source = format!(
        "postgres://kine%40EXAMPLE.COM:{CANARY}@db.example.com:5433,[::1]/Tenant?krb5_keytab=/k&sslmode=require&new={CANARY}"
    );
    let said = run(example("inspect-data-source")?.args(["--json", "env:SOURCE"]).env("SOURCE", &source))?;
    assert_eq!(said.code, Some(1), "{said:?}");
    // Go reads no list of hosts with brackets.
    assert_eq!(codes(&json(&said)?), ["invalid-data-source"]);

    let source = source.replace(",[::1]", "");
    let said = run(example("inspect-data-source")?.args(["--json", "env:SOURCE"]).env("SOURCE", &source))?;
    assert_eq!(said.code, Some(0), "{said:?}");
    let object = json(&said)?;
    assert_eq!(object["engine"], "postgres");
    assert_eq!(
        (&object["user"], &object["kerberos"]["principal"]),
        (&"kine".into(), &"kine@EXAMPLE.COM".into())
    );
    assert_eq!(object["hosts"], serde_json::json!([{"host": "db.example.com", "port": 5433}]));
    assert_eq!(object["database"], "tenant");
    assert_eq!(object["tls"], "require");
    assert_eq!((&object["params"]["sslmode"], &object["params"]["new"]), (&"require".into(), &"***".into()));
    assert_eq!(object["kerberos"]["realm"], "EXAMPLE.COM");
    assert_eq!(object["kerberos"]["keytab"], "/k");
    assert!(object["redacted"].as_str().is_some_and(|text| text.contains(":***@")));
    assert_eq!(codes(&object), ["unknown-parameter", "database-name-lowered"]);

    let said = run(example("inspect-data-source")?.arg("mysql://kine:p@unix(/run/my.sock)/kine"))?;
    assert!(said.output.contains("socket     /run/my.sock\n"), "{}", said.output);
    assert!(said.errors.contains("env:NAME"), "a password in an argument is warned about: {}", said.errors);
    Ok(())
}

fn it_takes_every_input() -> Tested {
    let source = format!("mysql://kine:{CANARY}@tcp(db:3306)/kine");
    let (_folder, file) = values(&format!("{source}\n"))?;
    let from_file = run(example("inspect-data-source")?.args(["--json", &format!("@{}", file.display())]))?;
    let from_variable =
        run(example("inspect-data-source")?.args(["--json", "env:SOURCE"]).env("SOURCE", &source))?;
    let mut child = example("inspect-data-source")?.args(["--json", "-"]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(source.as_bytes())?;
    let from_input = child.wait_with_output()?;
    assert_eq!(json(&from_file)?["redacted"], "mysql://kine:***@tcp(db:3306)/kine");
    assert_eq!(from_file.output, from_variable.output);
    assert_eq!(from_file.output.as_bytes(), from_input.stdout);
    assert_eq!((from_file.code, from_file.errors.as_str()), (Some(0), ""));
    Ok(())
}

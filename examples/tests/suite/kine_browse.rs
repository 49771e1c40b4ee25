//! The small etcdctl.

use std::error::Error;

use libtest_mimic::Trial;

use crate::program::{Said, Serving, Tested, example, run};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        testbed::trial("kine_browse_reads_writes_and_follows_keys", &[], it_reads_writes_and_follows),
        testbed::trial(
            "kine_browse_tells_a_refused_write_from_a_failure",
            &[],
            it_tells_refusals_from_failures,
        ),
    ]
}

fn served() -> Result<(tempfile::TempDir, Serving), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let source = format!("sqlite://{}/state.db", folder.path().display());
    let serving = Serving::start(example("kine-serve")?.args([
        "--endpoint",
        &source,
        "--listen-address",
        "127.0.0.1:0",
    ]))?;
    Ok((folder, serving))
}

fn browse(serving: &Serving, arguments: &[&str]) -> Result<Said, Box<dyn Error>> {
    run(example("kine-browse")?.args(["--endpoint", &serving.endpoint]).args(arguments))
}

fn it_reads_writes_and_follows() -> Tested {
    let (_folder, serving) = served()?;
    for (arguments, expected) in [
        (&["create", "/a", "1"][..], "2\t/a\tcreated\n"),
        (&["update", "/a", "2"], "3\t/a\tupdated\n"),
        (&["update", "/a", "3", "--expected", "3"], "4\t/a\tupdated\n"),
        (&["create", "/b", "x", "--ttl", "600"], "5\t/b\tcreated\n"),
        (&["get", "/a"], "4\t/a\t3\n"),
        (&["get", "/a", "--revision", "2"], "2\t/a\t1\n"),
        (&["list"], "4\t/a\t3\n5\t/b\tx\n"),
        (&["list", "/b", "--keys-only"], "/b\n"),
        (&["list", "--revision", "3"], "3\t/a\t2\n"),
        (&["delete", "/b"], "6\t/b\tdeleted\n"),
        (&["watch", "--from", "4", "--count", "3"], "4\t/a\t3\n5\t/b\tx\n6\t/b\tdeleted\n"),
        (&["compact", "6"], "compacted to 6\n"),
    ] {
        let said = browse(&serving, arguments)?;
        assert_eq!((said.code, said.output.as_str()), (Some(0), expected), "{arguments:?}: {}", said.errors);
    }
    let said = browse(&serving, &["status"])?;
    assert!(said.output.contains("version\t3.6.11") && said.output.contains("revision\t6"), "{said:?}");
    Ok(())
}

fn it_tells_refusals_from_failures() -> Tested {
    let (_folder, serving) = served()?;
    assert_eq!(browse(&serving, &["create", "/a", "1"])?.code, Some(0));
    for (arguments, expected) in [
        (&["create", "/a", "2"][..], "not created: /a is at revision 2"),
        (&["update", "/a", "2", "--expected", "1"], "not updated: /a is at revision 2"),
        (&["delete", "/a", "--expected", "1"], "not deleted: /a is at revision 2"),
        (&["get", "/b"], "/b is not there"),
        (&["get", "/a", "--revision", "99"], "future"),
    ] {
        let said = browse(&serving, arguments)?;
        assert!(said.code == Some(1) && said.errors.contains(expected), "{arguments:?}: {said:?}");
    }
    let nobody = format!("http://127.0.0.1:{}", testbed::free_port()?);
    let said = run(example("kine-browse")?.args(["--endpoint", &nobody, "get", "/a"]))?;
    assert!(said.code == Some(1) && said.errors.contains(&nobody), "{said:?}");
    Ok(())
}

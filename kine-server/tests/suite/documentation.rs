//! What the documentation says is what the code has.

use kine_client::conformance::differences_as_markdown;
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![testbed::trial("the_documented_differences_are_those_of_the_suite", &[], || {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/differences.md");
        let table = differences_as_markdown(None);
        if std::env::var_os("KINE_SERVER_BLESS").is_some() {
            std::fs::write(path, &table)?;
        }
        if std::fs::read_to_string(path)? == table {
            Ok(())
        } else {
            Err("docs/differences.md is stale: run with KINE_SERVER_BLESS=1".into())
        }
    })]
}

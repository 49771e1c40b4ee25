//! Writes `kine-proto/src/generated` anew from `kine-proto/proto`: `cargo run -p proto-gen`.
//!
//! protox compiles the .proto files in this process, so neither protoc nor its include files are needed. The
//! output is checked in; the test below fails when it is stale.

use std::path::{Path, PathBuf};

fn main() {
    let crate_dir = kine_proto();
    generate(&crate_dir, &crate_dir.join("src/generated"));
}

fn kine_proto() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kine-proto")
}

/// Compiles the .proto files of the crate at `crate_dir` into one Rust file a package in `out`.
fn generate(crate_dir: &Path, out: &Path) {
    let descriptors = protox::compile(["rpc.proto", "health.proto"], [crate_dir.join("proto")])
        .unwrap_or_else(|error| panic!("the .proto files do not compile: {error}"));
    std::fs::create_dir_all(out).expect("the output directory can be made");
    tonic_prost_build::configure()
        .out_dir(out)
        // Values come out of the received buffer without a copy.
        .bytes(".")
        .generate_default_stubs(true)
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)
        .expect("the descriptors become Rust code");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_code_is_what_the_proto_files_generate() {
        let checked_in = kine_proto().join("src/generated");
        let fresh = std::env::temp_dir().join(format!("proto-gen-{}", std::process::id()));
        generate(&kine_proto(), &fresh);
        let names = |dir: &Path| {
            let mut names: Vec<_> =
                std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&fresh), names(&checked_in), "run `cargo run -p proto-gen`");
        for name in names(&fresh) {
            assert_eq!(
                std::fs::read_to_string(fresh.join(&name)).unwrap(),
                std::fs::read_to_string(checked_in.join(&name)).unwrap(),
                "{} is stale: run `cargo run -p proto-gen`",
                name.display(),
            );
        }
        std::fs::remove_dir_all(&fresh).unwrap();
    }
}

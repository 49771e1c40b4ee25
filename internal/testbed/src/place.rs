//! Where the programs are, and where temporary files go.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Error;

/// The folder that `scripts/test.sh` puts programs in: `TESTBED_DIR`, or `target/testbed` in the workspace, wherever
/// `CARGO_TARGET_DIR` points.
pub fn tool_dir() -> PathBuf {
    match std::env::var_os("TESTBED_DIR") {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir),
        _ => workspace_root().join("target/testbed"),
    }
}

/// The root of the workspace that this crate was built in.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The file that the environment variable `variable` names, else the first of `candidates` that is an executable file,
/// else `program` in `PATH`.
pub(crate) fn find_program(variable: &str, candidates: &[PathBuf], program: &str) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
        // Named but wrong is not "look elsewhere": the user would test another program than the one meant.
        return executable(Path::new(&named)).then(|| PathBuf::from(named));
    }
    candidates.iter().find(|path| executable(path)).cloned().or_else(|| in_path(program))
}

/// `program` in `PATH`.
pub(crate) fn in_path(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program.as_ref())).find(|file| executable(file))
}

pub(crate) fn executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A fresh folder under the system's temporary folder (`TMPDIR`). Its name begins with `testbed-`.
pub(crate) fn temporary_folder(server: &str) -> Result<tempfile::TempDir, Error> {
    tempfile::Builder::new()
        .prefix(&format!("testbed-{server}-"))
        .tempdir()
        .map_err(Error::io("creating a temporary folder in", std::env::temp_dir()))
}

/// Whether this process is root, which `initdb` and `postgres` refuse to be.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

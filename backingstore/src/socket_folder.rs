//! Where sockets are that nobody has named.

use crate::error::{Error, ErrorKind};

/// A folder that only this user can look into.
pub(crate) fn private_folder() -> Result<tempfile::TempDir, Error> {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix("backingstore-").permissions(mode).tempdir();
    folder.map_err(|error| {
        let place = std::env::temp_dir();
        Error::caused_by(
            ErrorKind::Io,
            format!("no folder for a socket can be made in {}", place.display()),
            error,
        )
    })
}

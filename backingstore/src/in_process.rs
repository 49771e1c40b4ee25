//! The server in this process.

/// The server in this process, with the folder of its socket.
#[derive(Debug)]
pub(crate) struct ServerInProcess {
    pub(crate) handle: kine_server::ServerHandle,
    /// Goes after the handle.
    pub(crate) _folder: Option<tempfile::TempDir>,
}

//! The three files of a TLS client, which databases and etcd have alike.

use crate::reading::section;

section! {
    /// Paths of the files that a TLS client needs. They are not opened here.
    #[derive(PartialEq, Eq)]
    pub strict TlsFiles {
        /// `caFile`: the certificates that the server's certificate must lead to, PEM.
        "caFile" ca_file: Option<String>,
        /// `certFile`: the client's certificate, PEM.
        "certFile" cert_file: Option<String>,
        /// `keyFile`: the client's private key, PEM.
        "keyFile" key_file: Option<String>,
    }
}

impl TlsFiles {
    /// Whether no file is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

//! The three files of a TLS client, which databases and etcd have alike.

use crate::section::{Findings, Section};

/// Paths of the files that a TLS client needs. They are not opened here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFiles {
    /// `caFile`: the certificates that the server's certificate must lead to, PEM.
    pub ca_file: Option<String>,
    /// `certFile`: the client's certificate, PEM.
    pub cert_file: Option<String>,
    /// `keyFile`: the client's private key, PEM.
    pub key_file: Option<String>,
}

impl TlsFiles {
    /// Whether no file is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        Self {
            ca_file: section.text("caFile", findings),
            cert_file: section.text("certFile", findings),
            key_file: section.text("keyFile", findings),
        }
    }
}

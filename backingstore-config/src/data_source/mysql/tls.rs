//! What a DSN says of TLS: its parameters `tls` and `allowFallbackToPlaintext`.

use super::super::fault::Fault;
use super::super::percent::{Plus, decode};
use super::settings::switch;

/// How a connection is encrypted, and what is known of the server then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MysqlTlsMode {
    /// Not at all: `tls=false`, or nothing said.
    Disabled,
    /// Encrypted if the server offers it, in clear text if not: `tls=preferred`, and any other with
    /// `allowFallbackToPlaintext=true`. Whoever is between the two can choose clear text.
    Preferred,
    /// Encrypted, the server's certificate is not verified: `tls=skip-verify`.
    SkipVerify,
    /// Encrypted, the server's certificate and name are verified by the machine's roots: `tls=true`.
    Verified,
}

impl MysqlTlsMode {
    /// Whether the server is known to be the one that is meant.
    pub fn is_verified(self) -> bool {
        self == Self::Verified
    }
}

/// What `tls` names, before a fallback is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsName {
    Nothing,
    Verified,
    SkipVerify,
    Preferred,
    /// Settings that a program would have registered.
    Registered,
}

impl TlsName {
    /// Reads a value of `tls`, as it is written.
    pub(super) fn read(value: &str) -> Result<Self, Fault> {
        match switch(value) {
            Some(true) => return Ok(Self::Verified),
            Some(false) => return Ok(Self::Nothing),
            None => {}
        }
        match value.to_lowercase().as_str() {
            "skip-verify" => return Ok(Self::SkipVerify),
            "preferred" => return Ok(Self::Preferred),
            _ => {}
        }
        // Only a name is decoded, and then no longer looked at without case.
        match decode(value, Plus::Space)?.as_str() {
            "" | "false" => Ok(Self::Nothing),
            "true" => Ok(Self::Verified),
            "skip-verify" => Ok(Self::SkipVerify),
            "preferred" => Ok(Self::Preferred),
            _ => Ok(Self::Registered),
        }
    }

    /// The driver's word; none for `false`, and where nothing is said.
    pub(super) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Verified => Some("true"),
            Self::SkipVerify => Some("skip-verify"),
            Self::Preferred => Some("preferred"),
            // What is registered nowhere is refused.
            Self::Nothing | Self::Registered => None,
        }
    }

    /// What it means together with `allowFallbackToPlaintext`.
    pub(super) fn mode(self, falls_back: bool) -> Result<MysqlTlsMode, Fault> {
        match self {
            Self::Registered => Err(NO_SUCH_TLS),
            Self::Nothing => Ok(MysqlTlsMode::Disabled),
            Self::Preferred => Ok(MysqlTlsMode::Preferred),
            _ if falls_back => Ok(MysqlTlsMode::Preferred),
            Self::Verified => Ok(MysqlTlsMode::Verified),
            Self::SkipVerify => Ok(MysqlTlsMode::SkipVerify),
        }
    }
}

/// kine registers its own name, `kine`, after the data source is read (v0.16.4 `pkg/drivers/mysql`, `prepareConfig`), so
/// that one is unknown too.
const NO_SUCH_TLS: Fault = Fault::invalid(
    "a `tls` that names settings which kine does not have",
    "write `tls=true`, `tls=skip-verify`, `tls=preferred` or `tls=false`; for a certificate authority of your own, leave `tls` out and give kine \
     the files",
);

#[cfg(test)]
mod tests {
    use super::super::settings::MysqlSettings;
    use super::*;

    fn mode(text: &str) -> Result<MysqlTlsMode, Fault> {
        let params = text.split('&').filter_map(|segment| segment.split_once('='));
        MysqlSettings::read(params).map(|settings| settings.tls)
    }

    #[test]
    fn tls_is_told_by_name_and_by_fallback() {
        use MysqlTlsMode::{Disabled, Preferred, SkipVerify, Verified};
        for (text, expected) in [
            ("", Disabled),
            ("tls=", Disabled),
            ("tls=false", Disabled),
            ("tls=0", Disabled),
            ("tls=true", Verified),
            ("tls=%74rue", Verified),
            ("tls=skip-verify", SkipVerify),
            ("tls=Skip-Verify", SkipVerify),
            ("tls=skip%2Dverify", SkipVerify),
            ("tls=preferred", Preferred),
            ("tls=PREFERRED", Preferred),
            ("tls=preferred&allowFallbackToPlaintext=false", Preferred),
            ("allowFallbackToPlaintext=true&tls=true", Preferred),
            ("allowFallbackToPlaintext=true&tls=skip-verify", Preferred),
            ("allowFallbackToPlaintext=true", Disabled),
            ("tls=preferred&tls=true", Verified),
        ] {
            assert_eq!(mode(text), Ok(expected), "{text}");
        }
        for value in ["kine", "custom", "verify-ca", "%54rue", "%50referred", "%31", "%zz"] {
            assert!(mode(&format!("tls={value}")).is_err(), "{value}");
        }
    }
}

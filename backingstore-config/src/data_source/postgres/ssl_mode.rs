//! How far a connection to PostgreSQL is protected by TLS.

use std::fmt;

use super::super::fault::Fault;

/// libpq's `sslmode`, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only where the server refuses a connection without it.
    Allow,
    /// TLS where the server has it, and a connection without it where not. The default of pgx and of libpq.
    Prefer,
    /// TLS, to whoever answers.
    Require,
    /// TLS, to a server whose certificate leads to a known one.
    VerifyCa,
    /// TLS, to a server whose certificate leads to a known one and names the host.
    VerifyFull,
}

impl SslMode {
    /// The mode as data sources spell it, such as `verify-full`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// Whether every connection is encrypted, or there is none.
    pub fn is_encrypted(self) -> bool {
        self >= Self::Require
    }

    /// Whether the server must show a certificate that leads to a known one.
    pub fn is_verified(self) -> bool {
        self >= Self::VerifyCa
    }

    fn read(text: &str) -> Option<Self> {
        let modes =
            [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];
        modes.into_iter().find(|mode| mode.as_str() == text)
    }

    /// What pgx makes of the parameters together (v5.10 `configTLS`).
    pub(in super::super) fn of<'a>(param: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Fault> {
        let root = param("sslrootcert").unwrap_or_default();
        if root == "system" {
            return Ok(Self::VerifyFull);
        }
        let mode = match param("sslmode").unwrap_or_default() {
            "" => Self::Prefer,
            text => Self::read(text).ok_or(Fault::invalid(
                "an `sslmode` that drivers refuse",
                "write `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`",
            ))?,
        };
        Ok(match mode {
            Self::Prefer if param("sslnegotiation") == Some("direct") => Self::require(root),
            Self::Require => Self::require(root),
            mode => mode,
        })
    }

    /// With a root certificate at hand `require` verifies: libpq's documentation, "SSL Support", and pgx.
    fn require(root: &str) -> Self {
        if root.is_empty() { Self::Require } else { Self::VerifyCa }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(params: &[(&str, &'static str)]) -> Result<SslMode, Fault> {
        SslMode::of(|name| params.iter().find(|(param, _)| *param == name).map(|(_, value)| *value))
    }

    #[test]
    fn each_mode_is_known_by_its_name_and_nothing_is_prefer() {
        for name in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
            assert_eq!(mode(&[("sslmode", name)]).unwrap().to_string(), name);
        }
        assert_eq!(mode(&[]), Ok(SslMode::Prefer));
        assert_eq!(mode(&[("sslmode", "")]), Ok(SslMode::Prefer));
        for name in ["Require", "verify_full", "true", "on", " disable"] {
            assert!(mode(&[("sslmode", name)]).is_err(), "{name}");
        }
    }

    #[test]
    fn other_parameters_raise_it_as_in_pgx() {
        use SslMode::{Disable, Prefer, Require, VerifyCa, VerifyFull};
        for (params, expected) in [
            (vec![("sslrootcert", "system"), ("sslmode", "disable")], VerifyFull),
            (vec![("sslrootcert", "system"), ("sslmode", "no-mode")], VerifyFull),
            (vec![("sslrootcert", "/ca"), ("sslmode", "require")], VerifyCa),
            (vec![("sslrootcert", "/ca")], Prefer),
            (vec![("sslrootcert", "/ca"), ("sslmode", "disable")], Disable),
            (vec![("sslrootcert", ""), ("sslmode", "require")], Require),
            (vec![("sslnegotiation", "direct")], Require),
            (vec![("sslnegotiation", "direct"), ("sslrootcert", "/ca")], VerifyCa),
            (vec![("sslnegotiation", "direct"), ("sslmode", "disable")], Disable),
            (vec![("sslnegotiation", "postgres")], Prefer),
        ] {
            assert_eq!(mode(&params), Ok(expected), "{params:?}");
        }
    }

    #[test]
    fn encryption_and_verification_follow_the_order() {
        assert!(!SslMode::Prefer.is_encrypted() && SslMode::Require.is_encrypted());
        assert!(!SslMode::Require.is_verified() && SslMode::VerifyCa.is_verified());
    }
}

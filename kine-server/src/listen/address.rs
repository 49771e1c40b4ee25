//! An address to listen on, in kine's form.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// Where to listen: a TCP address or a Unix socket.
///
/// Parsed from kine's form of it: `unix://PATH`, or `HOST:PORT` behind any scheme or none. Port 0 lets the system choose.
///
/// ```
/// use kine_server::ListenAddress;
///
/// let tcp: ListenAddress = "tcp://127.0.0.1:2379".parse()?;
/// assert_eq!(tcp.to_string(), "127.0.0.1:2379");
/// let socket: ListenAddress = "unix:///run/kine.sock".parse()?;
/// assert_eq!(socket.to_string(), "unix:///run/kine.sock");
/// # Ok::<(), kine_server::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListenAddress {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The path of a Unix socket, which is made with mode 0600.
    Unix(PathBuf),
}

impl ListenAddress {
    /// A free port on 127.0.0.1.
    pub fn loopback() -> Self {
        Self::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// A Unix socket at `path`.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::Unix(path.into())
    }

    /// Whether other hosts can reach it.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Tcp(address) if !address.ip().is_loopback())
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl FromStr for ListenAddress {
    type Err = Error;

    /// Host names are resolved; the first address counts.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |why: &str| {
            Error::new(
                ErrorKind::Config,
                format!("the listen address {text:?} {why}: write HOST:PORT or unix://PATH"),
            )
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        if scheme == "unix" {
            return if rest.is_empty() {
                Err(refused("names no socket"))
            } else {
                Ok(Self::Unix(rest.into()))
            };
        }
        // As in Go, no host means every interface.
        let host = if rest.starts_with(':') { format!("[::]{rest}") } else { rest.to_owned() };
        let mut addresses =
            host.to_socket_addrs().map_err(|error| refused("cannot be used").with_source(error))?;
        addresses.next().map(Self::Tcp).ok_or_else(|| refused("has no address"))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_kines_forms() {
        for (text, expected) in [
            ("127.0.0.1:2379", "127.0.0.1:2379"),
            ("http://127.0.0.1:2379", "127.0.0.1:2379"),
            ("[::1]:0", "[::1]:0"),
            (":2379", "[::]:2379"),
            ("unix://relative.sock", "unix://relative.sock"),
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), expected);
        }
        assert!(ListenAddress::from_str("0.0.0.0:1").unwrap().is_remote());
        assert!(!ListenAddress::loopback().is_remote());
        for text in ["", "unix://", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"] {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.to_string().contains("write HOST:PORT or unix://PATH"), "{error}");
        }
    }
}

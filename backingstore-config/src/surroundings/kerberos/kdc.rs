//! Where a KDC listens.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::super::invalid;
use crate::error::ConfigError;

/// The host and the port of a KDC. Port 88 where none is written (RFC 4120 section 7.2).
///
/// It is read from `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`, and shown with its port always.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KdcAddress {
    host: String,
    port: u16,
}

impl KdcAddress {
    /// A name or an address, IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// # Errors
///
/// [`InvalidValue`](crate::ConfigErrorKind::InvalidValue) for what is not of that form. A name is of ASCII
/// letters, digits, `.`, `-` and `_`.
impl FromStr for KdcAddress {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || {
            invalid(
                "KDC",
                "it is no host, nor a host with a port",
                "write it as `kdc.example.com`, `kdc.example.com:88`, `10.0.0.1:88` or `[2001:db8::1]:88`",
            )
        };
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']').ok_or_else(fault)?;
                address.parse::<Ipv6Addr>().map_err(|_| fault())?;
                (
                    address,
                    if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(fault)?) },
                )
            }
            None => {
                let (host, port) =
                    text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
                let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
                if host.is_empty() || !host.bytes().all(fits) {
                    return Err(fault());
                }
                (host, port)
            }
        };
        let port = match port {
            None => 88,
            // `u16::from_str` would take a sign.
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
                port.parse().ok().filter(|port| *port != 0).ok_or_else(fault)?
            }
            Some(_) => return Err(fault()),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

/// `HOST:PORT`, IPv6 in brackets: with a port always, since not every reader of `krb5.conf` tells the end of
/// an IPv6 address from a port.
impl fmt::Display for KdcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_with_and_without_a_port() {
        for (text, shown) in [
            ("kdc", "kdc:88"),
            ("kdc.example.com:750", "kdc.example.com:750"),
            ("10.0.0.1", "10.0.0.1:88"),
            ("[2001:db8::1]", "[2001:db8::1]:88"),
            ("[::1]:750", "[::1]:750"),
        ] {
            let kdc: KdcAddress = text.parse().unwrap();
            assert_eq!(kdc.to_string(), shown);
            assert_eq!(kdc.to_string().parse::<KdcAddress>().unwrap(), kdc);
        }
    }

    #[test]
    fn what_krb5_conf_could_misread_is_refused() {
        for text in [
            "",
            ":88",
            "kdc:",
            "kdc:0",
            "kdc:65536",
            "kdc:+1",
            "kdc\n}",
            "kdc x",
            "tcp/kdc",
            "http://kdc",
            "::1",
            "[::1",
            "[kdc]:88",
            "[::1]88",
            "kdc = x",
            "kdc}",
            "kd\u{e9}",
        ] {
            assert!(text.parse::<KdcAddress>().is_err(), "{text}");
        }
    }
}

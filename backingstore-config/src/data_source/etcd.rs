//! Endpoints of an etcd that is there already: `https://HOST:2379`, several with commas between them.

use std::fmt;

use super::fault::Fault;
use super::host::split_host_port;
use super::misplaced::refuse_in_name;

/// One or more endpoints of one etcd. They hold no secret: a user or a password in one is refused, since no
/// etcd client reads it there.
#[derive(Clone, PartialEq, Eq)]
pub struct EtcdEndpoints(Vec<EtcdEndpoint>);

/// One endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct EtcdEndpoint {
    written: String,
    scheme: EtcdScheme,
    host: String,
    port: Option<u16>,
}

/// How an etcd endpoint is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EtcdScheme {
    /// In clear text over TCP.
    Http,
    /// TLS over TCP.
    Https,
    /// A Unix socket.
    Unix,
}

impl EtcdEndpoints {
    /// Parses the whole text, its schemes too.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        text.split(',').map(EtcdEndpoint::parse).collect::<Result<_, _>>().map(Self)
    }

    /// The endpoints in the order written; never none.
    pub fn iter(&self) -> impl Iterator<Item = &EtcdEndpoint> {
        self.0.iter()
    }
}

impl EtcdEndpoint {
    fn parse(text: &str) -> Result<Self, Fault> {
        const FORM: &str = "write `http://HOST:2379`, `https://HOST:2379` or `unix://PATH`, the scheme before each of several";
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("http://") {
            (EtcdScheme::Http, rest)
        } else if let Some(rest) = text.strip_prefix("https://") {
            (EtcdScheme::Https, rest)
        } else if let Some(rest) = text.strip_prefix("unix://") {
            (EtcdScheme::Unix, rest)
        } else {
            return Err(Fault::invalid("an etcd endpoint without `http://`, `https://` or `unix://`", FORM));
        };
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Fault::invalid("white space in an etcd endpoint", FORM));
        }
        let (host, port) = if scheme == EtcdScheme::Unix {
            refuse_in_name(rest)?;
            (rest, None)
        } else {
            if rest.contains('@') {
                return Err(Fault::invalid(
                    "a user or a password in an etcd endpoint",
                    "remove it: etcd takes them from the client's own options, or a client certificate",
                ));
            }
            split_host_port(rest.strip_suffix('/').unwrap_or(rest))?
        };
        if host.is_empty() {
            return Err(Fault::invalid("an etcd endpoint without a host", FORM));
        }
        // etcd's client adds none: `missing port in address` on each attempt, whatever the scheme (seen with etcdctl;
        // client v3.6 `internal/endpoint`, Go's `net.Dial`).
        if scheme != EtcdScheme::Unix && port.is_none() {
            return Err(Fault::invalid(
                "no port in an etcd endpoint",
                "write the port, which is 2379 for most: `HOST:2379`",
            ));
        }
        Ok(Self { written: text.to_owned(), scheme, host: host.to_owned(), port })
    }

    /// How it is reached.
    pub fn scheme(&self) -> EtcdScheme {
        self.scheme
    }

    /// The host, IPv6 without brackets. None for a Unix socket.
    pub fn host(&self) -> Option<&str> {
        (self.scheme != EtcdScheme::Unix).then_some(self.host.as_str())
    }

    /// The port. None for a Unix socket.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path of a Unix socket. None for the other schemes.
    pub fn socket(&self) -> Option<&str> {
        (self.scheme == EtcdScheme::Unix).then_some(self.host.as_str())
    }

    /// The endpoint as written, with its scheme.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl fmt::Display for EtcdEndpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, endpoint) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(&endpoint.written)?;
        }
        Ok(())
    }
}

impl fmt::Debug for EtcdEndpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EtcdEndpoints({self})")
    }
}

impl fmt::Display for EtcdEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for EtcdEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EtcdEndpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_endpoints_are_read_in_order() {
        let text = "https://a.example:2379,http://[::1]:2380/,unix:///run/etcd.sock";
        let endpoints = EtcdEndpoints::parse(text).unwrap();
        let parts: Vec<_> = endpoints.iter().map(|e| (e.scheme(), e.host(), e.port(), e.socket())).collect();
        assert_eq!(
            parts,
            [
                (EtcdScheme::Https, Some("a.example"), Some(2379), None),
                (EtcdScheme::Http, Some("::1"), Some(2380), None),
                (EtcdScheme::Unix, None, None, Some("/run/etcd.sock")),
            ]
        );
        assert_eq!(endpoints.to_string(), text);
    }

    #[test]
    fn what_no_etcd_client_reads_is_refused() {
        for text in [
            "https://a:2379,b:2379",
            "https://",
            "https://a:2379,",
            "https://root:pw@a:2379",
            "https://a:2379/path",
            "https://a:2379?x=1",
            "https://a:2379, https://b:2379",
            "http://:2379",
            "https://a",
            "http://a/",
            "http://[::1]",
            "https://a:",
            "https://a:2379,https://b",
            "unix:///run/etcd.sock?password=p",
            "unix://",
            "mysql://a",
        ] {
            assert!(EtcdEndpoints::parse(text).is_err(), "{text}");
        }
    }
}

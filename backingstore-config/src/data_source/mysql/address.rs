//! Where a MySQL server listens: `NET(ADDRESS)` of a DSN.

use super::super::fault::Fault;
use super::super::host::{check_ipv6, check_name, is_loopback, parse_port};
use super::super::misplaced::refuse_in_name;

/// go-sql-driver's default address of the net `unix` (v1.10 `dsn.go`, `normalize`).
const DEFAULT_SOCKET: &str = "/tmp/mysql.sock";
const DEFAULT_PORT: u16 = 3306;

/// Where a MySQL server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MysqlAddress {
    /// A host and a port.
    Tcp {
        /// A name or an address, IPv6 without brackets. Empty means this machine.
        host: String,
        /// The port; 3306 where none is written.
        port: u16,
    },
    /// A Unix socket.
    Unix {
        /// The socket's path.
        path: String,
    },
}

impl MysqlAddress {
    /// Whether it is reached without a network: a Unix socket, or a host that is empty, `localhost`, in `127.0.0.0/8` or
    /// `::1`. No name is looked up.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Tcp { host, .. } => is_loopback(host),
            Self::Unix { .. } => true,
        }
    }

    /// Whether it is a Unix socket.
    pub fn is_unix_socket(&self) -> bool {
        matches!(self, Self::Unix { .. })
    }

    /// Reads `NET`, `NET(ADDRESS)`, `(ADDRESS)` or nothing.
    ///
    /// The driver takes any net and any address and fails when it dials. Here an address that cannot be dialled is
    /// refused: what is no address can be a part of a password.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let (net, address) = match text.split_once('(') {
            Some((net, rest)) => (net, in_brackets(rest)?),
            None => (text, ""),
        };
        match net {
            "" | "tcp" if address.is_empty() => {
                Ok(Self::Tcp { host: "127.0.0.1".to_owned(), port: DEFAULT_PORT })
            }
            "" | "tcp" => tcp(address, Some(DEFAULT_PORT)),
            // The driver adds a port to `tcp` alone.
            "tcp4" | "tcp6" => tcp(address, None),
            "unix" if address.is_empty() => Ok(Self::Unix { path: DEFAULT_SOCKET.to_owned() }),
            "unix" => {
                refuse_in_name(address)?;
                Ok(Self::Unix { path: address.to_owned() })
            }
            _ => Err(Fault::invalid(
                "an address that is not `tcp(HOST:PORT)` or `unix(PATH)`",
                "write `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`, the host in brackets after `tcp`; in the plain URL form, use the driver's \
                 form for a user or a password with `@`, `:`, `/`, `?`, `#`, `%` or a bracket in it",
            )),
        }
    }

    /// `HOST:PORT` or `HOST` of a URL, the port filled in. None where it is not plainly that.
    pub(super) fn from_url(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
            }
            None => {
                let (host, port) = match text.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (text, None),
                };
                // A net whose brackets were forgotten: `tcp:3306`.
                let is_net = ["tcp", "tcp4", "tcp6", "udp", "unix"].contains(&host);
                if host.is_empty() || !host.is_ascii() || is_net || check_name(host).is_err() {
                    return None;
                }
                (host, port)
            }
        };
        let port = match port {
            Some(port) => parse_port(port).ok()?,
            None => DEFAULT_PORT,
        };
        Some(Self::Tcp { host: host.to_owned(), port })
    }

    /// As a DSN has it, the port and the brackets of IPv6 written out.
    pub(super) fn write(&self) -> String {
        match self {
            Self::Tcp { host, port } if host.contains(':') => format!("tcp([{host}]:{port})"),
            Self::Tcp { host, port } => format!("tcp({host}:{port})"),
            Self::Unix { path } => format!("unix({path})"),
        }
    }
}

/// What stands between a `(` and the `)` at the end.
fn in_brackets(rest: &str) -> Result<&str, Fault> {
    match rest.strip_suffix(')') {
        Some(address) => Ok(address),
        None if rest.contains(')') => Err(Fault::invalid(
            "text between the `)` of its address and the last `/`",
            "write a `/` of a parameter's value as `%2F`: the last `/` is the one before the database's name",
        )),
        None => Err(Fault::invalid("a `(` without its `)` before the `/`", "write `tcp(HOST:3306)`")),
    }
}

/// Reads what Go's `net.SplitHostPort` splits, and where it finds no port, what the driver makes of it: it adds its port
/// behind the whole text, in brackets if there is a `:` in it (v1.10 `dsn.go`, `ensureHavePort`).
fn tcp(text: &str, default_port: Option<u16>) -> Result<MysqlAddress, Fault> {
    let (host, port) = match split(text) {
        Some((host, port)) => (host, parse_port(port)?),
        // In brackets already, the address would get a second pair, which Go cannot dial.
        None if text.starts_with('[') => {
            return Err(Fault::invalid(
                "an address in brackets without a port",
                "write `tcp([ADDRESS]:3306)`",
            ));
        }
        None => (text, default_port.ok_or(NO_PORT)?),
    };
    if host.contains(':') {
        check_ipv6(host)?;
    } else {
        check_name(host)?;
    }
    Ok(MysqlAddress::Tcp { host: host.to_owned(), port })
}

const NO_PORT: Fault =
    Fault::invalid("no port in its `tcp4` or `tcp6` address", "write `tcp(HOST:3306)`, or add the port");

/// Host and port, where there is one pair of brackets or one `:`.
fn split(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            Some((host, port.strip_prefix(':')?))
        }
        None => text.split_once(':').filter(|(_, port)| !port.contains(':')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> MysqlAddress {
        MysqlAddress::parse(text).unwrap()
    }

    fn tcp(host: &str, port: u16) -> MysqlAddress {
        MysqlAddress::Tcp { host: host.to_owned(), port }
    }

    fn unix(path: &str) -> MysqlAddress {
        MysqlAddress::Unix { path: path.to_owned() }
    }

    #[test]
    fn missing_parts_are_the_drivers_defaults() {
        for text in ["", "()", "tcp", "tcp()"] {
            assert_eq!(address(text), tcp("127.0.0.1", 3306), "{text}");
        }
        assert_eq!(address("(h)"), tcp("h", 3306));
        assert_eq!(address("tcp(:3307)"), tcp("", 3307));
        assert_eq!(address("unix"), unix("/tmp/mysql.sock"));
        assert_eq!(address("unix()"), unix("/tmp/mysql.sock"));
        assert_eq!(address("unix(/run/a(b).sock)"), unix("/run/a(b).sock"));
    }

    #[test]
    fn ipv6_needs_brackets_with_a_port_and_none_without() {
        assert_eq!(address("tcp([::1]:3306)"), tcp("::1", 3306));
        assert_eq!(address("tcp(::1)"), tcp("::1", 3306));
        assert_eq!(address("tcp(fe80::1%eth0)"), tcp("fe80::1%eth0", 3306));
        assert_eq!(address("tcp([fe80::1%eth0]:1)"), tcp("fe80::1%eth0", 1));
        assert!(MysqlAddress::parse("tcp([::1])").is_err());
    }

    #[test]
    fn a_name_may_stand_in_brackets_too() {
        assert_eq!(address("tcp([db.example.com]:3307)"), tcp("db.example.com", 3307));
        assert_eq!(address("tcp4(127.0.0.1:1)"), tcp("127.0.0.1", 1));
    }

    #[test]
    fn what_cannot_be_dialled_is_refused() {
        for text in [
            "udp(h:1)",
            "TCP(h:1)",
            "db.example.com",
            "db.example.com(3306)",
            "tcp4(h)",
            "tcp6()",
            "tcp4",
            "tcp(h:)",
            "tcp(h:0)",
            "tcp(h:65536)",
            "tcp(h:mysql)",
            "tcp(h:+1)",
            "tcp(a:b:c)",
            "tcp(h h)",
            "tcp(h/x)",
            "tcp([h)",
            "tcp([h]1)",
            "tcp(h",
            "tcp(h)x",
            "tcp)",
        ] {
            assert!(MysqlAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_and_sockets_are_told_from_the_rest() {
        for text in
            ["", "tcp(localhost)", "tcp(LOCALHOST.:1)", "tcp(127.9.9.9)", "tcp([::1]:1)", "tcp(:1)", "unix"]
        {
            assert!(address(text).is_loopback(), "{text}");
        }
        for text in
            ["tcp(db)", "tcp(10.0.0.1)", "tcp(localhost.example.com)", "tcp([2001:db8::1]:1)", "tcp(0.0.0.0)"]
        {
            assert!(!address(text).is_loopback(), "{text}");
        }
        assert!(address("unix").is_unix_socket());
        assert!(!address("tcp(localhost)").is_unix_socket());
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for text in [
            "tcp(db:3307)",
            "tcp([2001:db8::1]:3306)",
            "tcp([fe80::1%eth0]:1)",
            "tcp(:1)",
            "unix(/run/my.sock)",
        ] {
            assert_eq!(address(text).write(), text);
        }
    }
}

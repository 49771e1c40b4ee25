//! `HOST:PORT`, with IPv6 in brackets.

use std::net::{IpAddr, Ipv6Addr};

use super::fault::Fault;

const PORT: Fault = Fault::invalid(
    "a port that is not a number from 1 to 65535",
    "write `HOST:PORT`; in a URL, percent-encode `@`, `:`, `/`, `?` and `#` where a user or a password holds them",
);

/// Reads a port. `0` is refused: no server listens there.
pub(super) fn parse_port(text: &str) -> Result<u16, Fault> {
    // `u16::from_str` would take a sign.
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PORT);
    }
    match text.parse::<u16>() {
        Ok(0) | Err(_) => Err(PORT),
        Ok(port) => Ok(port),
    }
}

/// Splits `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`, and takes the brackets off. An empty host and an
/// empty port are left to the caller.
pub(super) fn split_host_port(text: &str) -> Result<(&str, Option<u16>), Fault> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return Err(Fault::invalid(
                "a `[` without its `]` in a host",
                "write an IPv6 address as `[ADDRESS]:PORT`",
            ));
        };
        check_ipv6(address)?;
        match port.strip_prefix(':') {
            Some(port) => (address, Some(port)),
            None if port.is_empty() => (address, None),
            None => return Err(PORT),
        }
    } else {
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err(Fault::invalid(
                    "several `:` in one host",
                    "write an IPv6 address as `[ADDRESS]:PORT`; in a URL, percent-encode `@`, `:`, `/`, `?` and `#` where a user or a password \
                     holds them",
                ));
            }
            Some((host, port)) => (check_name(host)?, Some(port)),
            None => (check_name(text)?, None),
        }
    };
    let port = port.filter(|port| !port.is_empty()).map(parse_port);
    Ok((host, port.transpose()?))
}

/// Refuses what is no host name and no IPv4 address. The empty text passes.
pub(super) fn check_name(host: &str) -> Result<&str, Fault> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if host.chars().all(fits) {
        Ok(host)
    } else {
        Err(Fault::invalid(
            "a character in a host that no host name has",
            "write a host name or an address; in a URL, percent-encode `@`, `:`, `/`, `?` and `#` where a user or a password holds them",
        ))
    }
}

/// Refuses what is no IPv6 address, with or without a zone.
pub(super) fn check_ipv6(address: &str) -> Result<(), Fault> {
    // A zone stands behind `%`, in a URL spelt `%25` (RFC 6874).
    let (address, zone) = address.split_once('%').unwrap_or((address, "0"));
    let zone_fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if address.parse::<Ipv6Addr>().is_err() || zone.is_empty() || !zone.chars().all(zone_fits) {
        return Err(Fault::invalid(
            "brackets around what is not an IPv6 address",
            "write an IPv6 address as `[ADDRESS]:PORT`, and a host name or an IPv4 address without brackets",
        ));
    }
    Ok(())
}

/// Whether a host, as a data source names it, is this machine. The empty host and the folder of a Unix socket are.
/// Nothing is looked up.
pub(super) fn is_loopback(host: &str) -> bool {
    if host.is_empty() || host.starts_with('/') {
        return true;
    }
    match address_of(host) {
        Some(address) => address.is_loopback(),
        // A dot at its end makes a name absolute, and is no part of it.
        None => host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost"),
    }
}

/// Whether a connection to a host stays on this machine: also one to `0.0.0.0` and `::`, which Linux takes for itself.
/// As a name of what a server listens on they are the whole network, and so not loopback.
pub(crate) fn is_this_machine(host: &str) -> bool {
    is_loopback(host) || address_of(host).is_some_and(|address| address.is_unspecified())
}

/// The address that a host is, without an IPv6 zone, and IPv4 as such.
pub(crate) fn address_of(host: &str) -> Option<IpAddr> {
    host.split('%').next()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_ports_are_split() {
        for (text, expected) in [
            ("", ("", None)),
            (":5432", ("", Some(5432))),
            ("db", ("db", None)),
            ("db:", ("db", None)),
            ("db_1.example.com:5433", ("db_1.example.com", Some(5433))),
            ("[::1]", ("::1", None)),
            ("[2001:db8::1]:1", ("2001:db8::1", Some(1))),
            ("[fe80::1%25eth0]:65535", ("fe80::1%25eth0", Some(65535))),
        ] {
            assert_eq!(split_host_port(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_stays_on_this_machine_is_told_from_what_needs_a_network() {
        for host in ["", "/run/pg", "localhost.", "127.1.2.3", "::ffff:127.0.0.1", "::1%lo", "0.0.0.0", "::"]
        {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["db", "10.0.0.1", "fe80::1%eth0", "localhost.example.com"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_and_port_is_refused() {
        for text in [
            "db:0",
            "db:65536",
            "db:+1",
            "db:x",
            "::1",
            "a:1:2",
            "[::1",
            "[db]:1",
            "[::1]1",
            "[127.0.0.1]",
            "a b",
            "a/b",
            "a@b",
            "[::1%]",
        ] {
            assert!(split_host_port(text).is_err(), "{text}");
        }
    }
}

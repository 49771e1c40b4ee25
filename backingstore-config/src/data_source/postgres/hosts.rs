//! The servers of a PostgreSQL data source: those of the URL, or those of the parameters that take their place.

use super::super::fault::Fault;
use super::super::host::{is_loopback, parse_port, split_host_port};
use super::EMPTY_NAME;

const AS_PARAMETERS: &str =
    "write the hosts as parameters: `postgres://USER:PASSWORD@/DATABASE?host=HOST1,HOST2&port=5432,5432`";

/// One of the servers to try.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PostgresHost {
    host: String,
    port: Option<u16>,
}

impl PostgresHost {
    /// A name, an address (IPv6 without brackets), or the folder of a Unix socket. Empty means the driver's
    /// default.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port. None means 5432, or what `PGPORT` says.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is the folder of a Unix socket: an absolute path.
    pub fn is_unix_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Whether what is sent there stays on this machine: `localhost`, an address of 127.0.0.0/8, `::1`, the folder
    /// of a Unix socket, or no host at all. No name is looked up, so another name of this machine does not count.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Pairs hosts and ports, of the URL or of the parameters that take their place.
pub(super) fn resolve(
    written: &str,
    host_param: Option<&str>,
    port_param: Option<&str>,
) -> Result<Vec<PostgresHost>, Fault> {
    if written.contains('%') && !written.contains('[') {
        return Err(Fault::invalid(
            "a `%` in its host",
            "write the folder of a Unix socket as a parameter, `postgres:///DATABASE?host=/FOLDER`: kine refuses an encoded one before the path",
        ));
    }
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in written.split(',').filter(|part| !part.is_empty()) {
        let (host, port) = split_host_port(part)?;
        if !host.is_empty() {
            // The zone of an IPv6 address stands behind `%25` in a URL (RFC 6874).
            hosts.push(host.replacen("%25", "%", 1));
        }
        ports.extend(port);
    }
    refuse_what_net_url_refuses(written)?;
    if let Some(list) = host_param {
        if list.split(',').any(str::is_empty) {
            return Err(EMPTY_NAME);
        }
        hosts = list.split(',').map(str::to_owned).collect();
    }
    if let Some(list) = port_param {
        ports = list.split(',').map(parse_port).collect::<Result<_, _>>()?;
    }
    if hosts.is_empty() && !ports.is_empty() {
        hosts.push(String::new());
    }
    Ok(hosts
        .into_iter()
        .enumerate()
        .map(|(index, host)| PostgresHost { host, port: ports.get(index).or(ports.first()).copied() })
        .collect())
}

/// Hosts that are right by themselves, and that do not start kine.
fn refuse_what_net_url_refuses(written: &str) -> Result<(), Fault> {
    // `parseHost` takes the whole list for one host: a bracket stands at its start, or nowhere (since Go 1.25.2).
    if written.contains('[') && written.contains(',') {
        return Err(Fault::invalid(
            "several hosts, and an IPv6 address in brackets among them",
            AS_PARAMETERS,
        ));
    }
    // `validOptionalPort` looks at what follows the last `:`.
    let behind = written.rsplit_once(':').map_or("", |(_, behind)| behind);
    if !written.contains('[') && !behind.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::invalid("a last host without a port, after one that has a port", AS_PARAMETERS));
    }
    if written.split_once('%').is_some_and(|(_, zone)| !zone.starts_with("25") || zone.starts_with("25]")) {
        return Err(Fault::invalid("an IPv6 zone that is not behind `%25`", "write `[ADDRESS%25ZONE]:5432`"));
    }
    // pgx's `isIPOnly` knows no zone, and asks for a port where it sees no address.
    if written.contains("%25") && written.ends_with(']') {
        return Err(Fault::invalid(
            "an IPv6 address with a zone and without a port",
            "write `[ADDRESS%25ZONE]:5432`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(written: &str, host: Option<&str>, port: Option<&str>) -> Vec<(String, Option<u16>)> {
        let hosts = resolve(written, host, port).unwrap_or_else(|fault| panic!("{written}: {fault:?}"));
        hosts.into_iter().map(|host| (host.host, host.port)).collect()
    }

    fn pair(host: &str, port: u16) -> (String, Option<u16>) {
        (host.to_owned(), Some(port))
    }

    fn alone(host: &str) -> (String, Option<u16>) {
        (host.to_owned(), None)
    }

    #[test]
    fn several_hosts_keep_their_order_and_ports() {
        for (written, expected) in [
            ("", vec![]),
            (",", vec![]),
            ("a", vec![alone("a")]),
            ("a,b", vec![alone("a"), alone("b")]),
            ("a,,b", vec![alone("a"), alone("b")]),
            ("a:1,b:2", vec![pair("a", 1), pair("b", 2)]),
            ("a:1,b:", vec![pair("a", 1), pair("b", 1)]),
            (":5433", vec![pair("", 5433)]),
            ("[::1]", vec![alone("::1")]),
            ("[::1]:1", vec![pair("::1", 1)]),
            ("[::ffff:1.2.3.4]:1", vec![pair("::ffff:1.2.3.4", 1)]),
            ("[fe80::1%25eth0]:1", vec![pair("fe80::1%eth0", 1)]),
        ] {
            assert_eq!(hosts(written, None, None), expected, "{written}");
        }
    }

    #[test]
    fn too_few_ports_are_paired_as_pgx_pairs_them() {
        assert_eq!(hosts("a,b:5433", None, None), [pair("a", 5433), pair("b", 5433)]);
        assert_eq!(hosts("", Some("a,b"), Some("5433")), [pair("a", 5433), pair("b", 5433)]);
        assert_eq!(hosts("", Some("a,b"), Some("1,2,3")), [pair("a", 1), pair("b", 2)]);
    }

    #[test]
    fn parameters_take_the_place_of_the_urls_hosts() {
        assert_eq!(hosts("h:1", Some("i"), None), [pair("i", 1)]);
        assert_eq!(hosts("h:1", None, Some("2")), [pair("h", 2)]);
        assert_eq!(hosts("h:1", Some("::1,[::2],/run"), Some("2")).len(), 3);
    }

    #[test]
    fn an_empty_host_among_the_parameters_is_refused() {
        for list in ["", "a,", ",a", ","] {
            assert_eq!(resolve("h:1", Some(list), None), Err(EMPTY_NAME), "{list}");
        }
    }

    #[test]
    fn lists_that_do_not_start_kine_are_refused_with_the_parameters_that_do() {
        for written in ["a:1,b", "a,b:1,c", "a:1,", "[::1]:1,[::2]:2", "[::1],b", "a:1,[::2]:2"] {
            let fault = resolve(written, None, None).unwrap_err();
            assert!(fault.help.contains("host=HOST1,HOST2"), "{written}: {}", fault.help);
        }
        for written in ["[fe80::1%25eth0]", "[fe80::1%eth0]:1", "[fe80::1%25]:1", "[fe80::1%2]:1"] {
            let fault = resolve(written, None, None).unwrap_err();
            assert!(fault.help.contains("%25ZONE]:5432"), "{written}: {}", fault.help);
        }
    }

    #[test]
    fn only_what_stays_on_this_machine_is_loopback() {
        for (host, expected) in [
            ("", true),
            ("localhost", true),
            ("LOCALHOST.", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("/run/postgresql", true),
            ("db", false),
            ("localhost.example.com", false),
            ("10.0.0.1", false),
            ("0.0.0.0", false),
            ("::", false),
            ("::2", false),
            ("1270.0.0.1", false),
        ] {
            let host = PostgresHost { host: host.to_owned(), port: None };
            assert_eq!(host.is_loopback(), expected, "{host:?}");
        }
    }
}

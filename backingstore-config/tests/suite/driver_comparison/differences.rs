//! Where our parsers are meant to differ from the drivers, and why.
//!
//! They are stricter where the driver takes a text with which no server can be reached, or with which half of a password
//! would be shown as something else; and wider where they look at nothing outside the text.

use serde_json::Value;

use super::Answer;

/// One kind of difference.
pub(super) struct Difference {
    /// As the tables name it.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// Who reads more.
pub(super) enum Kind {
    /// The driver reads it, we refuse it: told by the text and by what the driver has read.
    Stricter(fn(&str, &Value) -> bool),
    /// We read it, the driver refuses it: told by the text and by the driver's error.
    Wider(fn(&str, &str) -> bool),
}

impl Difference {
    /// Whether it is our parser that reads it.
    pub(super) fn we_read_it(&self) -> bool {
        matches!(self.kind, Kind::Wider(_))
    }

    /// Whether the driver's answer is the one that this difference speaks of.
    pub(super) fn holds(&self, data_source: &str, answer: &Answer) -> bool {
        match (&self.kind, answer) {
            (Kind::Stricter(test), Answer::Read(view)) => test(data_source, view),
            (Kind::Wider(test), Answer::Refused(error)) => test(data_source, error),
            _ => false,
        }
    }
}

const fn stricter(name: &'static str, test: fn(&str, &Value) -> bool) -> Difference {
    Difference { name, kind: Kind::Stricter(test) }
}

const fn wider(name: &'static str, test: fn(&str, &str) -> bool) -> Difference {
    Difference { name, kind: Kind::Wider(test) }
}

/// A text of the driver's view, empty where it is not there.
fn text<'a>(view: &'a Value, key: &str) -> &'a str {
    view[key].as_str().unwrap_or_default()
}

/// A net that is left out is the default.
fn net(view: &Value) -> &str {
    view["net"].as_str().unwrap_or("tcp")
}

/// Names and passwords are Rust strings here, and kine gives no server any in another encoding.
fn is_not_utf8(data_source: &str, _: &Value) -> bool {
    let mut parts = data_source.split('%');
    let mut bytes: Vec<u8> = parts.next().unwrap_or_default().into();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            None => bytes.extend(part.as_bytes()),
        }
    }
    String::from_utf8(bytes).is_err()
}

/// What is shown of a data source is not to be taken for one: the mask would be sent as the password.
fn is_redacted(data_source: &str, _: &Value) -> bool {
    data_source.contains("***")
}

pub(super) const MYSQL: &[Difference] = &[
    // The driver keeps any net and fails when it dials; a plain URL's host would stand in its place.
    stricter("net", |_, view| !["tcp", "tcp4", "tcp6", "unix"].contains(&net(view))),
    // Likewise an address without a port or with one that is none, and what is no host: it can be a part of a password.
    stricter("address", |_, view| {
        view["address"].is_string() && {
            net(view).starts_with("tcp") && !can_be_dialled(text(view, "address"))
        }
    }),
    // `tcp(h)/d?password=p@/w`: the driver takes all before the `@` for the user, and would show half of the password.
    stricter("user", |_, view| text(view, "user").contains(['/', '?', '(', ')'])),
    // A password with a `/` in a DSN that lacks the one before the database's name: its rest would be shown as the name.
    stricter("database", |dsn, _| {
        let name = dsn.rsplit_once('/').map_or("", |(_, rest)| rest);
        name.split('?').next().unwrap_or_default().contains(['@', '(', ')'])
    }),
    // An address that went into the password, behind which nothing is left of one: the rest would be shown as the name.
    stricter("no-address", |dsn, view| {
        let address =
            dsn.rsplit_once('/').and_then(|(left, _)| left.rsplit_once('@')).map(|(_, address)| address);
        address == Some("") && text(view, "password").contains(['@', '/'])
    }),
    // A password with a `/` and a `?` in a DSN without brackets around its address: its rest would be shown as parameters.
    stricter("stray-at", |dsn, _| {
        let (address, name) = dsn.rsplit_once('/').unwrap_or_default();
        !address.ends_with(')') && name.split_once('?').is_some_and(|(_, query)| query.contains('@'))
    }),
    // kine takes its data source from a flag or a variable, and neither can hold one.
    stricter("nul", |dsn, _| dsn.contains('\0')),
    stricter("not-utf8", is_not_utf8),
    // A parameter without a `?` before it, or with another sign in its place: a password in it would be shown.
    stricter("parameters", |dsn, view| {
        let name = dsn.rsplit_once('/').map_or("", |(_, rest)| rest).split('?').next().unwrap_or_default();
        let is_in_socket = net(view) == "unix" && text(view, "address").contains(['&', ';']);
        name.contains(['&', ';']) || is_in_socket || dsn.contains("password=")
    }),
    stricter("redacted", is_redacted),
    // What users try first; kine is given the driver's form of it.
    wider("plain-url", |dsn, _| super::mysql::is_url_form(dsn)),
    // Which time zones there are is the machine's business.
    wider("time-zone", |dsn, error| dsn.contains("loc=") && error.starts_with("unknown time zone ")),
];

pub(super) const POSTGRES: &[Difference] = &[
    // pgx reads nothing behind it, so what follows in a password that was not encoded would be lost, or shown.
    stricter("fragment", |url, _| url.contains('#')),
    // A password with a `/` or a `?` that was not encoded: its first half would be a port, its second a database's name.
    stricter("stray-at", |url, _| after_authority(url).contains('@')),
    // No machine has such a name, and half of a password can.
    stricter("host", |url, _| {
        let odd = |part: &str| part.contains(|c: char| !c.is_alphanumeric() && !"-._~:[]%".contains(c));
        written_hosts(url).any(|part| odd(part) || part.find(']').is_some_and(|_| !part.starts_with('[')))
    }),
    // The last part of the address could as well be a port.
    stricter("bare-ipv6", |url, _| {
        written_hosts(url).any(|part| !part.starts_with('[') && part.matches(':').count() > 1)
    }),
    // libpq takes its default for an empty name; pgx takes the empty one, with which it reaches nobody, or not who is meant.
    stricter("empty-name", |url, _| {
        param(url, "user=") == Some("")
            || param(url, "host=").is_some_and(|list| list.split(',').any(str::is_empty))
    }),
    // pgx takes one of the two, in no order.
    stricter("two-databases", |url, _| url.contains("dbname=") && url.contains("database=")),
    // pgx looks at no port that it does not need: one too many, or one of the URL where a parameter takes its place.
    stricter("unused-port", |url, _| {
        let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
        let behind =
            |part: &str| part.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && !is_port(port));
        written_hosts(url).any(behind)
            || param(url, "port=").is_some_and(|list| list.split(',').any(|port| !is_port(port)))
    }),
    stricter("not-utf8", is_not_utf8),
    // A parameter without a `?` before it, or with another sign in its place: a password in it would be shown.
    stricter("parameters", |url, _| {
        let path = after_authority(url).split('?').next().unwrap_or_default();
        path.contains(['&', ';']) || url.contains("password=") || url.contains("password%3D")
    }),
    stricter("redacted", is_redacted),
    // Files are not looked at, and kine's flags may bring the other half of a pair.
    wider("files", |url, error| {
        ["sslcert=", "sslkey=", "sslrootcert=", "service="].iter().any(|name| url.contains(name))
            && ["sslcert", "sslkey", "CA file", "read service"].iter().any(|what| error.contains(what))
    }),
];

/// What follows the hosts of a URL.
fn after_authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("", |end| &rest[end..])
}

/// The hosts as they stand in a URL, with their ports.
fn written_hosts(url: &str) -> impl Iterator<Item = &str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts).split(',')
}

/// The written value of the first parameter of this name, which ends in `=`.
fn param<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|segment| segment.strip_prefix(name))
}

/// Whether Go can dial an address on a machine whose `/etc/services` has no names.
fn can_be_dialled(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').unwrap_or("["),
        None if host.contains(':') => return false,
        None => host,
    };
    let is_ipv6 = || {
        let (address, zone) = host.split_once('%').unwrap_or((host, "0"));
        address.parse::<std::net::Ipv6Addr>().is_ok()
            && !zone.is_empty()
            && zone.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    };
    let is_name = host.chars().all(|c| c.is_alphanumeric() || "-._~".contains(c));
    let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    is_port && (is_name || is_ipv6())
}

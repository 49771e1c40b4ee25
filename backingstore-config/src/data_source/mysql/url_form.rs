//! `USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`: the plain URL that users write first, and that the driver refuses.

use super::address::MysqlAddress;

/// The address of a plain URL, where the text can be nothing else.
///
/// It can be nothing else when all of these hold:
///
/// - the driver refuses it: there is no bracket but those of an IPv6 address, and the host is no net such as `tcp`;
/// - it has one `/`, the one before the database's name, and no `#`;
/// - it has at most one `@`, before that `/`, with a user before it;
/// - user and password hold no `:`, `%`, `?`, bracket, space or control character: a URL has those encoded, and the
///   driver's form has them as they are, so that the two would be two different passwords;
/// - the host is a name of ASCII letters, digits, `-`, `.`, `_` and `~`, an IPv4 address, or an IPv6 address in square
///   brackets; and the port, if there is one, is a number from 1 to 65535.
///
/// The database's name and the parameters are read as in the driver's form, where they are encoded as in a URL.
pub(super) fn address_of(text: &str) -> Option<MysqlAddress> {
    let (authority, rest) = text.split_once('/')?;
    if text.contains(['(', ')', '#']) || rest.contains(['/', '@']) {
        return None;
    }
    let host = match authority.split_once('@') {
        Some((login, host)) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            if user.is_empty() || !is_plain(user) || !is_plain(password) {
                return None;
            }
            host
        }
        None => authority,
    };
    // A further `@` or a `?` is in no host.
    MysqlAddress::from_url(host)
}

fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control() || ":%?[]".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_url_is_read() {
        for (text, host, port) in [
            ("kine:s3cret@db.example.com:3307/kine?tls=true", "db.example.com", 3307),
            ("kine:s3cret@db.example.com/kine", "db.example.com", 3306),
            ("kine@db/", "db", 3306),
            ("kine:@db/kine", "db", 3306),
            ("db:3307/kine", "db", 3307),
            ("kine:p@10.0.0.1:3306/kine", "10.0.0.1", 3306),
            ("kine:p@[2001:db8::1]:3307/kine", "2001:db8::1", 3307),
            ("kine:p@[::1]/kine", "::1", 3306),
            ("kine:p!$&'*+,;=-_.~w@db/my%20db?loc=Europe%2FLondon", "db", 3306),
        ] {
            let expected = MysqlAddress::Tcp { host: host.to_owned(), port };
            assert_eq!(address_of(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_could_be_something_else_is_not() {
        for text in [
            // The driver's form, whole or half.
            "u:p@tcp(h:1)/d",
            "u:p@tcp:3306/d",
            "u:p@unix/d",
            "u:p@(h)/d",
            "u:p@/d",
            "/d",
            // A password that is cut in the wrong place, or that has two readings.
            "u:p@ss@h/d",
            "u:p/w@h/d",
            "u:p@h/d@x",
            "u:p?w@h/d",
            "u:p#w@h/d",
            "u:p%40w@h/d",
            "u:a:b@h/d",
            "u:p(w@h/d",
            "u:p w@h/d",
            "u:p@h/d?x=a/b",
            "u:p@h/d?x=a@b",
            ":p@h/d",
            "@h/d",
            // No host that is plainly one.
            "u:p@h",
            "u:p@h:/d",
            "u:p@h:0/d",
            "u:p@h:x/d",
            "u:p@a,b/d",
            "u:p@a:1,b:2/d",
            "u:p@::1/d",
            "u:p@[h]/d",
            "u:p@[::1]x/d",
            "u:p@[fe80::1%25eth0]/d",
            "u:p@d\u{e9}/d",
            "u:secret/d",
        ] {
            assert_eq!(address_of(text), None, "{text}");
        }
    }
}

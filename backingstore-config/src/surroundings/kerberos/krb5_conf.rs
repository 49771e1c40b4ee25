//! The text of `krb5.conf`, for MIT's library and for the Go one in vCluster's kine.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::KdcAddress;
use crate::data_source::PostgresHost;

/// Writes the file. The caller has checked realm, KDCs and hosts: nothing in them can end a line, a value or
/// a section.
pub(super) fn write(realm: &str, kdcs: &[KdcAddress], hosts: &[PostgresHost]) -> String {
    let mut out = format!(
        "[libdefaults]\n    default_realm = {realm}\n    dns_lookup_realm = false\n    dns_lookup_kdc = false\n    \
         dns_canonicalize_hostname = false\n    rdns = false\n    udp_preference_limit = 1\n\n[realms]\n    {realm} = {{\n"
    );
    for kdc in kdcs {
        // Writing to a `String` does not fail.
        let _ = writeln!(out, "        kdc = {kdc}");
    }
    out.push_str("    }\n");
    let mut names: Vec<String> = Vec::new();
    for host in hosts {
        // MIT's library puts the host in lower case before it looks; an address has no domain.
        let name = host.host().trim_end_matches('.').to_ascii_lowercase();
        if !name.contains(':') && name.parse::<IpAddr>().is_err() && !names.contains(&name) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        out.push_str("\n[domain_realm]\n");
    }
    for name in names {
        let _ = writeln!(out, "    {name} = {realm}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{DOCUMENTED, setup};

    #[test]
    fn the_file_names_realm_kdcs_and_hosts_and_asks_no_dns() {
        let expected = "\
[libdefaults]
    default_realm = KINE.TEST
    dns_lookup_realm = false
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1

[realms]
    KINE.TEST = {
        kdc = kdc.example.com:88
    }

[domain_realm]
    pg.example.com = KINE.TEST
";
        let setup = setup(DOCUMENTED).unwrap();
        assert_eq!(setup.krb5_conf(), expected);
        assert_eq!(setup.krb5_config_map().data()["krb5.conf"], expected);
    }

    #[test]
    fn each_host_is_mapped_once_and_addresses_are_not() {
        let conf = setup("k%40R@PG.x:1,pg.x.:2,10.0.0.1:3/d?krb5_ccache").unwrap().krb5_conf();
        assert!(conf.ends_with("[domain_realm]\n    pg.x = R\n"), "{conf}");
        let conf = setup("k%40R@10.0.0.1/d?krb5_ccache").unwrap().krb5_conf();
        assert!(!conf.contains("domain_realm"), "{conf}");
    }
}

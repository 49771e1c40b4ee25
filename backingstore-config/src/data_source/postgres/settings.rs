//! Values of parameters that pgx v5.10 refuses before it connects (`pgconn.ParseConfig` and `pgx.ParseConfig`).
//!
//! Files are not looked at: pgx also refuses a certificate, a key or a service file that it cannot read. A
//! certificate without a key is not refused here either, since kine's own flags may bring the other half.

use super::super::fault::Fault;

/// Refuses what pgx refuses. `param` gives the first value of a parameter.
pub(super) fn check<'a>(param: impl Fn(&str) -> Option<&'a str>) -> Result<(), Fault> {
    let known = |name, values: &[&str], fault| match param(name) {
        Some(value) if !values.contains(&value) => Err(fault),
        _ => Ok(()),
    };
    known(
        "target_session_attrs",
        &["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
        Fault::invalid(
            "a `target_session_attrs` that pgx refuses",
            "write `any`, `read-write`, `read-only`, `primary`, `standby` or `prefer-standby`",
        ),
    )?;
    known(
        "channel_binding",
        &["", "disable", "prefer", "require"],
        Fault::invalid("a `channel_binding` that pgx refuses", "write `disable`, `prefer` or `require`"),
    )?;
    known(
        "default_query_exec_mode",
        &["cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"],
        Fault::invalid(
            "a `default_query_exec_mode` that pgx refuses",
            "write `cache_statement`, `cache_describe`, `describe_exec`, `exec` or `simple_protocol`",
        ),
    )?;
    if param("connect_timeout").is_some_and(|text| !text.parse::<i64>().is_ok_and(|seconds| seconds >= 0)) {
        return Err(Fault::invalid(
            "a `connect_timeout` that is not a number of seconds",
            "write whole seconds, such as `connect_timeout=10`",
        ));
    }
    for name in ["statement_cache_capacity", "description_cache_capacity"] {
        if param(name).is_some_and(|text| text.parse::<i32>().is_err()) {
            return Err(Fault::invalid(
                "a `statement_cache_capacity` or `description_cache_capacity` that is not a number",
                "write how many statements are kept, such as `512`",
            ));
        }
    }
    check_protocol_versions(param("min_protocol_version"), param("max_protocol_version"))?;
    param("require_auth").map_or(Ok(()), check_require_auth)
}

fn check_protocol_versions(min: Option<&str>, max: Option<&str>) -> Result<(), Fault> {
    let read = |text: Option<&str>| match text.unwrap_or_default() {
        "" | "3.0" => Ok(30),
        "3.2" | "latest" => Ok(32),
        _ => Err(Fault::invalid("a protocol version that pgx refuses", "write `3.0`, `3.2` or `latest`")),
    };
    let (lowest, highest) = (read(min)?, read(max)?);
    // pgx raises the highest by itself where none is set.
    if lowest > highest && max.is_some_and(|max| !max.is_empty()) {
        return Err(Fault::invalid(
            "a `min_protocol_version` above its `max_protocol_version`",
            "leave one of them out",
        ));
    }
    Ok(())
}

/// A list of methods, each once, all with a `!` before them or none (pgx `parseRequireAuth`).
fn check_require_auth(text: &str) -> Result<(), Fault> {
    const METHODS: [&str; 7] = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"];
    if text.is_empty() {
        return Ok(());
    }
    let negated = text.trim_start().starts_with('!');
    let mut seen = Vec::new();
    for part in text.split(',').map(str::trim) {
        let method = part.strip_prefix('!');
        if method.is_some() != negated {
            return Err(Fault::invalid(
                "a `require_auth` with `!` before some of its methods only",
                "put a `!` before each method, or before none",
            ));
        }
        let method = method.unwrap_or(part);
        if !METHODS.contains(&method) || seen.contains(&method) {
            return Err(Fault::invalid(
                "a method in its `require_auth` that is unknown, or there twice",
                "write `password`, `md5`, `gss`, `sspi`, `scram-sha-256`, `oauth` or `none`, several with commas between them",
            ));
        }
        seen.push(method);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(name: &str, value: &str) -> bool {
        check(|param| (param == name).then_some(value)).is_ok()
    }

    // Each value was given to pgx v5.10.0, which accepts and refuses the same.
    #[test]
    fn values_are_accepted_and_refused_as_by_pgx() {
        for (name, accepted, refused) in [
            (
                "target_session_attrs",
                &["any", "read-write", "prefer-standby"][..],
                &["", "Primary", "master"][..],
            ),
            ("channel_binding", &["", "disable", "prefer", "require"], &["true", "Require"]),
            ("default_query_exec_mode", &["exec", "simple_protocol"], &["", "simple", "cache"]),
            (
                "connect_timeout",
                &["0", "10", "+1", "-0", "007"],
                &["", "-1", "1.5", "10s", " 1", "99999999999999999999"],
            ),
            ("statement_cache_capacity", &["0", "512", "-1"], &["", "x", "4294967296"]),
            ("description_cache_capacity", &["512"], &["", "1e3"]),
            ("min_protocol_version", &["", "3.0", "3.2", "latest"], &["3", "3.1"]),
            ("max_protocol_version", &["", "3.0", "3.2", "latest"], &["2.0", "Latest"]),
            (
                "require_auth",
                &["", "md5", " md5 ", "md5,scram-sha-256", "!none,!md5", "none"],
                &[",", "md5,", "md5,md5", "!md5,gss", "gss,!md5", "scram", "!", "MD5"],
            ),
            ("application_name", &["", "anything at all"], &[]),
        ] {
            for value in accepted {
                assert!(accepts(name, value), "{name}={value}");
            }
            for value in refused {
                assert!(!accepts(name, value), "{name}={value}");
            }
        }
    }

    #[test]
    fn the_lowest_protocol_version_is_not_above_the_highest() {
        for (min, max, accepted) in [
            ("3.2", "3.0", false),
            ("latest", "3.0", false),
            ("3.2", "", true),
            ("3.2", "latest", true),
            ("", "3.0", true),
        ] {
            assert_eq!(check_protocol_versions(Some(min), Some(max)).is_ok(), accepted, "{min} {max}");
        }
    }
}

//! kine's flags, as far as they hold a secret (kine v0.16.4 `pkg/app`).

use secrecy::{ExposeSecret, SecretString};

use crate::data_source::DataSource;
use crate::redaction::{MASK, is_plain_word};

/// Flags whose value is a secret, and the variable through which kine takes the same value. A flag beats its
/// variable, so the flag must be absent for the variable to count.
const SECRET_FLAGS: [(&str, &str); 3] = [
    ("endpoint", "KINE_ENDPOINT"),
    ("s3-secret-key", "AWS_SECRET_ACCESS_KEY"),
    ("s3-session-token", "AWS_SESSION_TOKEN"),
];

/// The data source that extra arguments name, if they do. The last one counts.
pub(crate) fn endpoint_among(extra_args: &[SecretString]) -> Option<&str> {
    let mut found = None;
    let mut rest = extra_args.iter().map(ExposeSecret::expose_secret);
    while let Some(argument) = rest.next() {
        if let Some((variable, value)) = secret_flag(argument) {
            let value = value.or_else(|| rest.next());
            if variable == "KINE_ENDPOINT" {
                found = value.or(found);
            }
        }
    }
    found
}

/// The value of a flag among extra arguments, and where it stands. The last one counts.
pub(crate) fn value_among<'a>(extra_args: &'a [SecretString], name: &str) -> Option<(usize, &'a str)> {
    let texts: Vec<_> = extra_args.iter().map(|argument| argument.expose_secret()).collect();
    (0..texts.len()).rev().find_map(|index| {
        let flag = flag(texts[index])?;
        match flag.split_once('=') {
            Some((found, value)) => (found == name).then_some((index, value)),
            None => (flag == name).then(|| texts.get(index + 1).map(|value| (index, *value)))?,
        }
    })
}

/// The variable and the value of a flag that holds a secret. The value is none where the next argument holds
/// it.
pub(crate) fn secret_flag(argument: &str) -> Option<(&'static str, Option<&str>)> {
    let flag = flag(argument)?;
    let (name, value) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag, None),
    };
    SECRET_FLAGS.iter().find(|(secret, _)| *secret == name).map(|(_, variable)| (*variable, value))
}

/// Arguments as they may be shown, one for one.
pub(crate) fn redacted_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut previous = None;
    let redact = |argument| redacted_argument(previous.replace(argument), argument);
    arguments.into_iter().map(redact).collect()
}

/// An argument as it may be shown, which depends on the one before it: a flag by its name; its value, behind a `=` or in
/// the next argument, where that is a number, a switch or a redacted data source.
pub(crate) fn redacted_argument(previous: Option<&str>, argument: &str) -> String {
    if let Some(name) = previous.filter(|flag| is_flag_name(flag) && takes_next(flag)) {
        return redacted_value(name, argument);
    }
    if is_flag_name(argument) {
        return argument.to_owned();
    }
    match argument.split_once('=').filter(|(name, _)| is_flag_name(name)) {
        Some((name, value)) => format!("{name}={}", redacted_value(name, value)),
        None => MASK.to_owned(),
    }
}

fn is_flag_name(text: &str) -> bool {
    // The flags of kine and etcd are in lower case; a password that begins with a dash mostly is not.
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    flag(text).is_some_and(|name| is_plain_word(name) && name.bytes().all(fits))
}

fn redacted_value(flag: &str, value: &str) -> String {
    let is_number = value.len() <= 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    match secret_flag(flag) {
        Some(("KINE_ENDPOINT", _)) => {
            DataSource::parse(value).map_or_else(|_| MASK.to_owned(), |source| source.to_string())
        }
        None if is_number || matches!(value, "true" | "false") => value.to_owned(),
        _ => MASK.to_owned(),
    }
}

/// Whether a flag has its value in the next argument: one without `=` that is not a switch (kine v0.16.4
/// `pkg/app`).
pub(crate) fn takes_next(argument: &str) -> bool {
    const SWITCHES: [&str; 8] = [
        "debug",
        "skip-verify",
        "metrics-enable-profiling",
        "metrics-ignore-tls-config",
        "help",
        "h",
        "version",
        "v",
    ];
    !argument.contains('=') && !SWITCHES.contains(&argument.trim_start_matches('-'))
}

/// A flag without its dashes. kine reads flags with one dash and with two (Go's package `flag`).
fn flag(argument: &str) -> Option<&str> {
    argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_shown_with_what_is_no_secret() {
        for (argument, shown) in [
            ("--debug", "--debug"),
            ("--compact-batch-size=100", "--compact-batch-size=100"),
            ("--log-format=json", "--log-format=***"),
            ("--endpoint=postgres://u:CANARY@h/d", "--endpoint=postgres://u:***@h/d"),
            ("--endpoint=CANARY", "--endpoint=***"),
            ("--s3-secret-key=12345", "--s3-secret-key=***"),
            ("postgres://u:CANARY@h/d", "***"),
            ("CANARY", "***"),
            ("-CANARY", "***"),
            ("--a@CANARY=1", "***"),
        ] {
            assert_eq!(redacted_argument(None, argument), shown);
        }
    }

    #[test]
    fn a_flags_value_in_the_next_argument_is_shown_as_behind_an_equals_sign() {
        let given = [
            "--datastore-max-idle-connections",
            "0",
            "--debug",
            "0",
            "--endpoint",
            "postgres://u:CANARY@h/d",
            "--s3-secret-key",
            "12345",
            "--poll-batch-size",
            "CANARY",
            "7",
            "--datastore-max-idle-connections=0",
            "0",
            "--log-format",
            "--debug",
        ];
        let shown = [
            "--datastore-max-idle-connections",
            "0",
            "--debug",
            "***",
            "--endpoint",
            "postgres://u:***@h/d",
            "--s3-secret-key",
            "***",
            "--poll-batch-size",
            "***",
            "***",
            "--datastore-max-idle-connections=0",
            "***",
            "--log-format",
            "***",
        ];
        assert_eq!(redacted_arguments(given), shown);
    }

    #[test]
    fn the_last_value_of_a_flag_counts_in_every_form() {
        let secrets = |args: &[&str]| args.iter().map(|arg| SecretString::from(*arg)).collect::<Vec<_>>();
        for (args, expected) in [
            (&["--a=1", "--b=2"][..], Some((0, "1"))),
            (&["-a=1", "--a=2"], Some((1, "2"))),
            (&["--a", "3", "--debug"], Some((0, "3"))),
            (&["--ab=1"], None),
            (&["--a"], None),
            (&["a=1"], None),
        ] {
            assert_eq!(value_among(&secrets(args), "a"), expected, "{args:?}");
        }
    }
}

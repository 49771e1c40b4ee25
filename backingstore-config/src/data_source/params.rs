//! What stands after the `?` of a data source: parameters, in order, none lost.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::fault::{Fault, REDACTED};
use super::known_params::KnownParams;
use super::misplaced::{names_a_secret, refuse_secret_in_value, sounds_secret};
use super::percent::{Plus, decode};
use super::secrets::SecretParts;
use crate::redaction::{MASK, Secrets, is_plain_word};

/// The parameters of a data source, in the order in which they were written.
///
/// `Debug` shows the values of parameters that this crate knows to be harmless, and masks all others: an
/// unknown one can be a misspelt password.
#[derive(Clone, Default)]
pub struct Params {
    /// None: no `?` was written.
    segments: Option<Vec<Segment>>,
    counts: Counts,
}

/// Which of several parameters of one name counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Counts {
    #[default]
    First,
    Last,
}

/// One parameter.
#[derive(Clone)]
pub struct Param {
    name: String,
    value: SecretString,
    shown: Shown,
    is_known: bool,
}

/// The text between two `&`; `a=1&&b=2` has three of them, and two parameters.
#[derive(Clone)]
struct Segment {
    written: SecretString,
    param: Option<Param>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Whole,
    Name,
    Nothing,
}

impl Params {
    /// Reads a query as Go's `url.ParseQuery` does: names and values are decoded, a raw `;` is refused.
    pub(super) fn parse_query(text: Option<&str>, known: &KnownParams) -> Result<Self, Fault> {
        Self::parse(text, Counts::First, |segment| {
            if segment.contains(';') {
                return Err(Fault::invalid(
                    "a `;` in its parameters",
                    "put `&` between parameters, or write a `;` that belongs to a value as `%3B`",
                ));
            }
            if segment.is_empty() {
                return Ok(None);
            }
            let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
            let name = decode(name, Plus::Space)?;
            let value = decode(value, Plus::Space)?;
            let has_value = segment.contains('=');
            Ok(Some(Param::new(name, value, has_value, known)))
        })
    }

    /// Reads parameters as go-sql-driver does: names as they are, values decoded but for those that the driver takes
    /// raw, and what has no `=` is not a parameter. Each one overwrites what an earlier one of its name has set.
    pub(super) fn parse_mysql(
        text: Option<&str>,
        known: &KnownParams,
        is_raw: impl Fn(&str) -> bool,
    ) -> Result<Self, Fault> {
        Self::parse(text, Counts::Last, |segment| {
            let Some((name, value)) = segment.split_once('=') else {
                return Ok(None);
            };
            let value = if is_raw(name) { value.to_owned() } else { decode(value, Plus::Space)? };
            Ok(Some(Param::new(name.to_owned(), value, true, known)))
        })
    }

    fn parse(
        text: Option<&str>,
        counts: Counts,
        read: impl Fn(&str) -> Result<Option<Param>, Fault>,
    ) -> Result<Self, Fault> {
        let Some(text) = text else { return Ok(Self { segments: None, counts }) };
        let mut segments = Vec::new();
        let mut in_secret = false;
        for segment in text.split('&') {
            if segment == MASK || segment.split_once('=').is_some_and(|(_, value)| value == MASK) {
                return Err(REDACTED);
            }
            let mut param = read(segment)?;
            if let Some(param) = &mut param {
                if param.shown == Shown::Whole {
                    param.hide_misplaced_secret()?;
                }
                match param.shown {
                    Shown::Whole => in_secret = false,
                    // `password=a&b=c`: a password with `&` in it that was not percent-encoded.
                    _ if in_secret && !param.is_known => param.shown = Shown::Nothing,
                    // A known one whose value is not shown is a secret.
                    Shown::Name => in_secret = param.is_known || sounds_secret(&param.name),
                    Shown::Nothing => in_secret = true,
                }
            }
            segments.push(Segment { written: SecretString::from(segment), param });
        }
        Ok(Self { segments: Some(segments), counts })
    }

    /// All parameters, in order, repeated ones too.
    pub fn iter(&self) -> impl Iterator<Item = &Param> {
        self.segments.iter().flatten().filter_map(|segment| segment.param.as_ref())
    }

    /// The decoded value of the parameter of this name. Where there are several, it is the one that kine's driver uses:
    /// the last for MySQL, the first for all others. Names are compared with case.
    ///
    /// None if there is no such parameter, and none if its value may be a secret; [`expose`](Self::expose)
    /// gives those.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name)?.value()
    }

    /// The decoded value of the parameter of this name, be it a secret or not; of several the one that
    /// [`get`](Self::get) takes.
    pub fn expose(&self, name: &str) -> Option<&SecretString> {
        self.find(name).map(Param::expose)
    }

    fn find(&self, name: &str) -> Option<&Param> {
        let mut found = self.iter().filter(|param| param.name == name);
        match self.counts {
            Counts::First => found.next(),
            Counts::Last => found.last(),
        }
    }

    /// Whether a parameter of this name is there, with a value or without.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|param| param.name == name)
    }

    /// Those whose names this crate does not know, in order. The driver sends them to the server as settings, which
    /// may refuse them: often they are misspelt.
    pub fn unknown(&self) -> impl Iterator<Item = &Param> {
        self.iter().filter(|param| !param.is_known)
    }

    /// Whether a raw `@` stands where it can be the one before the hosts: anywhere but in a parameter that is known to be
    /// harmless, such as `user=kine@REALM`, and there too if a `/` follows, as one does before the database's name.
    pub(super) fn has_stray_at(&self) -> bool {
        self.segments.iter().flatten().any(|segment| {
            let is_harmless = segment.param.as_ref().is_some_and(|param| param.shown == Shown::Whole);
            segment
                .written
                .expose_secret()
                .split_once('@')
                .is_some_and(|(_, rest)| !is_harmless || rest.contains('/'))
        })
    }

    /// What [`write`](Self::write) masks.
    pub(super) fn collect_secrets(&self, parts: &mut SecretParts) {
        for segment in self.segments.iter().flatten() {
            let written = segment.written.expose_secret();
            let shown = segment.param.as_ref().map_or(Shown::Nothing, |param| param.shown);
            if shown == Shown::Whole {
                continue;
            }
            if shown == Shown::Nothing {
                parts.add(written);
            }
            if let Some((name, value)) = written.split_once('=') {
                parts.add(value);
                if shown == Shown::Nothing {
                    parts.add(name);
                }
            }
            if let Some(param) = &segment.param {
                parts.add_decoded(param.value.expose_secret());
                if shown == Shown::Nothing {
                    parts.add_decoded(&param.name);
                }
            }
        }
    }

    pub(super) fn write(&self, out: &mut String, secrets: Secrets) {
        for (index, segment) in self.segments.iter().flatten().enumerate() {
            out.push(if index == 0 { '?' } else { '&' });
            let written = segment.written.expose_secret();
            let shown = match (secrets, &segment.param) {
                (Secrets::Exposed, _) => Shown::Whole,
                (Secrets::Masked, Some(param)) => param.shown,
                (Secrets::Masked, None) if written.is_empty() => Shown::Whole,
                (Secrets::Masked, None) => Shown::Nothing,
            };
            match (shown, written.split_once('=')) {
                (Shown::Whole, _) => out.push_str(written),
                (Shown::Name, Some((name, _))) => {
                    out.push_str(name);
                    out.push('=');
                    out.push_str(MASK);
                }
                (Shown::Name, None) | (Shown::Nothing, _) => out.push_str(MASK),
            }
        }
    }
}

/// Redacted.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Param {
    fn new(name: String, value: String, has_value: bool, known: &KnownParams) -> Self {
        let shown = if known.is_harmless(&name) {
            Shown::Whole
        } else if has_value && is_plain_word(&name) {
            Shown::Name
        } else {
            Shown::Nothing
        };
        Self { is_known: known.is_known(&name), name, value: SecretString::from(value), shown }
    }

    /// Masks settings among which one sounds like a secret. In any other value one is a mistake.
    fn hide_misplaced_secret(&mut self) -> Result<(), Fault> {
        let value = self.value.expose_secret();
        // `-c NAME=VALUE`, several with spaces between them.
        if self.name != "options" {
            return refuse_secret_in_value(value);
        }
        if names_a_secret(value) {
            self.shown = Shown::Name;
        }
        Ok(())
    }

    /// One that nobody wrote, whose value is no secret.
    pub(super) fn added(name: &str, value: &str, known: &KnownParams) -> Self {
        Self::new(name.to_owned(), value.to_owned(), true, known)
    }

    /// The decoded name, be it half of a password or not.
    pub fn expose_name(&self) -> &str {
        &self.name
    }

    /// The decoded name, or `***` where it does not look like one: half of a password that was not
    /// percent-encoded can stand here.
    pub fn name(&self) -> &str {
        match self.shown {
            Shown::Whole | Shown::Name => &self.name,
            Shown::Nothing => MASK,
        }
    }

    /// The decoded value, if it is known to be harmless.
    pub fn value(&self) -> Option<&str> {
        (self.shown == Shown::Whole).then(|| self.value.expose_secret())
    }

    /// The decoded value, be it a secret or not.
    pub fn expose(&self) -> &SecretString {
        &self.value
    }

    /// Whether this crate knows the parameter by its name. The value may be a secret all the same.
    pub fn is_known(&self) -> bool {
        self.is_known
    }
}

/// Redacted.
impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name(), self.value().unwrap_or(MASK))
    }
}

#[cfg(test)]
mod tests {
    use super::super::known_params::{MYSQL, POSTGRES};
    use super::*;

    fn query(text: &str) -> Params {
        Params::parse_query(Some(text), &POSTGRES).unwrap()
    }

    fn written(params: &Params, secrets: Secrets) -> String {
        let mut out = String::new();
        params.write(&mut out, secrets);
        out
    }

    #[test]
    fn order_repetition_and_empty_segments_are_kept() {
        let text = "sslmode=require&&sslmode=disable&new%20one=1&";
        let params = query(text);
        assert_eq!(written(&params, Secrets::Exposed), format!("?{text}"));
        assert_eq!(params.get("sslmode"), Some("require"));
        assert_eq!(params.iter().count(), 3);
    }

    #[test]
    fn no_question_mark_and_an_empty_query_are_told_apart() {
        let none = Params::parse_query(None, &POSTGRES).unwrap();
        assert_eq!(written(&none, Secrets::Exposed), "");
        assert_eq!(written(&query(""), Secrets::Exposed), "?");
    }

    #[test]
    fn a_password_parameter_is_masked_however_it_is_spelt() {
        for text in [
            "password=CANARY",
            "p%61ssword=CANARY",
            "sslpassword=CANARY",
            "pasword=CANARY",
            "Password=CANARY",
        ] {
            let params = query(text);
            assert!(written(&params, Secrets::Masked).ends_with("=***"), "{text}");
            assert!(!format!("{params:?}").contains("CANARY"), "{text}");
            assert_eq!(params.iter().next().unwrap().value(), None);
        }
        assert_eq!(query("p%61ssword=CANARY").expose("password").unwrap().expose_secret(), "CANARY");
    }

    #[test]
    fn half_a_password_in_the_place_of_a_name_is_masked() {
        let params = query("CANARY@host/db");
        assert_eq!(written(&params, Secrets::Masked), "?***");
        assert_eq!(format!("{params:?}"), "[***=***]");
    }

    #[test]
    fn what_an_ampersand_cuts_off_a_password_is_masked() {
        let params = query("password=a&CANARY=b&CANARY&sslmode=require&new=1&other=2");
        assert_eq!(
            written(&params, Secrets::Masked),
            "?password=***&***&***&sslmode=require&new=***&other=***"
        );
        assert!(!format!("{params:?}").contains("CANARY"));
        let attributes = Params::parse_mysql(Some("connectionAttributes=a:&CANARY=b"), &MYSQL, |_| false);
        assert_eq!(written(&attributes.unwrap(), Secrets::Masked), "?connectionAttributes=***&***");
    }

    #[test]
    fn mysql_skips_what_has_no_equals_sign_and_keeps_it_in_the_text() {
        let params = Params::parse_mysql(Some("tls&parseTime=true"), &MYSQL, |_| false).unwrap();
        assert_eq!(params.iter().count(), 1);
        assert_eq!(written(&params, Secrets::Exposed), "?tls&parseTime=true");
        assert_eq!(written(&params, Secrets::Masked), "?***&parseTime=true");
    }

    #[test]
    fn unknown_parameters_are_kept_and_told_apart() {
        let params = query("sslmode=require&password=p&pasword=x&new=1&krbspn=a");
        let unknown: Vec<_> = params.unknown().map(Param::name).collect();
        assert_eq!(unknown, ["***", "***"], "behind a password, a name can be a part of it");
        let unknown: Vec<_> = query("new=1&sslmode=disable").unknown().map(|p| p.name().to_owned()).collect();
        assert_eq!(unknown, ["new"]);
        assert!(query("password=p&sslpassword=q&options=-c%20x").unknown().next().is_none());
    }

    #[test]
    fn what_is_masked_is_not_read_again() {
        for text in ["***", "password=***", "sslmode=require&new=***", "***=***", "sslmode=***"] {
            assert_eq!(Params::parse_query(Some(text), &POSTGRES).err(), Some(REDACTED), "{text}");
            assert_eq!(Params::parse_mysql(Some(text), &MYSQL, |_| true).err(), Some(REDACTED), "{text}");
        }
        assert!(Params::parse_query(Some("password=%2A**"), &POSTGRES).is_ok());
    }

    #[test]
    fn a_semicolon_is_refused_as_go_refuses_it() {
        assert!(Params::parse_query(Some("a=1;b=2"), &POSTGRES).is_err());
    }
}

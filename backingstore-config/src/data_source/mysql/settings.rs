//! The parameters that the driver itself reads, typed.
//!
//! All other parameters are session variables: the driver sends `SET NAME = VALUE` for each.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::super::fault::Fault;
use super::super::percent::{Plus, decode};
use super::duration::nanoseconds;
use super::tls::{MysqlTlsMode, TlsName};

/// What go-sql-driver makes of the parameters that it knows (v1.10 `dsn.go`).
///
/// Of a repeated parameter the last one counts. `Debug` shows no connection attributes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MysqlSettings {
    /// `timeout`: how long opening a connection may take. None: as long as the operating system lets it.
    pub timeout: Option<Duration>,
    /// `readTimeout`: how long one read may take. None: for ever.
    pub read_timeout: Option<Duration>,
    /// `writeTimeout`: how long one write may take. None: for ever.
    pub write_timeout: Option<Duration>,
    /// `timeTruncate`: what times in a query are cut to a multiple of. None: they are not cut.
    pub time_truncate: Option<Duration>,
    /// `maxAllowedPacket`: the largest packet in bytes, 64 MiB by default. None: what the server says, asked for on each
    /// connection.
    pub max_allowed_packet: Option<u64>,
    /// `charset`: the character sets to try, in order. None of them: the one of the collation.
    pub charsets: Vec<String>,
    /// `collation`. None: `utf8mb4_general_ci`.
    pub collation: Option<String>,
    /// `loc`: the time zone of times, `UTC` by default, `Local` for the machine's. Whether the machine has the zone is not
    /// looked at.
    pub location: String,
    /// `connectionAttributes`: pairs `NAME:VALUE` with commas between them, shown in the server's performance schema.
    pub connection_attributes: Option<SecretString>,
    /// `tls` and `allowFallbackToPlaintext` together.
    pub tls: MysqlTlsMode,
    /// `allowAllFiles`: `LOAD DATA LOCAL INFILE` may read any file.
    pub allow_all_files: bool,
    /// `allowCleartextPasswords`: the server may ask for the password itself, as the login with an AWS token needs.
    pub allow_cleartext_passwords: bool,
    /// `allowFallbackToPlaintext`, which `tls=preferred` sets too: a server without TLS is taken.
    pub allow_fallback_to_plaintext: bool,
    /// `allowNativePasswords`: the login `mysql_native_password`, on by default.
    pub allow_native_passwords: bool,
    /// `allowOldPasswords`: the login of before MySQL 4.1.
    pub allow_old_passwords: bool,
    /// `checkConnLiveness`: whether a pooled connection is looked at before it is used, on by default.
    pub check_conn_liveness: bool,
    /// `clientFoundRows`: an update counts the rows that it matched, not those that it changed.
    pub client_found_rows: bool,
    /// `columnsWithAlias`: columns are named with the table's alias before them.
    pub columns_with_alias: bool,
    /// `compress`: the protocol is compressed.
    pub compress: bool,
    /// `interpolateParams`: the driver puts values into a query's text.
    pub interpolate_params: bool,
    /// `multiStatements`: one query may hold several statements.
    pub multi_statements: bool,
    /// `parseTime`: dates and times are read as such.
    pub parse_time: bool,
    /// `rejectReadOnly`: a connection to a read-only server is given up.
    pub reject_read_only: bool,
    tls_name: TlsName,
    names_server_key: bool,
}

/// A value that is neither of the two; the parameter's name stands in the text.
macro_rules! no_switch {
    ($name:literal) => {
        Fault::invalid(
            concat!("a `", $name, "` that is neither on nor off"),
            concat!("write `", $name, "=true` or `", $name, "=false`"),
        )
    };
}

macro_rules! no_duration {
    ($name:literal) => {
        Fault::invalid(
            concat!("a `", $name, "` that is no duration"),
            concat!(
                "write a number with its unit, such as `",
                $name,
                "=30s`, `",
                $name,
                "=1m30s` or `",
                $name,
                "=500ms`"
            ),
        )
    };
}

impl Default for MysqlSettings {
    fn default() -> Self {
        Self {
            timeout: None,
            read_timeout: None,
            write_timeout: None,
            time_truncate: None,
            max_allowed_packet: Some(64 << 20),
            charsets: Vec::new(),
            collation: None,
            location: "UTC".to_owned(),
            connection_attributes: None,
            tls: MysqlTlsMode::Disabled,
            allow_all_files: false,
            allow_cleartext_passwords: false,
            allow_fallback_to_plaintext: false,
            allow_native_passwords: true,
            allow_old_passwords: false,
            check_conn_liveness: true,
            client_found_rows: false,
            columns_with_alias: false,
            compress: false,
            interpolate_params: false,
            multi_statements: false,
            parse_time: false,
            reject_read_only: false,
            tls_name: TlsName::Nothing,
            names_server_key: false,
        }
    }
}

impl MysqlSettings {
    /// What `tls` names in the driver's words; none for `false`, and where nothing is said.
    pub(in super::super) fn tls_name(&self) -> Option<&'static str> {
        self.tls_name.as_str()
    }

    /// Reads names and values as they are written, in their order.
    pub(super) fn read<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, Fault> {
        let mut settings = Self::default();
        for (name, value) in params {
            settings.set(name, value)?;
        }
        settings.finish()
    }

    /// Takes one parameter. Each one is checked by itself, also where a later one takes its place; whether a name is
    /// registered is looked at once, for the last.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        macro_rules! switch {
            ($field:ident, $name:literal) => {
                self.$field = switch(value).ok_or(no_switch!($name))?
            };
        }
        macro_rules! duration {
            ($field:ident, $name:literal) => {
                self.$field = duration(value).ok_or(no_duration!($name))?
            };
        }
        match name {
            "allowAllFiles" => switch!(allow_all_files, "allowAllFiles"),
            "allowCleartextPasswords" => switch!(allow_cleartext_passwords, "allowCleartextPasswords"),
            "allowFallbackToPlaintext" => switch!(allow_fallback_to_plaintext, "allowFallbackToPlaintext"),
            "allowNativePasswords" => switch!(allow_native_passwords, "allowNativePasswords"),
            "allowOldPasswords" => switch!(allow_old_passwords, "allowOldPasswords"),
            "checkConnLiveness" => switch!(check_conn_liveness, "checkConnLiveness"),
            "clientFoundRows" => switch!(client_found_rows, "clientFoundRows"),
            "columnsWithAlias" => switch!(columns_with_alias, "columnsWithAlias"),
            "compress" => switch!(compress, "compress"),
            "interpolateParams" => switch!(interpolate_params, "interpolateParams"),
            "multiStatements" => switch!(multi_statements, "multiStatements"),
            "parseTime" => switch!(parse_time, "parseTime"),
            "rejectReadOnly" => switch!(reject_read_only, "rejectReadOnly"),
            "timeout" => duration!(timeout, "timeout"),
            "readTimeout" => duration!(read_timeout, "readTimeout"),
            "writeTimeout" => duration!(write_timeout, "writeTimeout"),
            "timeTruncate" => duration!(time_truncate, "timeTruncate"),
            "maxAllowedPacket" => {
                // Go's `Atoi` takes a sign, as `from_str` does.
                let bytes: i64 = value.parse().map_err(|_| NO_SIZE)?;
                self.max_allowed_packet = u64::try_from(bytes).ok().filter(|bytes| *bytes > 0);
            }
            "charset" => self.charsets = value.split(',').map(str::to_owned).collect(),
            "collation" => self.collation = Some(value.to_owned()).filter(|name| !name.is_empty()),
            "loc" => self.location = location(&decode(value, Plus::Space)?)?,
            "connectionAttributes" => {
                let attributes = SecretString::from(decode(value, Plus::Space)?);
                self.connection_attributes = Some(attributes).filter(|text| !text.expose_secret().is_empty());
            }
            "tls" => self.tls_name = TlsName::read(value)?,
            // A name under which the program has registered a key.
            "serverPubKey" => self.names_server_key = !decode(value, Plus::Space)?.is_empty(),
            // The driver panics.
            "strict" => {
                return Err(Fault::invalid(
                    "a parameter `strict`, which ends the driver",
                    "remove it; `sql_mode=%27TRADITIONAL%27` makes the server strict",
                ));
            }
            // A session variable. Its value is decoded where it is kept.
            _ => {}
        }
        Ok(())
    }

    /// What the parameters mean together: the driver's `normalize`.
    fn finish(mut self) -> Result<Self, Fault> {
        if self.interpolate_params && self.collation.as_deref().is_some_and(is_unsafe) {
            return Err(Fault::invalid(
                "`interpolateParams` with a collation in which it is unsafe",
                "remove `interpolateParams`, or use a collation of `utf8mb4`",
            ));
        }
        if self.names_server_key {
            return Err(Fault::invalid(
                "a `serverPubKey`, which names a key that kine does not have",
                "remove `serverPubKey`, and use `tls=true`",
            ));
        }
        // `tls=preferred` switches it on whatever `allowFallbackToPlaintext` says.
        self.allow_fallback_to_plaintext |= self.tls_name == TlsName::Preferred;
        self.tls = self.tls_name.mode(self.allow_fallback_to_plaintext)?;
        Ok(self)
    }
}

/// Whether the driver takes the value of a parameter as it is written, without percent-decoding.
pub(in super::super) fn is_taken_raw(name: &str) -> bool {
    const RAW: [&str; 20] = [
        "allowAllFiles",
        "allowCleartextPasswords",
        "allowFallbackToPlaintext",
        "allowNativePasswords",
        "allowOldPasswords",
        "charset",
        "checkConnLiveness",
        "clientFoundRows",
        "collation",
        "columnsWithAlias",
        "compress",
        "interpolateParams",
        "maxAllowedPacket",
        "multiStatements",
        "parseTime",
        "readTimeout",
        "rejectReadOnly",
        "timeTruncate",
        "timeout",
        "writeTimeout",
    ];
    RAW.contains(&name)
}

const NO_SIZE: Fault = Fault::invalid(
    "a `maxAllowedPacket` that is not a number of bytes",
    "write it without a unit, such as `maxAllowedPacket=67108864`, or `maxAllowedPacket=0` to ask the server",
);

/// The driver's `readBool`.
pub(super) fn switch(value: &str) -> Option<bool> {
    match value {
        "1" | "true" | "TRUE" | "True" => Some(true),
        "0" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The outer none is no duration, the inner one is zero or less, which the driver takes for no limit.
fn duration(value: &str) -> Option<Option<Duration>> {
    let nanoseconds = nanoseconds(value)?;
    Some(u64::try_from(nanoseconds).ok().filter(|n| *n > 0).map(Duration::from_nanos))
}

/// Go's `time.LoadLocation`, as far as the text alone decides it.
fn location(name: &str) -> Result<String, Fault> {
    if name.is_empty() {
        return Ok("UTC".to_owned());
    }
    // Each part of a zone's name begins with a capital: `Africa/Dar_es_Salaam`, `Etc/GMT+1`, `W-SU`.
    let zone = ["posix/", "right/"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-_".contains(&b))
    };
    if !zone.split('/').all(fits) {
        return Err(Fault::invalid(
            "a `loc` that is no time zone",
            "write `loc=UTC`, `loc=Local`, or a zone such as `loc=Europe%2FLondon`",
        ));
    }
    Ok(name.to_owned())
}

/// The collations whose characters can hold a backslash byte (v1.10 `collations.go`).
fn is_unsafe(collation: &str) -> bool {
    const UNSAFE: [&str; 12] = [
        "big5_chinese_ci",
        "sjis_japanese_ci",
        "gbk_chinese_ci",
        "big5_bin",
        "gb2312_bin",
        "gbk_bin",
        "sjis_bin",
        "cp932_japanese_ci",
        "cp932_bin",
        "gb18030_chinese_ci",
        "gb18030_bin",
        "gb18030_unicode_520_ci",
    ];
    UNSAFE.contains(&collation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MysqlSettings, Fault> {
        MysqlSettings::read(text.split('&').filter_map(|segment| segment.split_once('=')))
    }

    fn settings(text: &str) -> MysqlSettings {
        read(text).unwrap()
    }

    #[test]
    fn a_switch_has_eight_spellings() {
        for (value, expected) in
            [("1", true), ("true", true), ("TRUE", true), ("True", true), ("0", false), ("false", false)]
        {
            assert_eq!(settings(&format!("parseTime={value}")).parse_time, expected, "{value}");
        }
        for value in ["", "yes", "on", "tRUE", "t", "2", "%31", "true "] {
            let fault = read(&format!("parseTime={value}")).unwrap_err();
            assert!(fault.problem.contains("`parseTime`"), "{value}: {}", fault.problem);
        }
    }

    #[test]
    fn a_duration_needs_a_unit_and_zero_is_no_limit() {
        assert_eq!(settings("timeout=1m30s").timeout, Some(Duration::from_secs(90)));
        assert_eq!(settings("readTimeout=0").read_timeout, None);
        assert_eq!(settings("writeTimeout=-5s").write_timeout, None);
        assert_eq!(settings("timeTruncate=1ms").time_truncate, Some(Duration::from_millis(1)));
        let fault = read("timeout=30").unwrap_err();
        assert!(fault.help.contains("timeout=30s"), "{}", fault.help);
    }

    #[test]
    fn a_packet_size_is_a_number_and_zero_asks_the_server() {
        assert_eq!(settings("").max_allowed_packet, Some(67_108_864));
        assert_eq!(settings("maxAllowedPacket=1024").max_allowed_packet, Some(1024));
        assert_eq!(settings("maxAllowedPacket=+5").max_allowed_packet, Some(5));
        assert_eq!(settings("maxAllowedPacket=0").max_allowed_packet, None);
        assert_eq!(settings("maxAllowedPacket=-1").max_allowed_packet, None);
        for value in ["", "64M", "1_000", "1.0", " 1", "9223372036854775808"] {
            assert!(read(&format!("maxAllowedPacket={value}")).is_err(), "{value}");
        }
    }

    #[test]
    fn a_time_zone_is_a_name_and_no_path() {
        for (value, expected) in [
            ("", "UTC"),
            ("UTC", "UTC"),
            ("Local", "Local"),
            ("Europe%2FLondon", "Europe/London"),
            ("America%2FArgentina%2FBuenos_Aires", "America/Argentina/Buenos_Aires"),
            ("Etc%2FGMT%2B1", "Etc/GMT+1"),
            ("W-SU", "W-SU"),
        ] {
            assert_eq!(settings(&format!("loc={value}")).location, expected, "{value}");
        }
        for value in
            ["%2Fetc%2Fpasswd", "..%2Fx", "Europe%2F..%2FUTC", "europe%2Flondon", "Europe+London", "%", "."]
        {
            assert!(read(&format!("loc={value}")).is_err(), "{value}");
        }
    }

    #[test]
    fn charsets_and_collations_are_taken_as_written() {
        let read = settings("charset=utf8mb4,utf8&collation=utf8mb4_bin");
        assert_eq!(read.charsets, ["utf8mb4", "utf8"]);
        assert_eq!(read.collation.as_deref(), Some("utf8mb4_bin"));
        assert_eq!(settings("charset=100%").charsets, ["100%"]);
    }

    #[test]
    fn interpolation_is_refused_with_an_unsafe_collation_alone() {
        assert!(read("interpolateParams=true&collation=gbk_bin").is_err());
        assert!(read("collation=gbk_bin&interpolateParams=1").is_err());
        assert!(read("interpolateParams=false&collation=gbk_bin").is_ok());
        assert!(read("interpolateParams=true&collation=utf8mb4_bin").is_ok());
        assert!(read("interpolateParams=true&charset=gbk").is_ok());
    }

    #[test]
    fn what_ends_the_driver_or_needs_a_registered_key_is_refused() {
        for text in
            ["strict=true", "strict=", "serverPubKey=key", "serverPubKey=%zz", "connectionAttributes=%zz"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("serverPubKey=").is_ok());
    }

    #[test]
    fn the_last_of_a_repeated_parameter_counts_and_each_is_checked() {
        assert!(settings("parseTime=true&parseTime=false&parseTime=1").parse_time);
        assert!(!settings("parseTime=true&parseTime=false").parse_time);
        assert!(read("parseTime=x&parseTime=true").is_err());
        assert_eq!(settings("tls=custom&tls=true").tls, MysqlTlsMode::Verified);
        assert!(read("tls=true&tls=custom").is_err());
        assert!(read("serverPubKey=key&serverPubKey=").is_ok());
    }

    #[test]
    fn connection_attributes_are_decoded_and_never_shown() {
        let read = settings("connectionAttributes=program:CANARY%2Fx,v:1");
        assert_eq!(read.connection_attributes.as_ref().unwrap().expose_secret(), "program:CANARY/x,v:1");
        assert!(!format!("{read:?}").contains("CANARY"));
    }
}

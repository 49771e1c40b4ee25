//! From arguments and variables to flags, or to one line that says what is wrong with them.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};

use crate::flags::Flags;
use crate::meaningless;

/// Reads the flags of this process. None after `--help` and `--version`, which are answered then.
pub(crate) fn read() -> Result<Option<Flags>, String> {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return Err(in_one_line(&error)),
        Err(answer) => return answer.print().map(|()| None).map_err(|error| error.to_string()),
    };
    meaningless::check(&matches)?;
    Flags::from_arg_matches(&matches).map(Some).map_err(|error| in_one_line(&error))
}

fn command() -> Command {
    // kine's short form is -v, clap's -V.
    let version =
        Arg::new("version").short('v').long("version").help("Print version").action(ArgAction::Version);
    meaningless::add_to(Flags::command().disable_version_flag(true).arg(version))
        .mut_args(without_empty_variable)
}

/// A variable that is set to nothing counts as one that is not set.
fn without_empty_variable(arg: Arg) -> Arg {
    let is_empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    if is_empty { arg.env(None::<&'static str>) } else { arg }
}

/// clap's own words take several lines, and repeat what was written.
fn in_one_line(error: &clap::Error) -> String {
    const HELP: &str = "--help shows all flags";
    if error.kind() == ErrorKind::UnknownArgument {
        let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidArg) else {
            return format!("an unknown flag; {HELP}");
        };
        let is_plain = written.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        return if written.starts_with('-') && is_plain {
            format!("there is no flag {written}; {HELP}")
        } else {
            // It can be a data source whose flag was forgotten, with its password.
            format!("an argument that belongs to no flag; {HELP}")
        };
    }
    let said = error.to_string();
    // The first paragraph says what is wrong, the rest how the program is used.
    let what: Vec<_> = said.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let what = what.join(" ");
    format!("{}; {HELP}", what.strip_prefix("error: ").unwrap_or(&what))
}

//! What the program is asked to do, by its arguments.

mod keys;
mod outbox;
mod scopes;
mod span;
#[cfg(feature = "oauth")]
mod token;
mod tools;

use clap::ArgMatches;
use std::{ffi::OsString, path::Path};

pub(crate) use keys::{Keys, WantedKey};
pub(crate) use outbox::DeadMail;
#[cfg(feature = "oauth")]
pub(crate) use token::WantedToken;
pub(crate) use tools::Output;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// HTTP.
    Serve,
    /// MCP on standard input and output.
    Stdio,
    /// What the tools cost, printed.
    Tools(Output),
    /// Whose rows the operations work on, printed.
    Scopes(Output),
    /// API keys.
    Keys(Keys),
    /// Messages that were given up.
    Outbox(DeadMail),
    /// A token of the local issuer, printed.
    #[cfg(feature = "oauth")]
    Token(WantedToken),
}

impl Command {
    /// Reads the arguments, of which the first is the program's name.
    ///
    /// # Errors
    /// What is to be printed instead: the help that was asked for, or what is wrong and how it is written.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut arguments = arguments.into_iter();
        let program = arguments.next().unwrap_or_default();
        let name = Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The help names the program as it was called, without its folders.
        let matches = parser(&name).try_get_matches_from(std::iter::once(name.into()).chain(arguments))?;
        Ok(match matches.subcommand() {
            Some(("stdio", _)) => Self::Stdio,
            Some(("tools", given)) => Self::Tools(tools::read(given)),
            Some(("scopes", given)) => Self::Scopes(scopes::read(given)),
            Some(("keys", given)) => Self::Keys(keys::read(given)),
            Some(("outbox", given)) => Self::Outbox(outbox::read(given)),
            #[cfg(feature = "oauth")]
            Some(("token", given)) => Self::Token(token::read(given)),
            _ => Self::Serve,
        })
    }
}

/// Each command of its own file: `parser` says how it is written, `read` what was.
fn parser(program: &str) -> clap::Command {
    let parser = clap::Command::new("diptych")
        .bin_name(program)
        .disable_help_subcommand(true)
        .subcommand(clap::Command::new("serve").about("REST, OpenAPI and MCP over HTTP; also without a command"))
        .subcommand(clap::Command::new("stdio").about("MCP on standard input and output"))
        .subcommand(tools::parser())
        .subcommand(scopes::parser())
        .subcommand(keys::parser())
        .subcommand(outbox::parser());
    #[cfg(feature = "oauth")]
    let parser = parser.subcommand(token::parser());
    parser
}

/// An option that has a default.
fn given<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str, default: T) -> T {
    matches.get_one(name).cloned().unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_be_run() {
        let read = |arguments: &[&str]| Command::read(arguments.iter().map(OsString::from));
        for (arguments, command) in [
            (&["/bin/app"] as &[&str], Some(Command::Serve)),
            (&["app", "serve"], Some(Command::Serve)),
            (&["app", "stdio"], Some(Command::Stdio)),
            (&[], Some(Command::Serve)),
            (&["app", "STDIO"], None),
            (&["app", "stdio", "now"], None),
            (&["app", "tools"], Some(Command::Tools(Output::Table))),
            (&["app", "tools", "--format", "table"], Some(Command::Tools(Output::Table))),
            (&["app", "tools", "--format", "json"], Some(Command::Tools(Output::Json))),
            (&["app", "tools", "--format", "xml"], None),
            (&["app", "tools", "--format"], None),
            (&["app", "scopes"], Some(Command::Scopes(Output::Table))),
            (&["app", "scopes", "--format", "json"], Some(Command::Scopes(Output::Json))),
            (&["app", "keys", "list"], Some(Command::Keys(Keys::List(Output::Table)))),
            (&["app", "keys", "list", "--format", "json"], Some(Command::Keys(Keys::List(Output::Json)))),
            (&["app", "keys", "revoke", "abc"], Some(Command::Keys(Keys::Revoke("abc".to_owned())))),
            (&["app", "keys"], None),
            (&["app", "keys", "create"], None),
            (&["app", "keys", "create", "--name", "ci", "--expires", "soon"], None),
            (&["app", "keys", "revoke"], None),
            (&["app", "outbox", "list"], Some(Command::Outbox(DeadMail::List(Output::Table)))),
            (&["app", "outbox", "show", "a"], Some(Command::Outbox(DeadMail::Show("a".to_owned())))),
            (&["app", "outbox", "retry", "a"], Some(Command::Outbox(DeadMail::Retry("a".to_owned())))),
            (&["app", "outbox", "retry", "--all"], Some(Command::Outbox(DeadMail::RetryAll(None)))),
            (
                &["app", "outbox", "retry", "--topic", "t"],
                Some(Command::Outbox(DeadMail::RetryAll(Some("t".to_owned())))),
            ),
            (&["app", "outbox", "discard", "a"], Some(Command::Outbox(DeadMail::Discard("a".to_owned())))),
            (&["app", "outbox"], None),
            (&["app", "outbox", "retry"], None),
            (&["app", "outbox", "retry", "a", "--all"], None),
            (&["app", "outbox", "discard", "--all"], None),
            (&["app", "--help"], None),
            (&["app", ""], None),
        ] {
            assert_eq!(read(arguments).ok(), command, "{arguments:?}");
        }
        let help = read(&["/bin/app", "--help"]).unwrap_err();
        assert_eq!(help.exit_code(), 0, "help that was asked for is no failure");
        let text = help.to_string();
        assert!(text.contains("Usage: app [COMMAND]") && !text.contains("/bin"), "{text}");
        assert_eq!(read(&["app", "now"]).unwrap_err().exit_code(), 2);
    }
}

//! What the program is asked to do, by its arguments.

use std::{ffi::OsString, fmt, path::Path};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// HTTP.
    Serve,
    /// MCP on standard input and output.
    Stdio,
    /// What the tools cost, printed.
    Tools(Output),
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Table,
    Json,
}

/// What the program can be asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    program: String,
}

impl Command {
    /// Reads the arguments, of which the first is the program's name.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Usage> {
        let mut arguments = arguments.into_iter();
        let program = arguments.next().unwrap_or_default();
        let words: Vec<_> = arguments.collect();
        match words.iter().map(|word| word.to_str()).collect::<Vec<_>>()[..] {
            [] | [Some("serve")] => Ok(Self::Serve),
            [Some("stdio")] => Ok(Self::Stdio),
            [Some("tools")] | [Some("tools"), Some("--format"), Some("table")] => Ok(Self::Tools(Output::Table)),
            [Some("tools"), Some("--format"), Some("json")] => Ok(Self::Tools(Output::Json)),
            _ => {
                let name = Path::new(&program).file_name().unwrap_or_default();
                Err(Usage { program: name.to_string_lossy().into_owned() })
            }
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = &self.program;
        write!(
            f,
            "usage: {program} [serve]   REST, OpenAPI and MCP over HTTP\n       {program} stdio     MCP on standard input and output\n       {program} tools [--format table|json]   what each tool costs a conversation, in bytes and tokens"
        )
    }
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
            (&["app", "--help"], None),
            (&["app", ""], None),
        ] {
            assert_eq!(read(arguments).ok(), command, "{arguments:?}");
        }
        let usage = read(&["/bin/app", "--help"]).unwrap_err().to_string();
        assert_eq!(usage.lines().map(|line| line.contains("app ")).collect::<Vec<_>>(), [true; 3], "{usage}");
    }
}

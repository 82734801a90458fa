//! Why a server does not start.

use diptych_spec::{Error, Mistakes};
use std::{error::Error as StdError, fmt, io};

/// Why a server does not start. Its text is for the person at the terminal.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The declarations are wrong: all of them, by operation.
    Mistakes(Mistakes),
    /// An environment variable or a setting is wrong.
    Configuration(String),
    /// The database cannot be reached, or a migration failed.
    Database(Error),
    /// An authenticator cannot begin.
    Authentication(Error),
    /// The address cannot be listened on.
    Listen(String),
    /// Standard input or output failed.
    Stdio(io::Error),
    /// A hook of the application's own failed.
    Hook(Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, error) = match self {
            Self::Mistakes(mistakes) => return mistakes.fmt(f),
            Self::Configuration(why) => return write!(f, "the configuration is wrong: {why}"),
            Self::Listen(why) => return write!(f, "cannot listen: {why}"),
            Self::Stdio(error) => return write!(f, "standard input or output failed: {error}"),
            Self::Database(error) => ("cannot use the database", error),
            Self::Authentication(error) => ("cannot authenticate callers", error),
            Self::Hook(error) => ("a start hook failed", error),
        };
        write!(f, "{what}: {}", error.detail())?;
        let mut source = error.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for StartError {}

impl From<Mistakes> for StartError {
    fn from(mistakes: Mistakes) -> Self {
        Self::Mistakes(mistakes)
    }
}

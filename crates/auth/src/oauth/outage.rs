//! An issuer that cannot be asked. That says nothing about the token: it is neither refused nor let through.

use diptych_spec::{Error, ErrorKind};
use std::{error, fmt, time::Duration};

/// Why an issuer cannot be asked, in words of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outage(pub(super) &'static str);

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for Outage {}

impl From<Outage> for Error {
    fn from(outage: Outage) -> Self {
        let detail = "the issuer of the token cannot be reached at the moment; try again";
        Self::new(ErrorKind::Unavailable, "issuer_unavailable", detail)
            .with_retry_after(Duration::from_secs(2))
            .with_source(outage)
    }
}

/// Why a token does not open anything.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is not good.
    Token(&'static str),
    /// It cannot be told.
    Outage(Outage),
}

impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Self {
        Self::Token(reason)
    }
}

impl From<Outage> for Refusal {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

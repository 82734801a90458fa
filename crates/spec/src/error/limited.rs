//! The error of a rate limit, in words that a model can follow.

use super::{Error, ErrorKind};
use crate::{Limit, Quota, quota};
use std::time::Duration;

impl Error {
    /// A limit lets the caller not through now, but after `wait`.
    #[must_use]
    pub fn rate_limited(limit: &Limit, wait: Duration) -> Self {
        Self::too_often(&format!("too many calls: at most {limit}"), wait)
    }

    /// The same, with what was done too often in words of its own.
    #[must_use]
    pub fn too_often(what: &str, wait: Duration) -> Self {
        let detail = format!("{what}; wait {}, then try again", Wait(wait));
        Self::new(ErrorKind::RateLimited, "rate_limited", detail).with_retry_after(wait)
    }

    /// Where the caller stands with the limits that were asked.
    #[must_use]
    pub fn with_quotas(mut self, quotas: Vec<Quota>) -> Self {
        self.0.quotas = quotas;
        self
    }

    /// Where the caller stands with the limits that were asked, for [`ErrorKind::RateLimited`].
    #[must_use]
    pub fn quotas(&self) -> &[Quota] {
        &self.0.quotas
    }

    /// How long to wait before trying again, in whole seconds, rounded up, at least one (RFC 9110, section 10.2.3).
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after().map(quota::seconds)
    }
}

/// `12 seconds`.
struct Wait(Duration);

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match quota::seconds(self.0) {
            1 => f.write_str("1 second"),
            seconds @ 2..=300 => write!(f, "{seconds} seconds"),
            seconds @ 301..=7_200 => write!(f, "{} minutes", seconds.div_ceil(60)),
            seconds => write!(f, "{} hours", seconds.div_ceil(3_600)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_named_in_words_and_in_seconds() {
        let limit = Limit::per_minute(60);
        for (wait, words, seconds) in [
            (Duration::ZERO, "1 second", 1),
            (Duration::from_millis(900), "1 second", 1),
            (Duration::from_millis(11_001), "12 seconds", 12),
            (Duration::from_secs(300), "300 seconds", 300),
            (Duration::from_secs(301), "6 minutes", 301),
            (Duration::from_secs(86_000), "24 hours", 86_000),
        ] {
            let error = Error::rate_limited(&limit, wait);
            let detail = format!("too many calls: at most 60 in a minute; wait {words}, then try again");
            assert_eq!((error.detail(), error.code()), (&*detail, "rate_limited"));
            assert_eq!(error.problem().retry_after, Some(seconds));
        }
    }
}

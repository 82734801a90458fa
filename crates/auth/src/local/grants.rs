//! What was granted and not yet taken: codes and refresh tokens. Bounded; with one more, the oldest goes.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, SystemTime},
};

/// How long a code is good (RFC 6749, section 4.1.2, allows 10 minutes).
pub(super) const CODE_LIFETIME: Duration = Duration::from_secs(60);
/// How long a refresh token is good, and all that follow it.
const REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many codes, and how many lines of refresh tokens, are kept.
const MOST: usize = 1000;

/// What a user allowed a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) client: String,
    pub(super) user: String,
    pub(super) scopes: Vec<String>,
    pub(super) resource: String,
}

/// A grant to be taken with a code.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) grant: Grant,
    /// As the client named it; `None` when it did not.
    pub(super) redirect_uri: Option<String>,
    pub(super) challenge: String,
}

#[derive(Debug, Default)]
pub(super) struct Grants {
    codes: Bounded<Kept>,
    lines: Bounded<Line>,
}

#[derive(Debug)]
struct Kept {
    code: Code,
    end: SystemTime,
    /// Taken already: the line of refresh tokens that came of it, if one did.
    taken: Option<Option<String>>,
}

/// Refresh tokens that followed one another, of which the last is good.
#[derive(Debug)]
struct Line {
    grant: Grant,
    last: String,
    end: SystemTime,
}

impl Grants {
    pub(super) fn keep_code(&mut self, name: String, code: Code, now: SystemTime) {
        self.codes.insert(name, Kept { code, end: now + CODE_LIFETIME, taken: None });
    }

    /// What a code is for, once. One that is taken twice was stolen: what came of it ends (RFC 6749, section 4.1.2). `good` says
    /// whether whoever takes it may; the code is spent in any case.
    pub(super) fn take_code(&mut self, name: &str, now: SystemTime, good: impl Fn(&Code) -> bool) -> Option<Grant> {
        let kept = self.codes.get_mut(name)?;
        if let Some(line) = kept.taken.replace(None) {
            if let Some(line) = line {
                self.lines.remove(&line);
            }
            return None;
        }
        (kept.end > now && good(&kept.code)).then(|| kept.code.grant.clone())
    }

    /// Begins a line of refresh tokens; `random` are its name and its first token. Ends with the code that it came of.
    pub(super) fn begin(
        &mut self,
        code: Option<&str>,
        grant: Grant,
        [name, last]: [String; 2],
        now: SystemTime,
    ) -> String {
        let token = format!("{name}.{last}");
        if let Some(kept) = code.and_then(|code| self.codes.get_mut(code)) {
            kept.taken = Some(Some(name.clone()));
        }
        self.lines.insert(name, Line { grant, last, end: now + REFRESH_LIFETIME });
        token
    }

    /// The grant of a refresh token, and the token that takes its place. One that was used before was stolen from the client or by
    /// it, and ends the line (OAuth 2.1, section 4.3.1).
    pub(super) fn rotate(
        &mut self,
        token: &str,
        next: String,
        now: SystemTime,
        good: impl Fn(&Grant) -> bool,
    ) -> Option<(Grant, String)> {
        let (name, last) = token.split_once('.')?;
        let line = self.lines.get_mut(name)?;
        if line.last != last || line.end <= now {
            self.lines.remove(name);
            return None;
        }
        // Somebody else's client, or another resource: the token is not taken, and stays as it was.
        if !good(&line.grant) {
            return None;
        }
        let token = format!("{name}.{next}");
        line.last = next;
        Some((line.grant.clone(), token))
    }
}

/// A map of [`MOST`] entries.
#[derive(Debug)]
struct Bounded<T> {
    entries: HashMap<String, T>,
    /// In order of age. What was removed leaves its name until its turn comes.
    order: VecDeque<String>,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Bounded<T> {
    fn insert(&mut self, name: String, entry: T) {
        while self.order.len() >= MOST {
            let oldest = self.order.pop_front().unwrap_or_default();
            self.entries.remove(&oldest);
        }
        self.order.push_back(name.clone());
        self.entries.insert(name, entry);
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.entries.get_mut(name)
    }

    fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Code {
        let grant = Grant {
            client: "c".to_owned(),
            user: "ann".to_owned(),
            scopes: vec!["a".to_owned()],
            resource: "http://127.0.0.1/mcp".to_owned(),
        };
        Code { grant, redirect_uri: None, challenge: "x".to_owned() }
    }

    fn pair(name: &str) -> [String; 2] {
        [name.to_owned(), "0".to_owned()]
    }

    #[test]
    fn a_code_is_taken_once_and_soon() {
        let (mut grants, now) = (Grants::default(), SystemTime::now());
        let anybody = |_: &Code| true;
        for name in ["once", "late", "foreign"] {
            grants.keep_code(name.to_owned(), code(), now);
        }
        assert_eq!(grants.take_code("none", now, anybody), None);
        assert_eq!(grants.take_code("late", now + CODE_LIFETIME, anybody), None);
        assert_eq!(grants.take_code("foreign", now, |_| false), None);
        assert_eq!(grants.take_code("foreign", now, anybody), None, "it was spent");
        let grant = grants.take_code("once", now, anybody).unwrap();
        let token = grants.begin(Some("once"), grant.clone(), pair("line"), now);
        let good = |grant: &Grant| grant.client == "c";
        let (same, token) = grants.rotate(&token, "1".to_owned(), now, good).unwrap();
        assert_eq!(same, grant);
        assert_eq!(grants.take_code("once", now, anybody), None, "a second time");
        assert_eq!(grants.rotate(&token, "2".to_owned(), now, good), None, "and what came of it has ended");
    }

    #[test]
    fn a_refresh_token_is_used_once() {
        let (mut grants, now) = (Grants::default(), SystemTime::now());
        let good = |_: &Grant| true;
        let first = grants.begin(None, code().grant, pair("line"), now);
        assert_eq!(grants.rotate(&first, "1".to_owned(), now, |_| false), None, "not by somebody else");
        let (_, second) = grants.rotate(&first, "1".to_owned(), now, good).unwrap();
        assert_eq!(grants.rotate(&first, "2".to_owned(), now, good), None, "a second time");
        assert_eq!(grants.rotate(&second, "2".to_owned(), now, good), None, "which ends the line");
        let old = grants.begin(None, code().grant, pair("old"), now);
        assert_eq!(grants.rotate(&old, "1".to_owned(), now + REFRESH_LIFETIME, good), None);
    }

    #[test]
    fn the_oldest_goes() {
        let (mut grants, now) = (Grants::default(), SystemTime::now());
        for at in 0..=MOST {
            grants.keep_code(at.to_string(), code(), now);
            grants.begin(None, code().grant, pair(&at.to_string()), now);
        }
        assert_eq!((grants.codes.entries.len(), grants.lines.entries.len()), (MOST, MOST));
        assert_eq!(grants.take_code("0", now, |_| true), None);
        assert!(grants.take_code("1", now, |_| true).is_some());
    }
}

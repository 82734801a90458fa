//! Cookies that an answer over REST sets (RFC 6265, section 4.1).

use crate::arguments::is_token;
use serde::{Deserialize, Serialize};
use std::{fmt, fmt::Write as _, time::Duration};

/// The longest name and value together that every browser keeps (RFC 6265bis, section 5.6).
const LONGEST: usize = 4096;
/// The longest value of an attribute that every browser keeps.
const LONGEST_ATTRIBUTE: usize = 1024;

/// Which requests from other sites a cookie is sent along with (RFC 6265bis, section 4.1.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SameSite {
    /// With none.
    Strict,
    /// When a link is followed from there.
    #[default]
    Lax,
    /// With all. Such a cookie is always `Secure`.
    None,
}

/// A cookie, for [`crate::ResponseHead::cookie`]. Unless said otherwise no script of a page reads it (`HttpOnly`), it goes with no
/// request of another site but a followed link (`SameSite=Lax`), to every path of the host that set it and to no other host, and
/// ends with the browser's session. It is sent over TLS alone (`Secure`); only a server for development that is asked for on a loopback
/// name leaves that out.
///
/// ```
/// use diptych_spec::Cookie;
/// use std::time::Duration;
///
/// let cookie = Cookie::new("__Host-session", "8e03978e").max_age(Duration::from_secs(3600));
/// assert_eq!(
///     cookie.header(true),
///     "__Host-session=8e03978e; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "it does nothing until it is given to `ResponseHead::cookie`"]
pub struct Cookie {
    name: String,
    value: String,
    path: String,
    domain: Option<String>,
    max_age: Option<u64>,
    same_site: SameSite,
    http_only: bool,
}

impl Cookie {
    /// A cookie of this name and value. What is no ASCII, and white space, `"`, `,`, `;` and `\` have to be written in another way, such
    /// as base64url: the call fails otherwise.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            path: "/".to_owned(),
            domain: None,
            max_age: None,
            same_site: SameSite::default(),
            http_only: true,
        }
    }

    /// Has the browser forget the cookie of this name. Path and domain have to be those that it was set with.
    pub fn removed(name: impl Into<String>) -> Self {
        Self::new(name, "").max_age(Duration::ZERO)
    }

    /// How long it is kept, in whole seconds; until the browser's session ends unless said otherwise.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age.as_secs());
        self
    }

    /// The paths that it is sent to: this one and those below; `/` unless said otherwise. It is a path of the whole server, with whatever
    /// REST is mounted under.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Has it sent to this domain and all below it as well; to the one host that set it unless said otherwise.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Which requests from other sites it is sent along with; [`SameSite::Lax`] unless said otherwise.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Lets the scripts of pages read it, and so whatever is injected into one: nothing that signs somebody in.
    pub fn readable_by_scripts(mut self) -> Self {
        self.http_only = false;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of `Set-Cookie`; `encrypted` is whether it can be left to connections that are encrypted.
    #[must_use]
    pub fn header(&self, encrypted: bool) -> String {
        let mut text = format!("{}={}; Path={}", self.name, self.value, self.path);
        if let Some(domain) = &self.domain {
            let _ = write!(text, "; Domain={domain}");
        }
        if let Some(age) = self.max_age {
            let _ = write!(text, "; Max-Age={age}");
        }
        if self.http_only {
            text.push_str("; HttpOnly");
        }
        text.push_str(match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        // Browsers drop a cookie of such a name, and one for all sites, that is not.
        if encrypted || self.same_site == SameSite::None || self.prefix().is_some() {
            text.push_str("; Secure");
        }
        text
    }

    /// What its name promises of it (RFC 6265bis, section 4.1.3).
    fn prefix(&self) -> Option<&'static str> {
        let begins =
            |prefix: &&str| self.name.get(..prefix.len()).is_some_and(|name| name.eq_ignore_ascii_case(prefix));
        ["__Host-", "__Secure-"].into_iter().find(|prefix| begins(prefix))
    }

    /// What is wrong with it, without the value, which is often a secret.
    pub(crate) fn mistake(&self) -> Option<String> {
        let name = &self.name;
        let is_value = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
        let is_attribute = |byte: u8| matches!(byte, b' '..=b'~') && byte != b';';
        if let Some(mistake) = name_mistake(name) {
            return Some(mistake);
        }
        if !self.value.bytes().all(is_value) {
            return Some(format!(
                "the value of the cookie `{name}` has a character that no cookie has: write it in visible ASCII without `\"`, `,`, `;` and `\\`, such as base64url"
            ));
        }
        if name.len() + self.value.len() > LONGEST {
            return Some(format!("the cookie `{name}` is longer than {LONGEST} bytes, which browsers drop"));
        }
        if !self.path.starts_with('/') || self.path.len() > LONGEST_ATTRIBUTE || !self.path.bytes().all(is_attribute) {
            return Some(format!("the path of the cookie `{name}` has to begin with `/`, and has no `;`"));
        }
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let domain = self.domain.as_deref();
        if domain.is_some_and(|host| host.is_empty() || host.len() > 253 || !host.bytes().all(is_host)) {
            return Some(format!("the domain of the cookie `{name}` has to be a host's name, such as `example.com`"));
        }
        if self.prefix() == Some("__Host-") && (domain.is_some() || self.path != "/") {
            return Some(format!(
                "the cookie `{name}` is by its name for one host and all its paths; leave out `.domain(…)` and `.path(…)`, or rename it"
            ));
        }
        None
    }
}

/// What is wrong with the name of a cookie.
pub(crate) fn name_mistake(name: &str) -> Option<String> {
    (!is_token(name)).then(|| format!("`{name}` cannot be the name of a cookie; write letters, digits, `-` and `_`"))
}

/// Without the value.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_written_as_rfc_6265_says() {
        let plain = || Cookie::new("a", "b");
        for (cookie, encrypted, header) in [
            (plain(), true, "a=b; Path=/; HttpOnly; SameSite=Lax; Secure"),
            (plain(), false, "a=b; Path=/; HttpOnly; SameSite=Lax"),
            (Cookie::removed("a").path("/x"), true, "a=; Path=/x; Max-Age=0; HttpOnly; SameSite=Lax; Secure"),
            (
                plain().readable_by_scripts().same_site(SameSite::Strict).domain("example.com"),
                true,
                "a=b; Path=/; Domain=example.com; SameSite=Strict; Secure",
            ),
            // What browsers take only from encrypted connections is said to be for these.
            (plain().same_site(SameSite::None), false, "a=b; Path=/; HttpOnly; SameSite=None; Secure"),
            (Cookie::new("__host-a", ""), false, "__host-a=; Path=/; HttpOnly; SameSite=Lax; Secure"),
        ] {
            assert_eq!(cookie.mistake(), None, "{header}");
            assert_eq!(cookie.header(encrypted), header);
        }
    }

    #[test]
    fn what_browsers_would_drop_or_read_otherwise_is_a_mistake() {
        for (cookie, part) in [
            (Cookie::new("", "b"), "name of a cookie"),
            (Cookie::new("a b", "b"), "name of a cookie"),
            (Cookie::new("a=", "b"), "name of a cookie"),
            (Cookie::new("ä", "b"), "name of a cookie"),
            (Cookie::new("a", "secret; Domain=evil"), "the value of the cookie `a`"),
            (Cookie::new("a", "secret\r\nX: y"), "the value of the cookie `a`"),
            (Cookie::new("a", "b".repeat(4096)), "longer than 4096"),
            (Cookie::new("a", "b").path("x"), "the path"),
            (Cookie::new("a", "b").path("/;x"), "the path"),
            (Cookie::new("a", "b").path("/\r"), "the path"),
            (Cookie::new("a", "b").domain(""), "the domain"),
            (Cookie::new("a", "b").domain("a;b"), "the domain"),
            (Cookie::new("__Host-a", "b").path("/x"), "for one host"),
            (Cookie::new("__Host-a", "b").domain("example.com"), "for one host"),
        ] {
            let mistake = cookie.mistake().unwrap_or_default();
            assert!(mistake.contains(part), "{mistake}");
            assert!(!mistake.contains("secret") && !format!("{cookie:?}").contains("secret"), "{mistake}");
        }
    }
}

//! What an operation says of its answer over REST beside the answer itself: a status, header fields, cookies.

use crate::{Call, Cookie, Declaration, Error, FromCall, Result, Signature, declaration::Responding};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The longest value of a header field, in bytes.
const LONGEST: usize = 4096;

/// The head of the HTTP response, as an argument of a handler: its status, header fields and cookies.
///
/// What can be said was declared: `.or_status(…)`, `.response_header(…)` and `.response_cookie(…)`, so that the OpenAPI document has it.
/// It goes with the answer, and only with that: a call that fails is answered with its error alone. Over MCP and in process there is no
/// such head, and what is said is not sent.
///
/// ```
/// # use diptych_spec::{Cookie, ResponseHead, Result};
/// async fn put(head: ResponseHead) -> Result<()> {
///     let is_new = true; // …
///     head.status(if is_new { 201 } else { 200 })?;
///     head.header("X-Stock", 42)?;
///     head.cookie(Cookie::new("seen", "1"))
/// }
/// ```
#[derive(Clone)]
pub struct ResponseHead {
    declared: Arc<Responding>,
    usual: u16,
    said: Arc<Mutex<Head>>,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<Cookie>,
}

impl ResponseHead {
    /// The head of a call of this operation; `None` when its handler does not ask for one.
    #[must_use]
    pub fn of(declaration: &Declaration) -> Option<Self> {
        declaration.signature.responds.then(|| Self {
            declared: Arc::clone(&declaration.responding),
            usual: declaration.status(),
            said: Arc::default(),
        })
    }

    /// The status of this answer, which is the usual one or was declared with `.or_status(…)`.
    ///
    /// # Errors
    /// It is none of these: a fault of the operation.
    pub fn status(&self, status: u16) -> Result<()> {
        if status != self.usual && self.declared.statuses.iter().all(|(known, _)| *known != status) {
            return Err(Error::internal(format!(
                "the status {status} was not declared; add `.or_status({status}, \"…\")` to the spec"
            )));
        }
        self.said().status = Some(status);
        Ok(())
    }

    /// A header field, which was declared with `.response_header(…)`. Said again, the last value is sent.
    ///
    /// # Errors
    /// It was not declared, or the value is not visible ASCII with single spaces or tabs inside, or longer than 4 KiB: a fault of the operation.
    pub fn header(&self, name: &str, value: impl fmt::Display) -> Result<()> {
        let Some((name, _)) = self.declared.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
            return Err(Error::internal(format!(
                "the header `{name}` was not declared; add `.response_header(\"{name}\", \"…\")` to the spec"
            )));
        };
        let value = value.to_string();
        let is_text = |byte: u8| matches!(byte, b'\t' | b' '..=b'~');
        if value.len() > LONGEST || value.trim() != value || !value.bytes().all(is_text) {
            return Err(Error::internal(format!(
                "the value of the header `{name}` has to be at most {LONGEST} bytes of ASCII without line breaks, and no space at its ends; write others percent-encoded"
            )));
        }
        let mut said = self.said();
        match said.headers.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => said.headers.push((name.to_string(), value)),
        }
        Ok(())
    }

    /// Sets a cookie, which was declared with `.response_cookie(…)`. Of several with one name the last is sent.
    ///
    /// # Errors
    /// It was not declared, or is none that browsers take: a fault of the operation.
    pub fn cookie(&self, cookie: Cookie) -> Result<()> {
        let name = cookie.name();
        if self.declared.cookies.iter().all(|(known, _)| known != name) {
            return Err(Error::internal(format!(
                "the cookie `{name}` was not declared; add `.response_cookie(\"{name}\", \"…\")` to the spec"
            )));
        }
        if let Some(mistake) = cookie.mistake() {
            return Err(Error::internal(mistake));
        }
        let mut said = self.said();
        said.cookies.retain(|known| known.name() != name);
        said.cookies.push(cookie);
        Ok(())
    }

    /// What was said, if anything was. What is said later is lost.
    #[must_use]
    pub fn take(&self) -> Option<Box<Head>> {
        let said = std::mem::take(&mut *self.said());
        (said != Head::default()).then(|| Box::new(said))
    }

    fn said(&self) -> MutexGuard<'_, Head> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromCall for ResponseHead {
    fn describe(signature: &mut Signature) {
        signature.responds();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.get::<Self>().cloned().ok_or_else(|| crate::call::misplaced::<Self>("ResponseHead"))
    }
}

/// Without values.
impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead").field("declared", &self.declared).finish_non_exhaustive()
    }
}

impl Head {
    /// The status, where one was said.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The header fields, as they were declared.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The cookies.
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OperationKind;

    fn declared() -> Declaration {
        let mut declaration = Declaration::new("a", "", OperationKind::Service);
        declaration.signature.responds();
        let responding = Arc::make_mut(&mut declaration.responding);
        responding.statuses.push((201, "made".into()));
        responding.headers.push(("X-Stock".into(), "left".into()));
        responding.cookies.push(("seen".into(), "seen".into()));
        declaration
    }

    #[test]
    fn what_was_declared_can_be_said_and_nothing_else() {
        let declaration = declared();
        let head = ResponseHead::of(&declaration).unwrap();
        assert_eq!(head.take(), None);
        head.status(201).unwrap();
        head.status(200).unwrap();
        head.header("x-stock", 1).unwrap();
        head.header("X-Stock", "two\tor 3").unwrap();
        head.cookie(Cookie::new("seen", "1")).unwrap();
        head.cookie(Cookie::new("seen", "2")).unwrap();
        for (refused, part) in [
            (head.status(202), "`.or_status(202"),
            (head.header("X-Other", 1), "`.response_header(\"X-Other\""),
            (head.header("X-Stock", "a\r\nb: c"), "without line breaks"),
            (head.header("X-Stock", "ä"), "percent-encoded"),
            (head.header("X-Stock", " a"), "at its ends"),
            (head.header("X-Stock", "a".repeat(4097)), "4096"),
            (head.cookie(Cookie::new("other", "1")), "`.response_cookie(\"other\""),
            (head.cookie(Cookie::new("seen", "a b")), "the value of the cookie"),
        ] {
            let error = refused.unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(source.contains(part), "{source}");
        }
        let said = head.take().unwrap();
        assert_eq!(said.status(), Some(200));
        assert_eq!(said.headers().collect::<Vec<_>>(), [("X-Stock", "two\tor 3")]);
        assert_eq!(said.cookies(), [Cookie::new("seen", "2")]);
        let kept = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<Head>(&kept).unwrap(), *said);
    }

    #[test]
    fn who_does_not_ask_has_no_head() {
        assert!(ResponseHead::of(&Declaration::new("a", "", OperationKind::Service)).is_none());
    }
}

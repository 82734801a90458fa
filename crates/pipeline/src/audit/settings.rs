//! What is recorded, and for how long.

use super::AuditList;
use diptych_spec::SelectorSpec;
use std::{borrow::Cow, time::Duration};

/// Names of arguments whose values are never recorded, unless [`Audit::redact_only`] says otherwise. One that contains any of
/// these is one of them; `_`, `-` and case do not count.
const SECRETS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "credential",
    "cookie",
    "apikey",
    "privatekey",
    "card",
    "cvv",
    "iban",
    "ssn",
];

/// The audit trail of a server: what is recorded of a call, and for how long. Every call of a service is.
///
/// ```
/// use diptych_pipeline::{Audit, AuditArguments};
/// use std::time::Duration;
///
/// let audit = Audit::new()
///     .keep(Duration::from_secs(400 * 24 * 3600))
///     .redact(["tax_number"])
///     .reads(["patients.get"])
///     .arguments_of("users.set_password", AuditArguments::None);
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to the server with `.audit(…)`"]
pub struct Audit {
    pub(super) arguments: AuditArguments,
    pub(super) arguments_of: Vec<(Cow<'static, str>, AuditArguments)>,
    /// As [`super::redact::plain`] writes names.
    pub(super) redacted: Vec<String>,
    pub(super) reads: Vec<Cow<'static, str>>,
    pub(super) unauthenticated: bool,
    pub(super) keep: Option<Duration>,
    pub(super) queue: usize,
    pub(super) max_text: usize,
    pub(super) max_arguments: usize,
}

/// What is recorded of the arguments of a call. Only those of a call that was let through and whose arguments are what was
/// declared: what a stranger sent, or what is of a wrong type, is not recorded at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditArguments {
    /// Nothing.
    None,
    /// Their names, and of which JSON type each is.
    Names,
    /// Their values, without those that are secret and the rest of long texts.
    Redacted,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            arguments: AuditArguments::Redacted,
            arguments_of: Vec::new(),
            redacted: SECRETS.map(str::to_owned).to_vec(),
            reads: Vec::new(),
            unauthenticated: false,
            keep: None,
            queue: 1024,
            max_text: 256,
            max_arguments: 8 * 1024,
        }
    }
}

impl Audit {
    /// Every call of a service, with its arguments redacted; kept for ever.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is recorded of arguments; [`AuditArguments::Redacted`].
    pub fn arguments(mut self, arguments: AuditArguments) -> Self {
        self.arguments = arguments;
        self
    }

    /// The same for one operation.
    pub fn arguments_of(mut self, operation: impl Into<Cow<'static, str>>, arguments: AuditArguments) -> Self {
        self.arguments_of.push((operation.into(), arguments));
        self
    }

    /// Names of more arguments whose values are not recorded, wherever they are in the arguments. A name that contains one of
    /// these is one of them; `_`, `-` and case do not count. Values whose schema says `writeOnly` or `format: password` are never
    /// recorded.
    pub fn redact<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.redacted.extend(names.into_iter().map(|name| super::redact::plain(name.as_ref())));
        self
    }

    /// These names in place of the ones that diptych knows (`password`, `secret`, `token`, `card`, `iban` and the like).
    pub fn redact_only<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.redacted.clear();
        self.redact(names)
    }

    /// Records the calls of these selectors and prompts, too. After they were answered, so that a crash can lose a row.
    pub fn reads<N: Into<Cow<'static, str>>>(mut self, operations: impl IntoIterator<Item = N>) -> Self {
        self.reads.extend(operations.into_iter().map(Into::into));
        self
    }

    /// Whether calls that nobody was signed in for, and somebody had to be, are recorded; no. Anybody on the network can make
    /// as many of them as they like.
    pub fn unauthenticated(mut self, recorded: bool) -> Self {
        self.unauthenticated = recorded;
        self
    }

    /// For how long rows are kept; for ever. What is older is removed in the background.
    pub fn keep(mut self, span: Duration) -> Self {
        self.keep = Some(span);
        self
    }

    /// How many rows of calls that failed wait to be written; 1,024. What is beyond is dropped, and how many is a row of its own.
    pub fn queue(mut self, rows: usize) -> Self {
        self.queue = rows.max(1);
        self
    }

    /// The longest text that is recorded of an argument, in characters, and the longest arguments, in bytes of JSON; 256 and 8 KiB.
    /// Of a text that is longer the beginning is recorded, of arguments that are longer their names and types.
    pub fn longest(mut self, text: usize, arguments: usize) -> Self {
        (self.max_text, self.max_arguments) = (text, arguments);
        self
    }

    /// The selector `audit.list`, which reads the trail: by operation, caller, surface, outcome and time, newest first, in pages.
    /// It is declared like any other: `.allow(…)` says who may read it, and without, the server does not start.
    ///
    /// ```
    /// use diptych_pipeline::{Audit, Operations};
    /// use diptych_spec::{GET, Scope};
    ///
    /// let operations = Operations::new().add(Audit::selector().allow(Scope("audit:read")).rest(GET, "/audit"));
    /// # assert_eq!(operations.as_slice()[0].declaration().name(), "audit.list");
    /// ```
    pub fn selector() -> SelectorSpec<AuditList> {
        Self::selector_named("audit.list")
    }

    /// The same under another name.
    pub fn selector_named(name: impl Into<Cow<'static, str>>) -> SelectorSpec<AuditList> {
        AuditList::spec(name)
    }

    /// What is recorded of the arguments of an operation.
    pub(super) fn arguments_recorded(&self, operation: &str) -> AuditArguments {
        let own = self.arguments_of.iter().rev().find(|(name, _)| name == operation);
        own.map_or(self.arguments, |(_, arguments)| *arguments)
    }
}

//! Who may call an operation at all. Decided before anything is read.

mod combined;
mod hierarchy;

pub(crate) use combined::all_of;
pub use combined::{AllOf, AnyOf, EveryPermission, Permissions, SomePermission};
pub use hierarchy::ScopeHierarchy;

use crate::{Error, Principal, Result};
use std::borrow::Cow;

/// A rule on the caller, declared with `.allow(…)`.
///
/// Any `Fn(Option<&Principal>) -> bool` is one:
///
/// ```
/// use diptych_spec::{Permission, Principal};
///
/// let staff = |who: Option<&Principal>| who.is_some_and(|who| who.subject().ends_with("@example.com"));
/// let ann = Principal::new("dev", "ann@example.com", [] as [&str; 0]).unwrap();
/// assert!(staff.check(Some(&ann)).is_ok());
/// assert!(staff.check(None).is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a permission",
    label = "not a permission",
    note = "a permission is `Anyone`, `Authenticated`, `Scope(\"…\")`, `AllOf((…))`, `AnyOf((…))` or a closure `|who: Option<&Principal>| -> bool`"
)]
pub trait Permission: Send + Sync + 'static {
    /// Lets the caller through, or says why not.
    ///
    /// # Errors
    /// `unauthenticated` when nobody is signed in and somebody has to be; `forbidden` or
    /// `insufficient_scope` when the caller is known and may not.
    fn check(&self, principal: Option<&Principal>) -> Result<()>;

    /// Every scope that this asks about.
    fn scopes(&self) -> &[Cow<'static, str>] {
        &[]
    }

    /// The sets of scopes of which a caller needs one, whole: for challenges and the OpenAPI document. All of
    /// [`Permission::scopes`], unless it is overridden.
    fn alternatives(&self) -> Vec<Vec<Cow<'static, str>>> {
        vec![self.scopes().to_vec()]
    }

    /// Whether a caller without credentials is let through.
    fn is_open(&self) -> bool {
        false
    }

    /// What is wrong with it, for somebody who reads `the operation …`; the server does not start with it.
    fn mistake(&self) -> Option<String> {
        None
    }
}

/// Everybody, signed in or not. Being open is said, never assumed.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

impl Permission for Anyone {
    fn check(&self, _: Option<&Principal>) -> Result<()> {
        Ok(())
    }
    fn is_open(&self) -> bool {
        true
    }
}

/// Everybody who is signed in.
#[derive(Debug, Clone, Copy)]
pub struct Authenticated;

impl Permission for Authenticated {
    fn check(&self, principal: Option<&Principal>) -> Result<()> {
        principal.map(drop).ok_or_else(Error::unauthenticated)
    }
}

/// Whoever has this scope (RFC 6749, section 3.3), exactly as written.
#[expect(non_snake_case, reason = "reads as the tuple struct it stands for: `.allow(Scope(\"…\"))`")]
#[must_use]
pub fn Scope(scope: &'static str) -> RequiredScope {
    RequiredScope([Cow::Borrowed(scope)])
}

/// The permission that [`Scope`] makes.
#[derive(Debug, Clone)]
pub struct RequiredScope([Cow<'static, str>; 1]);

impl Permission for RequiredScope {
    fn check(&self, principal: Option<&Principal>) -> Result<()> {
        let principal = principal.ok_or_else(Error::unauthenticated)?;
        if principal.has_scope(&self.0[0]) { Ok(()) } else { Err(Error::insufficient_scope(&self.0)) }
    }
    fn scopes(&self) -> &[Cow<'static, str>] {
        &self.0
    }
    fn mistake(&self) -> Option<String> {
        hierarchy::not_a_scope(&self.0[0])
    }
}

/// One that is not known before the program runs.
impl Permission for Box<dyn Permission> {
    fn check(&self, principal: Option<&Principal>) -> Result<()> {
        (**self).check(principal)
    }
    fn scopes(&self) -> &[Cow<'static, str>] {
        (**self).scopes()
    }
    fn alternatives(&self) -> Vec<Vec<Cow<'static, str>>> {
        (**self).alternatives()
    }
    fn is_open(&self) -> bool {
        (**self).is_open()
    }
    fn mistake(&self) -> Option<String> {
        (**self).mistake()
    }
}

impl<F: Fn(Option<&Principal>) -> bool + Send + Sync + 'static> Permission for F {
    fn check(&self, principal: Option<&Principal>) -> Result<()> {
        match (self(principal), principal) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(Error::forbidden("the caller may not use this operation")),
            (false, None) => Err(Error::unauthenticated()),
        }
    }
}

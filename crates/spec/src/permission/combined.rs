//! Permissions made of permissions.

use super::Permission;
use crate::{Error, ErrorKind, Principal, Result};
use std::{borrow::Cow, fmt, sync::Arc};

/// Several permissions: an array, a `Vec`, or a tuple of up to six.
pub trait Permissions {
    /// Each of them.
    fn into_vec(self) -> Vec<Arc<dyn Permission>>;
}

/// Whoever has all of these permissions. Of none at all: nobody, and the server does not start.
///
/// ```
/// use diptych_spec::{AllOf, Permission as _, Principal, Scope};
///
/// let both = AllOf([Scope("invoices:read"), Scope("exports:read")]);
/// let ann = Principal::new("dev", "ann", ["invoices:read"]).unwrap();
/// let refused = both.check(Some(&ann)).unwrap_err();
/// assert_eq!(refused.scopes(), ["invoices:read", "exports:read"]);
/// ```
#[expect(non_snake_case, reason = "reads as the tuple struct it stands for: `.allow(AllOf([…]))`")]
#[must_use]
pub fn AllOf(parts: impl Permissions) -> EveryPermission {
    all_of(parts.into_vec())
}

pub(crate) fn all_of(parts: Vec<Arc<dyn Permission>>) -> EveryPermission {
    let scopes = union(&parts);
    EveryPermission { parts, scopes }
}

/// Whoever has one of these permissions. Of none at all: nobody, and the server does not start.
///
/// ```
/// use diptych_spec::{AnyOf, Permission as _, Principal, Scope};
///
/// let staff = |who: Option<&Principal>| who.is_some_and(|who| who.subject().ends_with("@example.com"));
/// let either = AnyOf((Scope("invoices:read"), staff));
/// let ann = Principal::new("dev", "ann@example.com", [] as [&str; 0]).unwrap();
/// assert!(either.check(Some(&ann)).is_ok());
/// ```
#[expect(non_snake_case, reason = "reads as the tuple struct it stands for: `.allow(AnyOf([…]))`")]
#[must_use]
pub fn AnyOf(parts: impl Permissions) -> SomePermission {
    let parts = parts.into_vec();
    let scopes = union(&parts);
    SomePermission { parts, scopes }
}

/// The permission that [`AllOf`] makes.
#[derive(Clone)]
pub struct EveryPermission {
    parts: Vec<Arc<dyn Permission>>,
    scopes: Vec<Cow<'static, str>>,
}

/// The permission that [`AnyOf`] makes.
#[derive(Clone)]
pub struct SomePermission {
    parts: Vec<Arc<dyn Permission>>,
    scopes: Vec<Cow<'static, str>>,
}

impl Permission for EveryPermission {
    fn check(&self, principal: Option<&Principal>) -> Result<()> {
        if self.parts.is_empty() {
            return Err(empty());
        }
        let refused: Vec<_> = self.parts.iter().filter_map(|part| part.check(principal).err()).collect();
        // Where no scope helps, none is asked for.
        let hopeless =
            refused.iter().position(|error| error.kind() == ErrorKind::Forbidden && error.scopes().is_empty());
        match refused.into_iter().nth(hopeless.unwrap_or_default()) {
            // All that are needed at once, not only those that are missing (RFC 6750, section 3).
            Some(error) if !error.scopes().is_empty() && !self.scopes.is_empty() => {
                Err(Error::insufficient_scope(&self.alternatives().into_iter().next().unwrap_or_default()))
            }
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn scopes(&self) -> &[Cow<'static, str>] {
        &self.scopes
    }

    fn alternatives(&self) -> Vec<Vec<Cow<'static, str>>> {
        let mut sets = vec![Vec::new()];
        for part in &self.parts {
            let choices = part.alternatives();
            let both = |set: &Vec<_>| choices.iter().map(|choice| joined(set, choice)).collect::<Vec<_>>();
            sets = sets.iter().flat_map(both).take(MOST_ALTERNATIVES).collect();
        }
        sets
    }

    fn is_open(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.is_open())
    }

    fn mistake(&self) -> Option<String> {
        mistake("AllOf", &self.parts)
    }
}

impl Permission for SomePermission {
    fn check(&self, principal: Option<&Principal>) -> Result<()> {
        let mut refused = Vec::new();
        for part in &self.parts {
            match part.check(principal) {
                Ok(()) => return Ok(()),
                Err(error) => refused.push(error),
            }
        }
        // What a scope helps with is the better answer.
        let helped = refused.iter().position(|error| !error.scopes().is_empty()).unwrap_or_default();
        Err(refused.into_iter().nth(helped).unwrap_or_else(empty))
    }

    fn scopes(&self) -> &[Cow<'static, str>] {
        &self.scopes
    }

    fn alternatives(&self) -> Vec<Vec<Cow<'static, str>>> {
        self.parts.iter().flat_map(|part| part.alternatives()).take(MOST_ALTERNATIVES).collect()
    }

    fn is_open(&self) -> bool {
        self.parts.iter().any(|part| part.is_open())
    }

    fn mistake(&self) -> Option<String> {
        mistake("AnyOf", &self.parts)
    }
}

/// How many sets of scopes are told of: more would not be read.
const MOST_ALTERNATIVES: usize = 16;

fn empty() -> Error {
    Error::forbidden("the operation allows nobody")
}

fn mistake(name: &str, parts: &[Arc<dyn Permission>]) -> Option<String> {
    let none = || parts.is_empty().then(|| format!("allows `{name}` of nothing, which is nobody; name a permission"));
    parts.iter().find_map(|part| part.mistake()).or_else(none)
}

fn union(parts: &[Arc<dyn Permission>]) -> Vec<Cow<'static, str>> {
    parts.iter().fold(Vec::new(), |all, part| joined(&all, part.scopes()))
}

/// The two together, without repetition.
fn joined(one: &[Cow<'static, str>], other: &[Cow<'static, str>]) -> Vec<Cow<'static, str>> {
    let new = other.iter().enumerate().filter(|(at, scope)| !one.contains(scope) && !other[..*at].contains(scope));
    one.iter().chain(new.map(|(_, scope)| scope)).cloned().collect()
}

impl<P: Permission, const N: usize> Permissions for [P; N] {
    fn into_vec(self) -> Vec<Arc<dyn Permission>> {
        self.into_iter().map(|part| Arc::new(part) as Arc<dyn Permission>).collect()
    }
}

impl<P: Permission> Permissions for Vec<P> {
    fn into_vec(self) -> Vec<Arc<dyn Permission>> {
        self.into_iter().map(|part| Arc::new(part) as Arc<dyn Permission>).collect()
    }
}

macro_rules! tuples {
    ($(($($part:ident),+))+) => {$(
        #[expect(non_snake_case, reason = "a value is named after its type")]
        impl<$($part: Permission),+> Permissions for ($($part,)+) {
            fn into_vec(self) -> Vec<Arc<dyn Permission>> {
                let ($($part,)+) = self;
                vec![$(Arc::new($part)),+]
            }
        }
    )+};
}
tuples!((A)(A, B)(A, B, C)(A, B, C, D)(A, B, C, D, E)(A, B, C, D, E, F));

impl fmt::Debug for EveryPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AllOf({} permissions)", self.parts.len())
    }
}

impl fmt::Debug for SomePermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyOf({} permissions)", self.parts.len())
    }
}

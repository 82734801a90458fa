//! Who may use an operation, and on which rows.

use super::Declaration;
use crate::{Call, Error, ErrorKind, Principal, Result, service::HasTarget};
use std::{any::Any, sync::Arc};

/// A rule on a row that a selector found.
pub(crate) type ShownTo = dyn Fn(Option<&Principal>, &dyn Any) -> bool + Send + Sync;

/// A rule on the rows that an operation works on.
pub(crate) struct RowRule {
    /// On those that are in the call.
    pub(crate) in_call: Box<dyn Fn(&Call) -> bool + Send + Sync>,
    /// On one, before any call.
    pub(crate) on_row: Box<ShownTo>,
}

/// A precondition on the target row.
pub(crate) struct Requirement {
    pub(crate) code: &'static str,
    pub(crate) detail: &'static str,
    pub(crate) rule: RowRule,
}

impl RowRule {
    pub(crate) fn new<T: HasTarget>(
        rule: impl Fn(Option<&Principal>, &T::Row) -> bool + Send + Sync + 'static,
    ) -> Self {
        let rule = Arc::new(rule);
        let same = Arc::clone(&rule);
        Self {
            in_call: Box::new(move |call| T::every(call, &|row| rule(call.principal(), row))),
            on_row: Box::new(move |principal, row| row.downcast_ref().is_some_and(|row| same(principal, row))),
        }
    }
}

impl Declaration {
    /// Lets the caller through, or says why not.
    ///
    /// # Errors
    /// Those of the permission, with its scopes for a caller without credentials. An operation without a permission lets nobody
    /// through. One that is disabled is not found. Credentials that are good for other operations only are forbidden, even where
    /// anybody is let through.
    pub fn authorize(&self, principal: Option<&Principal>) -> Result<()> {
        if !self.is_enabled() {
            return Err(Error::not_found("there is no such operation"));
        }
        if principal.is_some_and(|principal| !self.is_for(principal)) {
            return Err(Error::forbidden("the credentials are good for other operations only"));
        }
        match self.permission() {
            Some(permission) => permission.check(principal).map_err(|error| match error.kind() {
                // One set of scopes that would do.
                ErrorKind::Unauthenticated if error.scopes().is_empty() => {
                    error.needing(permission.alternatives().into_iter().next().unwrap_or_default())
                }
                _ => error,
            }),
            None => Err(Error::forbidden("the operation declares no permission")),
        }
    }

    /// Whether credentials are good for it and all of its steps.
    fn is_for(&self, principal: &Principal) -> bool {
        principal.is_good_for(&self.name) && self.steps().all(|step| principal.is_good_for(step))
    }

    /// Whether the caller may work on the target row, which is in the call.
    ///
    /// # Errors
    /// Not found: the answer does not tell a row that is not there from one that is not the caller's.
    pub fn permit(&self, call: &Call) -> Result<()> {
        if self.permits.iter().all(|rule| (rule.in_call)(call)) { Ok(()) } else { Err(Error::no_such_row()) }
    }

    /// Whether the caller may see this row, which the selector found.
    #[must_use]
    pub fn shows(&self, principal: Option<&Principal>, row: &dyn Any) -> bool {
        self.shown_to.iter().all(|allows| allows(principal, row))
    }

    /// Whether the preconditions hold for the target row, which is in the call.
    ///
    /// # Errors
    /// A conflict with the code of the first one that does not.
    pub fn require(&self, call: &Call) -> Result<()> {
        match self.requirements.iter().find(|requirement| !(requirement.rule.in_call)(call)) {
            None => Ok(()),
            Some(broken) => Err(Error::conflict(broken.code, broken.detail)),
        }
    }

    /// Whether a call on this row, which nobody has locked, would pass [`Declaration::permit`] and [`Declaration::require`] now.
    ///
    /// # Errors
    /// Theirs. A row of another type is not found.
    pub fn affords(&self, principal: Option<&Principal>, row: &dyn Any) -> Result<()> {
        if !self.permits.iter().all(|rule| (rule.on_row)(principal, row)) {
            return Err(Error::no_such_row());
        }
        match self.requirements.iter().find(|requirement| !(requirement.rule.on_row)(principal, row)) {
            None => Ok(()),
            Some(broken) => Err(Error::conflict(broken.code, broken.detail)),
        }
    }
}

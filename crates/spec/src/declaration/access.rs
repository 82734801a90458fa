//! Who may use an operation, and on which rows.

use super::Declaration;
use crate::{Call, Error, ErrorKind, Principal, Result};
use std::any::Any;

/// What a caller reads when there is no row, or none that is theirs.
const NO_SUCH_ROW: &str = "there is no such row";

/// A rule on the target row, which is in the call.
pub(crate) type RowRule = dyn Fn(&Call) -> bool + Send + Sync;

/// A rule on a row that a selector found.
pub(crate) type ShownTo = dyn Fn(Option<&Principal>, &dyn Any) -> bool + Send + Sync;

/// A precondition on the target row.
pub(crate) struct Requirement {
    pub(crate) code: &'static str,
    pub(crate) detail: &'static str,
    pub(crate) holds: Box<RowRule>,
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
        if self.permits.iter().all(|allows| allows(call)) { Ok(()) } else { Err(Error::not_found(NO_SUCH_ROW)) }
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
        match self.requirements.iter().find(|requirement| !(requirement.holds)(call)) {
            None => Ok(()),
            Some(broken) => Err(Error::conflict(broken.code, broken.detail)),
        }
    }
}

//! Whose rows a call was about, for those who are told of it afterwards.

use super::InScope;
use std::{fmt, sync::Arc};

/// Whose rows a call was about: its row scope, and the value. It can be compared with another, and is shown to nobody.
#[derive(Clone)]
pub struct Whose(Arc<InScope>);

impl Whose {
    pub(crate) fn of(scope: &Arc<InScope>) -> Self {
        Self(Arc::clone(scope))
    }

    /// Whether both are of one row scope, and of different values: neither has a row of the other.
    #[must_use]
    pub fn is_apart_from(&self, other: &Self) -> bool {
        self.0.is_beside(&other.0) && self.0.value() != other.0.value()
    }
}

impl PartialEq for Whose {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_beside(&other.0) && self.0.value() == other.0.value()
    }
}

/// The value is a text, a UUID or an integer.
impl Eq for Whose {}

/// Without the value.
impl fmt::Debug for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Whose").field(&self.0).finish()
    }
}

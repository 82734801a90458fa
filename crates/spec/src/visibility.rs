//! Fields of an answer that are not for everybody: by permission, and by who reads, people or programs that act for them.

use crate::{Error, Permission, Principal, Result};
use std::{fmt, sync::Arc};

/// Who reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Audience {
    /// People and their programs, over REST.
    People,
    /// Agents: models, over MCP, also as tasks and resources.
    Agents,
}

impl Audience {
    const fn name(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Agents => "agents",
        }
    }
}

/// Fields of an answer, or of the rows of a list, by their names on the wire: `"margin"`, `["margin", "cost"]`.
#[derive(Debug, Clone)]
pub struct FieldSet {
    pub(crate) names: Vec<&'static str>,
    pub(crate) columns: Option<Vec<&'static str>>,
}

impl FieldSet {
    /// Fields that are made of columns with other names; [`FieldSet::columns`] says which.
    pub fn of(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self { names: names.into_iter().collect(), columns: None }
    }

    /// The columns that they are made of: whoever is not shown the fields may not filter or order by these.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = &'static str>) -> Self {
        self.columns = Some(columns.into_iter().collect());
        self
    }

    /// The columns that tell of them.
    pub(crate) fn guarded(&self) -> &[&'static str] {
        self.columns.as_deref().unwrap_or(&self.names)
    }
}

impl From<&'static str> for FieldSet {
    fn from(name: &'static str) -> Self {
        Self::of([name])
    }
}

impl<const N: usize> From<[&'static str; N]> for FieldSet {
    fn from(names: [&'static str; N]) -> Self {
        Self::of(names)
    }
}

/// Fields, and for whom they are.
#[derive(Clone)]
pub(crate) struct Visibility {
    pub(crate) fields: FieldSet,
    pub(crate) shown_to: ShownTo,
}

/// For whom fields are.
#[derive(Clone)]
pub(crate) enum ShownTo {
    Allowed(Arc<dyn Permission>),
    Only(Audience),
}

impl Visibility {
    /// Whether the fields are for this caller; `audience` is `None` for the application itself.
    ///
    /// # Errors
    /// They are not.
    pub(crate) fn check(&self, principal: Option<&Principal>, audience: Option<Audience>) -> Result<()> {
        match &self.shown_to {
            ShownTo::Allowed(permission) => permission.check(principal),
            ShownTo::Only(only) if audience.is_none_or(|audience| audience == *only) => Ok(()),
            ShownTo::Only(only) => {
                let names = self.fields.names.join("`, `");
                Err(Error::forbidden(format!("`{names}` is for {} only, filters and orders by it too", only.name())))
            }
        }
    }
}

impl fmt::Debug for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Visibility").field(&self.fields).finish()
    }
}

/// Which of an operation's rules on fields a caller does not meet. Most operations have none, and most callers meet all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hidden(pub(crate) u16);

impl Hidden {
    /// Nothing is hidden.
    pub const NOTHING: Self = Self(0);

    /// Whether nothing is hidden.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self.0 == 0
    }
}

//! What an operation reads, as far as its types say.

use std::any::TypeId;

/// What an operation reads, as far as its types say.
#[derive(Debug, Clone, Copy)]
pub enum Reads {
    /// The rows of a query that is not run yet: conditions can be added to it.
    List {
        /// The row's type.
        row: &'static str,
        /// Its columns.
        columns: &'static [&'static str],
    },
    /// One row, which can be looked at.
    Row {
        /// The row's type.
        id: TypeId,
        /// The type's name.
        name: &'static str,
    },
    /// Whatever its SQL says.
    ByHand,
}

impl Reads {
    pub(crate) fn row<T: 'static>() -> Self {
        Self::Row { id: TypeId::of::<T>(), name: std::any::type_name::<T>() }
    }

    pub(crate) fn list<T>(columns: &'static [&'static str]) -> Self {
        Self::List { row: std::any::type_name::<T>(), columns }
    }
}

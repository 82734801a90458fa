//! Row types.

use super::{Cell, Column};
use diptych_spec::{Error, Result};
use sqlx::{Column as _, Row as _};
use std::fmt;

/// A struct that is read from a row, with `#[derive(Record)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a row",
    label = "not a row type",
    note = "put `#[derive(Record)]` on the struct; each field is named like its column"
)]
pub trait Record: Sized + Send + 'static {
    /// The columns, in the order of the fields.
    const COLUMNS: &'static [&'static str];
    /// Whether each of these can be null; one of which nothing is said cannot.
    const NULLABLE: &'static [bool] = &[];
    /// Whether each of these is an [`super::OnDemand`]; one of which nothing is said is not.
    const ON_DEMAND: &'static [bool] = &[];
    /// Reads the fields, by their place in [`Record::COLUMNS`].
    ///
    /// # Errors
    /// A column is missing or has another type.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

#[derive(Clone, Copy)]
pub(crate) enum AnyRow<'r> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'r sqlx::sqlite::SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(&'r sqlx::postgres::PgRow),
    #[cfg(feature = "mysql")]
    MySql(&'r sqlx::mysql::MySqlRow),
}

/// A row that a [`Record`] is read from.
pub struct Row<'r> {
    pub(crate) row: AnyRow<'r>,
    pub(crate) places: &'r [usize],
    /// Which columns were not read, by their place in [`Record::COLUMNS`]; none of those that nothing is said of.
    pub(crate) left_out: &'r [bool],
}

impl Row<'_> {
    /// The column at this place of [`Record::COLUMNS`].
    ///
    /// # Errors
    /// The column has another type.
    pub fn get<T: Column>(&self, place: usize) -> Result<T> {
        if self.left_out.get(place) == Some(&true) {
            return T::left_out().ok_or_else(|| Error::internal("a column was left out that the row has to have"));
        }
        T::decode(&Cell { row: self.row, ordinal: self.places.get(place).copied().unwrap_or(place) })
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").finish_non_exhaustive()
    }
}

impl AnyRow<'_> {
    fn position(self, name: &str) -> Option<usize> {
        match self {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.columns().iter().position(|column| column.name() == name),
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => row.columns().iter().position(|column| column.name() == name),
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => row.columns().iter().position(|column| column.name() == name),
        }
    }

    /// Where each column of `T` is in this result. Looked up once per result, not once per row.
    pub(crate) fn places<T: Record>(self) -> Result<Vec<usize>> {
        let place = |name: &&'static str| {
            self.position(name).ok_or_else(|| {
                Error::internal(format!(
                    "the query does not return the column `{name}` of {}",
                    std::any::type_name::<T>()
                ))
            })
        };
        T::COLUMNS.iter().map(place).collect()
    }
}

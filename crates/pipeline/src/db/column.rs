//! From a driver's cells to portable types.

use super::{db_error, record::AnyRow};
use diptych_spec::{Error, Result, Version};
use sqlx::{Row as _, ValueRef as _};
use std::fmt;

/// One cell of a row.
#[derive(Clone, Copy)]
pub struct Cell<'r> {
    pub(crate) row: AnyRow<'r>,
    pub(crate) ordinal: usize,
}

impl Cell<'_> {
    fn is_null(&self) -> Result<bool> {
        match self.row {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.try_get_raw(self.ordinal).map(|value| value.is_null()),
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => row.try_get_raw(self.ordinal).map(|value| value.is_null()),
        }
        .map_err(db_error)
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").field("ordinal", &self.ordinal).finish_non_exhaustive()
    }
}

/// A type that can be read from a column of every supported database.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a column of every supported database",
    label = "not a portable column type",
    note = "portable are bool, i16, i32, i64, f32, f64, String, Vec<u8>, Uuid, chrono's types, serde_json::Value and Option of those; put `#[derive(Column)]` on a field-less enum or a newtype"
)]
pub trait Column: Sized {
    /// Reads the cell.
    ///
    /// # Errors
    /// The column has another type, or is NULL and the type is not an `Option`.
    fn decode(cell: &Cell<'_>) -> Result<Self>;

    /// What stands for a column that is not read; none where it has to be.
    #[doc(hidden)]
    #[must_use]
    fn left_out() -> Option<Self> {
        None
    }
}

macro_rules! portable {
    ($($ty:ty),* $(,)?) => {$(
        impl Column for $ty {
            fn decode(cell: &Cell<'_>) -> Result<Self> {
                match cell.row {
                    #[cfg(feature = "sqlite")]
                    AnyRow::Sqlite(row) => row.try_get(cell.ordinal),
                    #[cfg(feature = "postgres")]
                    AnyRow::Postgres(row) => row.try_get(cell.ordinal),
                }
                .map_err(db_error)
            }
        }
    )*};
}
portable! {
    bool, i16, i32, i64, f32, f64, String, Vec<u8>, uuid::Uuid, chrono::DateTime<chrono::Utc>, chrono::NaiveDateTime,
    chrono::NaiveDate, chrono::NaiveTime, serde_json::Value,
}

impl Column for Version {
    fn decode(cell: &Cell<'_>) -> Result<Self> {
        i64::decode(cell).map(Self::new)
    }
}

impl<T: Column> Column for Option<T> {
    fn decode(cell: &Cell<'_>) -> Result<Self> {
        if cell.is_null()? { Ok(None) } else { T::decode(cell).map(Some) }
    }
}

/// The column holds a text that is none of the enum's variants.
#[doc(hidden)]
#[must_use]
pub fn unknown_variant(enum_name: &'static str) -> Error {
    Error::internal(format!("a column holds a value that is no variant of `{enum_name}`"))
}

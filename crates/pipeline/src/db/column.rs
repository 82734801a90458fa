//! From a driver's cells to portable types.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::numeric;
use super::{db_error, record::AnyRow};
use diptych_spec::{Error, Result, Version};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use sqlx::TypeInfo as _;
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
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => row.try_get_raw(self.ordinal).map(|value| value.is_null()),
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
                    #[cfg(feature = "mysql")]
                    AnyRow::MySql(row) => row.try_get(cell.ordinal),
                }
                .map_err(db_error)
            }
        }
    )*};
}
portable! {
    bool, i16, i32, f32, f64, String, Vec<u8>, chrono::DateTime<chrono::Utc>, chrono::NaiveDateTime,
    chrono::NaiveDate, chrono::NaiveTime, serde_json::Value,
}

/// Also the sum of a BIGINT column, which is an exact number of any size on PostgreSQL and MySQL.
impl Column for i64 {
    fn decode(cell: &Cell<'_>) -> Result<Self> {
        match cell.row {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.try_get(cell.ordinal),
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => row.try_get(cell.ordinal).or_else(|error| {
                let raw = row.try_get_raw(cell.ordinal)?;
                let is_numeric = raw.type_info().name() == "NUMERIC";
                let whole = raw.as_bytes().ok().filter(|_| is_numeric).and_then(numeric::postgres);
                whole.ok_or(error)
            }),
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => row.try_get(cell.ordinal).or_else(|error| {
                let unsigned = row.try_get::<u64, _>(cell.ordinal).ok().and_then(|number| number.try_into().ok());
                if let Some(number) = unsigned {
                    return Ok(number);
                }
                let is_decimal = row.try_get_raw(cell.ordinal)?.type_info().name() == "DECIMAL";
                let text = is_decimal.then(|| row.try_get_unchecked::<&str, _>(cell.ordinal).ok()).flatten();
                text.and_then(numeric::mysql).ok_or(error)
            }),
        }
        .map_err(db_error)
    }
}

impl Column for uuid::Uuid {
    fn decode(cell: &Cell<'_>) -> Result<Self> {
        match cell.row {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.try_get(cell.ordinal).map_err(db_error),
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => row.try_get(cell.ordinal).map_err(db_error),
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => {
                let bytes: &[u8] = row.try_get(cell.ordinal).map_err(db_error)?;
                // 16 bytes; MariaDB sends its own type as text.
                Self::from_slice(bytes).or_else(|_| Self::try_parse_ascii(bytes)).map_err(Error::internal)
            }
        }
    }
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

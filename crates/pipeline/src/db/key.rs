//! The value of a cell in the type that the database itself gives it: what a cursor keeps of a row, to be compared with the
//! same column later.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::{Cell, Column};
use super::{db_error, record::AnyRow};
use diptych_spec::{Error, Result, Value};
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

impl AnyRow<'_> {
    /// The value at this place.
    pub(crate) fn key(self, ordinal: usize) -> Result<Value> {
        match self {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => {
                let raw = row.try_get_raw(ordinal).map_err(db_error)?;
                // sqlx says of a null what its column was declared as, and reads it as 0.
                if raw.is_null() {
                    return Err(no_key("NULL"));
                }
                let kind = raw.type_info();
                // What SQLite stores has one of four types, whatever was declared (SQLite, Datatypes, section 2).
                match kind.name() {
                    "INTEGER" => row.try_get_unchecked::<i64, _>(ordinal).map(Value::I64),
                    "REAL" => row.try_get_unchecked::<f64, _>(ordinal).map(Value::F64),
                    "TEXT" => row.try_get_unchecked::<String, _>(ordinal).map(|text| Value::Text(text.into())),
                    "BLOB" => row.try_get_unchecked::<Vec<u8>, _>(ordinal).map(Value::Bytes),
                    other => return Err(no_key(other)),
                }
                .map_err(db_error)
            }
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => {
                let raw = row.try_get_raw(ordinal).map_err(db_error)?;
                if raw.is_null() {
                    return Err(no_key("NULL"));
                }
                let cell = Cell { row: self, ordinal };
                let kind = raw.type_info();
                match kind.name() {
                    "BOOL" => bool::decode(&cell).map(Value::Bool),
                    "INT2" => i16::decode(&cell).map(Value::I16),
                    "INT4" => i32::decode(&cell).map(Value::I32),
                    "INT8" => i64::decode(&cell).map(Value::I64),
                    "FLOAT4" => f32::decode(&cell).map(Value::F32),
                    "FLOAT8" => f64::decode(&cell).map(Value::F64),
                    "TEXT" | "VARCHAR" => String::decode(&cell).map(|text| Value::Text(text.into())),
                    "BYTEA" => Vec::decode(&cell).map(Value::Bytes),
                    "UUID" => uuid::Uuid::decode(&cell).map(Value::Uuid),
                    "TIMESTAMPTZ" => chrono::DateTime::decode(&cell).map(Value::DateTime),
                    "TIMESTAMP" => chrono::NaiveDateTime::decode(&cell).map(Value::Timestamp),
                    "DATE" => chrono::NaiveDate::decode(&cell).map(Value::Date),
                    "TIME" => chrono::NaiveTime::decode(&cell).map(Value::Time),
                    other => Err(no_key(other)),
                }
            }
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => {
                let raw = row.try_get_raw(ordinal).map_err(db_error)?;
                if raw.is_null() {
                    return Err(no_key("NULL"));
                }
                let cell = Cell { row: self, ordinal };
                let kind = raw.type_info();
                match kind.name() {
                    "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" | "INT UNSIGNED"
                    | "BIGINT UNSIGNED" => i64::decode(&cell).map(Value::I64),
                    "FLOAT" => f32::decode(&cell).map(Value::F32),
                    "DOUBLE" => f64::decode(&cell).map(Value::F64),
                    "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" => {
                        String::decode(&cell).map(|text| Value::Text(text.into()))
                    }
                    "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
                        Vec::decode(&cell).map(Value::Bytes)
                    }
                    "DATETIME" => chrono::NaiveDateTime::decode(&cell).map(Value::Timestamp),
                    "TIMESTAMP" => chrono::DateTime::decode(&cell).map(Value::DateTime),
                    "DATE" => chrono::NaiveDate::decode(&cell).map(Value::Date),
                    "TIME" => chrono::NaiveTime::decode(&cell).map(Value::Time),
                    other => Err(no_key(other)),
                }
            }
        }
    }
}

/// Compared as another type, rows would come in another order than they are sorted in.
fn no_key(kind: &str) -> Error {
    Error::internal(format!("a keyset page is ordered by a column that is {kind}, which a cursor cannot have"))
}

//! The values that every supported database stores and compares alike.
//!
//! A closed set, so that a filter, a bound parameter and a cursor all speak of the same thing, and so that
//! a type that only one database knows is refused by the compiler.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use std::{borrow::Cow, fmt};
use uuid::Uuid;

/// One bound parameter. `Debug` shows its type only: most are a caller's.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// SQL NULL of a type (PostgreSQL needs to know which).
    Null(ValueKind),
    /// `BOOLEAN`.
    Bool(bool),
    /// `SMALLINT`.
    I16(i16),
    /// `INTEGER`.
    I32(i32),
    /// `BIGINT`.
    I64(i64),
    /// `REAL`.
    F32(f32),
    /// `DOUBLE PRECISION`.
    F64(f64),
    /// `TEXT`.
    Text(Cow<'static, str>),
    /// `BYTEA`, `BLOB`.
    Bytes(Vec<u8>),
    /// `UUID`; 16 bytes where the database has no such type.
    Uuid(Uuid),
    /// `TIMESTAMPTZ`, on MySQL `DATETIME(6)`; on SQLite, text that sorts by time.
    DateTime(DateTime<Utc>),
    /// `TIMESTAMP`, on MySQL `DATETIME(6)`.
    Timestamp(NaiveDateTime),
    /// `DATE`.
    Date(NaiveDate),
    /// `TIME`.
    Time(NaiveTime),
    /// `JSONB`, on MySQL `JSON`; text on SQLite.
    Json(serde_json::Value),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Null(kind) => return write!(f, "Null({kind:?})"),
            Self::Bool(_) => ValueKind::Bool,
            Self::I16(_) => ValueKind::I16,
            Self::I32(_) => ValueKind::I32,
            Self::I64(_) => ValueKind::I64,
            Self::F32(_) => ValueKind::F32,
            Self::F64(_) => ValueKind::F64,
            Self::Text(_) => ValueKind::Text,
            Self::Bytes(_) => ValueKind::Bytes,
            Self::Uuid(_) => ValueKind::Uuid,
            Self::DateTime(_) => ValueKind::DateTime,
            Self::Timestamp(_) => ValueKind::Timestamp,
            Self::Date(_) => ValueKind::Date,
            Self::Time(_) => ValueKind::Time,
            Self::Json(_) => ValueKind::Json,
        };
        write!(f, "{kind:?}(…)")
    }
}

/// The type of a [`Value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the type of the value variant of the same name")]
pub enum ValueKind {
    Bool,
    I16,
    I32,
    I64,
    F32,
    F64,
    Text,
    Bytes,
    Uuid,
    DateTime,
    Timestamp,
    Date,
    Time,
    Json,
}

/// A type that can be bound as a parameter on every supported database.
///
/// Field-less enums (stored as their serde name) and newtypes get it with `#[derive(Column)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in every supported database",
    label = "not a portable column type",
    note = "portable are bool, i16, i32, i64, f32, f64, String, Vec<u8>, Uuid, chrono's types, serde_json::Value and Option of those; put `#[derive(Column)]` on a field-less enum or a newtype"
)]
pub trait IntoValue: Send {
    /// The type of the value.
    const KIND: ValueKind;
    /// The value.
    fn into_value(self) -> Value;
}

macro_rules! portable {
    ($($ty:ty => $kind:ident),* $(,)?) => {$(
        impl IntoValue for $ty {
            const KIND: ValueKind = ValueKind::$kind;
            fn into_value(self) -> Value {
                Value::$kind(self.into())
            }
        }
    )*};
}
portable! {
    bool => Bool, i16 => I16, i32 => I32, i64 => I64, f32 => F32, f64 => F64,
    String => Text, Cow<'static, str> => Text, Vec<u8> => Bytes, Uuid => Uuid, DateTime<Utc> => DateTime,
    NaiveDateTime => Timestamp, NaiveDate => Date, NaiveTime => Time, serde_json::Value => Json,
}

impl IntoValue for &str {
    const KIND: ValueKind = ValueKind::Text;
    fn into_value(self) -> Value {
        Value::Text(Cow::Owned(self.to_owned()))
    }
}

impl<T: IntoValue + Clone + Sync> IntoValue for &T {
    const KIND: ValueKind = T::KIND;
    fn into_value(self) -> Value {
        self.clone().into_value()
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    const KIND: ValueKind = T::KIND;
    fn into_value(self) -> Value {
        self.map_or(Value::Null(T::KIND), IntoValue::into_value)
    }
}

//! From portable values to a driver's parameters.

#[cfg(feature = "mysql")]
use chrono::Datelike as _;
#[cfg(feature = "mysql")]
use diptych_spec::ErrorKind;
use diptych_spec::{Error, Result, Value, ValueKind};
use sqlx::{Arguments, Database, Encode, Type};

/// SQLite stores a moment as text; this form sorts by time, to the microsecond that PostgreSQL keeps too.
#[cfg(feature = "sqlite")]
const SQLITE_MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.6f+00:00";

#[cfg(feature = "sqlite")]
pub(crate) fn sqlite(values: Vec<Value>) -> Result<sqlx::sqlite::SqliteArguments> {
    let mut out = sqlx::sqlite::SqliteArguments::default();
    for value in values {
        match value {
            Value::DateTime(moment) => add::<sqlx::Sqlite, _>(&mut out, moment.format(SQLITE_MOMENT).to_string())?,
            Value::Uuid(id) => add::<sqlx::Sqlite, _>(&mut out, id)?,
            other => common::<sqlx::Sqlite>(&mut out, other)?,
        }
    }
    Ok(out)
}

#[cfg(feature = "postgres")]
pub(crate) fn postgres(values: Vec<Value>) -> Result<sqlx::postgres::PgArguments> {
    let mut out = sqlx::postgres::PgArguments::default();
    for value in values {
        common::<sqlx::Postgres>(&mut out, value)?;
    }
    Ok(out)
}

/// MySQL has no type for an id: it is 16 bytes, as sqlx has it.
#[cfg(feature = "mysql")]
pub(crate) fn mysql(values: Vec<Value>) -> Result<sqlx::mysql::MySqlArguments> {
    let mut out = sqlx::mysql::MySqlArguments::default();
    for value in values {
        if let Value::DateTime(moment) = &value {
            year(moment.year())?;
        } else if let Value::Timestamp(moment) = &value {
            year(moment.year())?;
        } else if let Value::Date(day) = &value {
            year(day.year())?;
        }
        common::<sqlx::MySql>(&mut out, value)?;
    }
    Ok(out)
}

/// Years have four digits there. What is longer is told as the other databases do.
#[cfg(feature = "mysql")]
fn year(year: i32) -> Result<()> {
    let fits = (0..=9999).contains(&year);
    let refused = || Error::new(ErrorKind::Invalid, "constraint", "the database does not accept one of the values");
    fits.then_some(()).ok_or_else(refused)
}

fn add<'q, D, T>(out: &mut D::Arguments, value: T) -> Result<()>
where
    D: Database,
    T: Encode<'q, D> + Type<D>,
{
    out.add(value).map_err(|_| Error::internal("a parameter cannot be encoded"))
}

/// Declares `common` with the bounds that every driver has to fulfil, once.
macro_rules! common {
    ($($variant:ident($ty:ty)),* $(,)?) => {
        fn common<D>(out: &mut D::Arguments, value: Value) -> Result<()>
        where
            D: Database,
            $(for<'q> $ty: Encode<'q, D> + Type<D>,)*
            $(for<'q> Option<$ty>: Encode<'q, D> + Type<D>,)*
        {
            match value {
                $(Value::$variant(value) => add::<D, $ty>(out, value.into()),)*
                $(Value::Null(ValueKind::$variant) => add::<D, Option<$ty>>(out, None),)*
                _ => Err(Error::internal("a value of an unknown kind")),
            }
        }
    };
}
common! {
    Bool(bool), I16(i16), I32(i32), I64(i64), F32(f32), F64(f64), Text(String), Bytes(Vec<u8>), Uuid(uuid::Uuid),
    DateTime(chrono::DateTime<chrono::Utc>), Timestamp(chrono::NaiveDateTime), Date(chrono::NaiveDate),
    Time(chrono::NaiveTime), Json(serde_json::Value),
}

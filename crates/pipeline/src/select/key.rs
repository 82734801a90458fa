//! Keys of rows as bytes: a letter for the type, and the value.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Timelike as _};
use diptych_spec::{Error, Result, Value};
use uuid::Uuid;

/// Adds a key.
pub(super) fn write(out: &mut Vec<u8>, key: &Value) -> Result<()> {
    let mut add = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(bytes);
    };
    match key {
        Value::Bool(value) => add(b'b', &[u8::from(*value)]),
        Value::I16(value) => add(b'2', &value.to_be_bytes()),
        Value::I32(value) => add(b'4', &value.to_be_bytes()),
        Value::I64(value) => add(b'8', &value.to_be_bytes()),
        Value::F32(value) => add(b'f', &value.to_be_bytes()),
        Value::F64(value) => add(b'F', &value.to_be_bytes()),
        Value::Text(value) => {
            add(b't', &(value.len() as u64).to_be_bytes());
            out.extend_from_slice(value.as_bytes());
        }
        Value::Bytes(value) => {
            add(b'B', &(value.len() as u64).to_be_bytes());
            out.extend_from_slice(value);
        }
        Value::Uuid(value) => add(b'u', value.as_bytes()),
        // To the microsecond, which is what PostgreSQL keeps; SQLite keeps texts.
        Value::DateTime(value) => add(b'Z', &value.timestamp_micros().to_be_bytes()),
        Value::Timestamp(value) => add(b'T', &value.and_utc().timestamp_micros().to_be_bytes()),
        Value::Date(value) => add(b'd', &value.num_days_from_ce().to_be_bytes()),
        Value::Time(value) => {
            let micros =
                u64::from(value.num_seconds_from_midnight()) * 1_000_000 + u64::from(value.nanosecond() / 1000);
            add(b'm', &micros.to_be_bytes());
        }
        other => return Err(Error::internal(format!("a cursor cannot have a {other:?}"))),
    }
    Ok(())
}

/// Takes a key off the front; `None` when there is none.
pub(super) fn read(text: &mut &[u8]) -> Option<Value> {
    let [kind] = take(text)?;
    Some(match kind {
        b'b' => Value::Bool(take(text)? == [1]),
        b'2' => Value::I16(i16::from_be_bytes(take(text)?)),
        b'4' => Value::I32(i32::from_be_bytes(take(text)?)),
        b'8' => Value::I64(i64::from_be_bytes(take(text)?)),
        b'f' => Value::F32(f32::from_be_bytes(take(text)?)),
        b'F' => Value::F64(f64::from_be_bytes(take(text)?)),
        b't' => Value::Text(String::from_utf8(long(text)?).ok()?.into()),
        b'B' => Value::Bytes(long(text)?),
        b'u' => Value::Uuid(Uuid::from_bytes(take(text)?)),
        b'Z' => Value::DateTime(DateTime::from_timestamp_micros(i64::from_be_bytes(take(text)?))?),
        b'T' => Value::Timestamp(DateTime::from_timestamp_micros(i64::from_be_bytes(take(text)?))?.naive_utc()),
        b'd' => Value::Date(NaiveDate::from_num_days_from_ce_opt(i32::from_be_bytes(take(text)?))?),
        b'm' => {
            let micros = u64::from_be_bytes(take(text)?);
            let seconds = u32::try_from(micros / 1_000_000).ok()?;
            let nanos = u32::try_from(micros % 1_000_000).ok()? * 1000;
            Value::Time(NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)?)
        }
        _ => return None,
    })
}

fn take<const N: usize>(text: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = text.split_first_chunk::<N>()?;
    *text = rest;
    Some(*front)
}

fn long(text: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(u64::from_be_bytes(take(text)?)).ok()?;
    let (front, rest) = text.split_at_checked(length)?;
    *text = rest;
    Some(front.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDateTime;
    use diptych_spec::ValueKind;
    use proptest::prelude::*;

    #[test]
    fn keys_come_back_as_they_were() {
        let moment = DateTime::from_timestamp_micros(-1_234_567_890_123_456).unwrap();
        let keys = [
            Value::Bool(true),
            Value::I16(i16::MIN),
            Value::I32(i32::MAX),
            Value::I64(i64::MIN),
            Value::F32(-0.5),
            Value::F64(f64::INFINITY),
            Value::Text("é\n\"".into()),
            Value::Text("".into()),
            Value::Bytes(vec![0, 255]),
            Value::Uuid(Uuid::from_u128(7)),
            Value::DateTime(moment),
            Value::Timestamp(NaiveDateTime::default()),
            Value::Date(NaiveDate::from_ymd_opt(-44, 3, 15).unwrap()),
            Value::Time(NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap()),
        ];
        let mut text = Vec::new();
        keys.iter().for_each(|key| write(&mut text, key).unwrap());
        let mut rest = text.as_slice();
        for key in &keys {
            assert_eq!(read(&mut rest).as_ref(), Some(key));
        }
        assert_eq!((rest, read(&mut rest)), (&[][..], None));
        for kind in [Value::Null(ValueKind::Text), Value::Json(serde_json::Value::Null)] {
            assert!(write(&mut Vec::new(), &kind).is_err());
        }
    }

    proptest! {
        #[test]
        fn anything_else_is_no_key(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut rest = bytes.as_slice();
            while read(&mut rest).is_some() {}
        }
    }
}

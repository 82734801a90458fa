//! What the formats of a schema mean. docs/validation.md has the table.

use super::mend::whole;
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde_json::{Number, Value};
use uuid::Uuid;
use validator::{ValidateEmail, ValidateIp, ValidateUrl};

/// Formats of which a decoder takes more forms than the one that is published.
pub(super) fn has_forms(format: &str) -> bool {
    matches!(format, "uuid" | "date" | "date-time")
}

/// Whether a value is of a format that is a type: a UUID, a date, a width of integers. Any value is of another.
pub(super) fn is_of_type(format: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => match format {
            // Only the form with hyphens is that long (RFC 9562, section 4).
            "uuid" => text.len() == 36 && Uuid::try_parse(text).is_ok(),
            "date" => is_date(text),
            "date-time" => is_date_time(text),
            _ => true,
        },
        Value::Number(number) => is_of_width(format, number, value),
        _ => true,
    }
}

/// Whether a text is of a format that is a rule.
pub(super) fn keeps_rule(format: &str, text: &str) -> bool {
    match format {
        "email" => text.validate_email(),
        "uri" => text.validate_url(),
        "ipv4" => text.validate_ipv4(),
        "ipv6" => text.validate_ipv6(),
        _ => true,
    }
}

/// `full-date` of RFC 3339; `chrono` takes fewer digits, signs and spaces as well.
fn is_date(text: &str) -> bool {
    let shaped = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    shaped && text.parse::<NaiveDate>().is_ok()
}

/// `date-time` of RFC 3339; `chrono` takes a space for the `T`, and a leap second in any minute.
fn is_date_time(text: &str) -> bool {
    let Ok(time) = DateTime::parse_from_rfc3339(text) else { return false };
    let time = time.with_timezone(&Utc);
    let is_leap = time.nanosecond() >= 1_000_000_000;
    text.is_ascii()
        && matches!(text.as_bytes()[10], b'T' | b't')
        && (!is_leap || (time.hour(), time.minute()) == (23, 59))
}

/// Whether an integer is of a width (the format registry of OpenAPI).
fn is_of_width(format: &str, number: &Number, value: &Value) -> bool {
    let integer = number.as_i64().or_else(|| whole(value)).map(i128::from);
    let integer = integer.or_else(|| number.as_u64().map(i128::from));
    let within = |low: i128, high: i128| integer.is_some_and(|integer| (low..=high).contains(&integer));
    match format {
        "int8" => within(i8::MIN.into(), i8::MAX.into()),
        "int16" => within(i16::MIN.into(), i16::MAX.into()),
        "int32" => within(i32::MIN.into(), i32::MAX.into()),
        "int64" | "int" => within(i64::MIN.into(), i64::MAX.into()),
        "uint8" => within(0, u8::MAX.into()),
        "uint16" => within(0, u16::MAX.into()),
        "uint32" => within(0, u32::MAX.into()),
        "uint64" | "uint" => within(0, u64::MAX.into()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_of_each() {
        for (format, text, is) in [
            ("uuid", "0190b3a4-5c1e-7000-8000-000000000001", true),
            ("uuid", "0190B3A4-5C1E-7000-8000-000000000001", true),
            ("uuid", "0190b3a45c1e70008000000000000001", false),
            ("uuid", "{0190b3a4-5c1e-7000-8000-000000000001}", false),
            ("uuid", "urn:uuid:0190b3a4-5c1e-7000-8000-000000000001", false),
            ("uuid", "0190b3a4-5c1e-7000-8000-00000000000g", false),
            ("date", "2026-01-31", true),
            ("date", "2026-1-31", false),
            ("date", "2026-02-30", false),
            ("date", " 2026-1-31", false),
            ("date", "+026-01-31", false),
            ("date-time", "2026-01-31T12:00:00Z", true),
            ("date-time", "2026-01-31t12:00:00.5+01:00", true),
            ("date-time", "2026-01-31 12:00:00Z", false),
            ("date-time", "2026-01-31T12:00:00", false),
            ("date-time", "2016-12-31T23:59:60Z", true),
            ("date-time", "2017-01-01T00:59:60+01:00", true),
            ("date-time", "2026-01-31T12:00:60Z", false),
            ("unheard-of", "anything", true),
        ] {
            assert_eq!(is_of_type(format, &text.into()), is, "{format} {text}");
        }
        for (format, number, is) in [
            ("int8", serde_json::json!(-129), false),
            ("int32", serde_json::json!(2_147_483_647), true),
            ("int32", serde_json::json!(2_147_483_648_i64), false),
            ("int64", serde_json::json!(u64::MAX), false),
            ("int64", serde_json::json!(1e300), false),
            ("uint64", serde_json::json!(u64::MAX), true),
            ("uint64", serde_json::json!(-1), false),
            ("uint64", serde_json::json!(7.0), true),
            ("double", serde_json::json!(7.5), true),
        ] {
            assert_eq!(is_of_type(format, &number), is, "{format} {number}");
        }
    }
}

//! What an update changed, field by field: for the answer of a service, or for a record of its own.

use crate::Value;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::SecondsFormat;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

/// What was written to one field.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct FieldChange {
    /// Its name.
    pub field: &'static str,
    /// What it held before.
    pub old: Json,
    /// What it holds now.
    pub new: Json,
}

/// What an update changed, in the order in which the fields were set; empty when it changed nothing.
///
/// It holds the values themselves: where it is shown or kept, they are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct FieldChanges(Vec<FieldChange>);

impl FieldChanges {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    #[must_use]
    pub fn as_slice(&self) -> &[FieldChange] {
        &self.0
    }

    /// The change of this field, if there is one.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<&FieldChange> {
        self.0.iter().find(|change| change.field == field)
    }

    /// Notes one more. Updates do it.
    #[doc(hidden)]
    pub fn note(&mut self, field: &'static str, old: &Value, new: &Value) {
        self.0.push(FieldChange { field, old: json(old), new: json(new) });
    }
}

/// The value as serde writes the type that it was made of.
fn json(value: &Value) -> Json {
    match value {
        Value::Null(_) => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::I16(value) => (*value).into(),
        Value::I32(value) => (*value).into(),
        Value::I64(value) => (*value).into(),
        Value::F32(value) => (*value).into(),
        Value::F64(value) => (*value).into(),
        Value::Text(text) => (**text).into(),
        Value::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Value::Uuid(id) => id.to_string().into(),
        Value::DateTime(moment) => moment.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
        Value::Timestamp(moment) => moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string().into(),
        Value::Date(day) => day.to_string().into(),
        Value::Time(time) => time.to_string().into(),
        Value::Json(json) => json.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IntoValue;
    use chrono::{DateTime, NaiveDateTime, Utc};
    use serde_json::json;

    fn as_serde_does<T: IntoValue + Serialize + Clone>(value: T) {
        assert_eq!(json(&value.clone().into_value()), serde_json::to_value(value).unwrap());
    }

    #[test]
    fn values_are_shown_as_serde_writes_them() {
        as_serde_does(true);
        as_serde_does(-7i16);
        as_serde_does(7i32);
        as_serde_does(i64::MAX);
        as_serde_does(0.5f32);
        as_serde_does(0.1f64);
        as_serde_does("text".to_owned());
        as_serde_does(None::<i64>);
        as_serde_does(uuid::Uuid::from_u128(7));
        as_serde_does(json!({"a": [1, null]}));
        for moment in ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.120Z", "2026-01-31T12:00:00.000001Z"] {
            let moment: DateTime<Utc> = moment.parse().unwrap();
            let naive: NaiveDateTime = moment.naive_utc();
            as_serde_does(moment);
            as_serde_does(naive);
            as_serde_does(naive.date());
            as_serde_does(naive.time());
        }
        assert_eq!(json(&vec![1u8, 2].into_value()), "AQI=");
    }
}

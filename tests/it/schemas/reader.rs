//! A reader of JSON Schema that is none of ours. Formats are asserted, and mean what docs/validation.md says.

use diptych_spec::each_subschema_mut;
use serde_json::{Value, json};
use validator::{ValidateEmail as _, ValidateUrl as _};

pub(crate) struct Reader(jsonschema::Validator);

impl Reader {
    pub(crate) fn of(schema: &Value) -> Self {
        let mut read = schema.clone();
        say_widths(&mut read);
        let options = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .with_format("email", |text: &str| text.validate_email())
            .with_format("uri", |text: &str| text.validate_url());
        Self(options.build(&read).unwrap_or_else(|error| panic!("{error}\n{schema:#}")))
    }

    /// Why a value is not what the schema says.
    pub(crate) fn refusal(&self, value: &Value) -> Option<String> {
        let found: Vec<_> = self.0.iter_errors(value).map(|error| error.to_string()).collect();
        (!found.is_empty()).then(|| found.join("; "))
    }
}

/// The widths of integers, which OpenAPI's registry has as formats: this reader asks formats of texts only.
fn say_widths(schema: &mut Value) {
    let bounds = match schema["format"].as_str() {
        Some("int32") => Some((json!(i32::MIN), json!(i32::MAX))),
        Some("int64") => Some((json!(i64::MIN), json!(i64::MAX))),
        Some("uint32") => Some((json!(0), json!(u32::MAX))),
        Some("uint64") => Some((json!(0), json!(u64::MAX))),
        _ => None,
    };
    if let (Some((least, most)), Value::Object(schema)) = (bounds, &mut *schema) {
        schema.entry("minimum").or_insert(least);
        schema.entry("maximum").or_insert(most);
    }
    each_subschema_mut(schema, say_widths);
}

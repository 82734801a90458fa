//! The arguments of a call as they are recorded: without secrets, and not longer than a row may be.

use super::settings::{Audit, AuditArguments};
use diptych_spec::{Arguments, Declaration, each_subschema, is_secret};
use serde_json::{Map, Value};

/// In place of a value that is secret.
const REDACTED: &str = "[redacted]";

/// What is recorded of the arguments of one operation.
pub(super) struct Rules {
    arguments: AuditArguments,
    /// Of all arguments as one object, with what it refers to.
    schema: Value,
}

impl Rules {
    pub(super) fn of(audit: &Audit, declaration: &Declaration) -> Self {
        Self { arguments: audit.arguments_recorded(declaration.name()), schema: declaration.arguments().schema() }
    }

    /// The arguments as JSON; empty when none are recorded. Those that were not declared are not among them.
    pub(super) fn record(&self, audit: &Audit, declaration: &Declaration, arguments: &Arguments<'_>) -> String {
        if self.arguments == AuditArguments::None {
            return String::new();
        }
        let given = declaration.arguments().given(arguments);
        let size = given.iter().map(|(name, _, json)| name.len() + json.len()).fold(0, usize::saturating_add);
        // What is long is not even read: its names say what was called.
        if self.arguments == AuditArguments::Redacted && size <= audit.max_arguments {
            let members =
                given.iter().filter_map(|(name, _, json)| Some((name.to_string(), serde_json::from_str(json).ok()?)));
            let text = self.redacted(audit, "", vec![&self.schema], Value::Object(members.collect())).to_string();
            if text.len() <= audit.max_arguments {
                return text;
            }
        }
        let mut left = audit.max_arguments;
        let fits = given.iter().take_while(|(name, ..)| {
            left = left.saturating_sub(2 * name.len() + 16);
            left > 0
        });
        Value::Object(fits.map(|(name, _, json)| (name.to_string(), type_of(json).into())).collect()).to_string()
    }

    /// A value without what is secret in it. `schemas` are all that speak of it.
    fn redacted(&self, audit: &Audit, name: &str, schemas: Vec<&Value>, value: Value) -> Value {
        let schemas = self.resolved(schemas);
        let name = plain(name);
        let is_named = !name.is_empty() && audit.redacted.iter().any(|secret| name.contains(&**secret));
        if is_named || schemas.iter().copied().any(is_secret) {
            return REDACTED.into();
        }
        match value {
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| {
                    let inner = schemas.iter().flat_map(|schema| {
                        let own = schema.get("properties").and_then(|all| all.get(&name));
                        let patterns = schema.get("patternProperties").and_then(Value::as_object);
                        let patterns = patterns.into_iter().flat_map(Map::values);
                        let others = schema.get("unevaluatedProperties");
                        patterns.chain(own.or(schema.get("additionalProperties"))).chain(others)
                    });
                    let value = self.redacted(audit, &name, inner.collect(), value);
                    (name, value)
                });
                Value::Object(members.collect())
            }
            Value::Array(elements) => {
                let inner: Vec<&Value> = schemas
                    .iter()
                    .flat_map(|schema| {
                        let places = schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
                        let all = ["items", "contains", "unevaluatedItems"];
                        all.into_iter().filter_map(|keyword| schema.get(keyword)).chain(places)
                    })
                    .collect();
                let element = |value| self.redacted(audit, "", inner.clone(), value);
                Value::Array(elements.into_iter().map(element).collect())
            }
            Value::String(text) => {
                // Models write objects and lists as texts, and those are taken as meant.
                let meant =
                    serde_json::from_str(&text).ok().filter(|meant: &Value| meant.is_object() || meant.is_array());
                let text = meant.map_or(text, |meant| self.redacted(audit, "", schemas, meant).to_string());
                cut(text, audit.max_text).into()
            }
            other => other,
        }
    }

    /// These schemas, and those that they refer to or are made of.
    fn resolved<'s>(&'s self, mut open: Vec<&'s Value>) -> Vec<&'s Value> {
        let mut found: Vec<&Value> = Vec::new();
        while let Some(schema) = open.pop() {
            // A reference may lead in a circle.
            if found.iter().any(|known| std::ptr::eq(*known, schema)) {
                continue;
            }
            let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
            open.extend(target.and_then(|name| self.schema.get("$defs")?.get(name)));
            each_subschema(schema, |inner| {
                if OF_THE_SAME.contains(&inner.keyword) {
                    open.push(inner.schema);
                }
            });
            found.push(schema);
        }
        found
    }
}

/// Keywords whose schemas speak of the same value as the schema that they stand in.
const OF_THE_SAME: [&str; 7] = ["allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"];

/// A name in small letters, without `_` and `-`: `apiKey`, `api-key` and `API_KEY` are one.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        let more = text[end..].chars().count();
        text.truncate(end);
        text.push_str(&format!("… ({more} more)"));
    }
    text
}

/// The JSON type of a text that is JSON.
fn type_of(json: &str) -> &'static str {
    match json.trim_start().as_bytes().first() {
        Some(b'"') => "string",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operations, Tx};
    use diptych_spec::{Anyone, Args, Result, ServiceSpec};
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn a_secret_is_found_by_its_schema_and_by_its_name_wherever_it_is() {
        let secret = json!({"type": "string", "writeOnly": true});
        let login = json!({"$ref": "#/$defs/Login"});
        let definitions = json!({
            "Login": {"type": "object", "properties": {"pin": secret, "user": {"type": "string"}}},
            "Node": {"type": "object", "properties": {"pin": secret, "next": {"$ref": "#/$defs/Node"}}},
            "Loop": {"$ref": "#/$defs/Loop"},
        });
        let Value::Object(mut definitions) = definitions else { panic!("an object") };
        let many: Vec<_> = (0..20).map(|at| json!({"$ref": format!("#/$defs/Variant{at}")})).collect();
        definitions.extend((1..20).map(|at| (format!("Variant{at}"), json!({}))));
        definitions.insert("Variant0".to_owned(), login.clone());
        definitions.insert("Many".to_owned(), json!({"anyOf": many}));
        let rules = Rules { arguments: AuditArguments::Redacted, schema: json!({"$defs": definitions}) };
        let gone = json!(REDACTED);
        for (schema, given, recorded) in [
            (json!({}), json!("plain"), json!("plain")),
            (secret.clone(), json!("x"), gone.clone()),
            (json!({"type": "string", "format": "password"}), json!("x"), gone.clone()),
            (login.clone(), json!({"pin": "1", "user": "ann"}), json!({"pin": gone, "user": "ann"})),
            (
                json!({"type": "array", "items": login}),
                json!([{"pin": 1}, {"user": "b"}]),
                json!([{"pin": gone}, {"user": "b"}]),
            ),
            (json!({"prefixItems": [{}, secret]}), json!(["a", "b"]), json!([gone, gone])),
            (json!({"anyOf": [{"type": "null"}, login]}), json!({"pin": "1"}), json!({"pin": gone})),
            (json!({"oneOf": [{"type": "integer"}, secret]}), json!(7), gone.clone()),
            (json!({"additionalProperties": secret}), json!({"any": "x"}), json!({"any": gone})),
            (json!({"unevaluatedProperties": login}), json!({"any": {"pin": "1"}}), json!({"any": {"pin": gone}})),
            (json!({"contains": secret}), json!(["a"]), json!([gone])),
            (json!({"if": {}, "then": login}), json!({"pin": "1"}), json!({"pin": gone})),
            (json!({"dependentSchemas": {"user": login}}), json!({"pin": "1"}), json!({"pin": gone})),
            (
                json!({"$ref": "#/$defs/Node"}),
                json!({"next": {"next": {"pin": "1"}}}),
                json!({"next": {"next": {"pin": gone}}}),
            ),
            (json!({"$ref": "#/$defs/Loop"}), json!("x"), json!("x")),
            (json!({"$ref": "#/$defs/Many"}), json!({"pin": "1"}), json!({"pin": gone})),
            // By name, in any spelling, and at any depth.
            (
                json!({}),
                json!({"a": [{"apiKey": 1, "API_KEYS": [2]}]}),
                json!({"a": [{"apiKey": gone, "API_KEYS": gone}]}),
            ),
            (json!({}), json!({"Card-Number": {"x": 1}, "open": true}), json!({"Card-Number": gone, "open": true})),
        ] {
            let found = rules.redacted(&Audit::new(), "value", vec![&schema], given);
            assert_eq!(found, recorded, "{schema}");
        }
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Login {
        user: String,
        #[schemars(extend("writeOnly" = true))]
        pin: String,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "by")]
    #[expect(dead_code, reason = "only its schema is of interest")]
    enum Payment {
        Account {
            login: Login,
            all: BTreeMap<u32, Login>,
        },
        Voucher {
            #[schemars(extend("writeOnly" = true))]
            digits: String,
        },
    }

    async fn pay(_: &mut Tx, _: Args<Payment>) -> Result<()> {
        Ok(())
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Logins {
        #[serde(flatten)]
        all: BTreeMap<String, Login>,
    }

    async fn log_in(_: &mut Tx, _: Args<Logins>) -> Result<()> {
        Ok(())
    }

    #[test]
    fn a_secret_is_found_under_names_that_are_not_declared() {
        let operations = Operations::new().add(ServiceSpec::from_fn("log_in", log_in).allow(Anyone));
        let declaration = operations.as_slice()[0].declaration();
        let audit = Audit::new();
        let given = json!({"any": {"user": "ann", "pin": "123"}}).to_string();
        let recorded = Rules::of(&audit, declaration).record(&audit, declaration, &Arguments::named(&given));
        let expected = json!({"any": {"user": "ann", "pin": REDACTED}});
        assert_eq!(serde_json::from_str::<Value>(&recorded).unwrap(), expected);
    }

    #[test]
    fn a_secret_is_found_however_the_input_is_declared_and_written() {
        let operations = Operations::new().add(ServiceSpec::from_fn("pay", pay).allow(Anyone));
        let declaration = operations.as_slice()[0].declaration();
        let audit = Audit::new();
        let rules = Rules::of(&audit, declaration);
        for (given, expected) in [
            (json!({"by": "Voucher", "digits": "123"}), json!({"by": "Voucher", "digits": REDACTED})),
            (
                json!({"by": "Account", "login": {"user": "ann", "pin": "123"}}),
                json!({"by": "Account", "login": {"user": "ann", "pin": REDACTED}}),
            ),
            (
                json!({"by": "Account", "all": {"7": {"user": "ann", "pin": "123"}}}),
                json!({"by": "Account", "all": {"7": {"user": "ann", "pin": REDACTED}}}),
            ),
            // Models write objects as texts, which are taken as meant.
            (
                json!({"by": "Account", "login": "{\"user\": \"ann\", \"pin\": \"123\"}"}),
                json!({"by": "Account", "login": "{\"user\":\"ann\",\"pin\":\"[redacted]\"}"}),
            ),
        ] {
            let given = given.to_string();
            let recorded = rules.record(&audit, declaration, &Arguments::named(&given).from_a_model());
            assert_eq!(serde_json::from_str::<Value>(&recorded).unwrap(), expected, "{given}");
        }
    }
}

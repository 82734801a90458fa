//! Unions whose variants are told apart by a tag: the document says which field that is and which schema each of its values means (the
//! Discriminator Object, OpenAPI 3.1.0, section 4.8.25), which only counts for schemas that have a name.

use super::components::Components;
use diptych_spec::each_subschema_mut;
use serde_json::{Map, Value, json};

/// Gives names to the variants of each union in a schema that has a tag, after `name`.
pub(super) fn discriminate(schema: &mut Value, name: &str, components: &mut Components) {
    each_subschema_mut(schema, |inner| discriminate(inner, name, components));
    let Some(union) = schema.as_object_mut() else { return };
    let Some((tag, values)) = tag_of(union) else { return };
    let Some(Value::Array(variants)) = union.get_mut("oneOf") else { return };
    let mut mapping = Map::new();
    for (variant, value) in variants.iter_mut().zip(values) {
        let reference = components.variant(&format!("{name}.{value}"), variant.take());
        *variant = json!({"$ref": reference});
        mapping.insert(value, reference.into());
    }
    union.insert("discriminator".to_owned(), json!({"propertyName": tag, "mapping": mapping}));
}

/// The field that is required by each variant and another fixed text in each, and these texts.
fn tag_of(union: &Map<String, Value>) -> Option<(String, Vec<String>)> {
    let variants = union.get("oneOf")?.as_array().filter(|variants| variants.len() > 1)?;
    let names = variants.first()?.get("properties")?.as_object()?.keys();
    names.into_iter().find_map(|name| {
        let values: Option<Vec<_>> = variants.iter().map(|variant| Some(fixed(variant, name)?.to_owned())).collect();
        let values = values?;
        let all_differ = values.iter().enumerate().all(|(at, value)| !values[..at].contains(value));
        all_differ.then(|| (name.clone(), values))
    })
}

fn fixed<'v>(variant: &'v Value, name: &str) -> Option<&'v str> {
    let is_required = variant.get("required")?.as_array()?.iter().any(|required| required == name);
    variant.get("properties")?.get(name)?.get("const")?.as_str().filter(|_| is_required)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(tag: &str, value: &str, required: bool) -> Value {
        json!({"type": "object", "properties": {tag: {"type": "string", "const": value}}, "required": if required { vec![tag] } else { vec![] }})
    }

    #[test]
    fn a_tag_is_told_with_what_each_value_of_it_means() {
        let union =
            json!({"properties": {"means": {"oneOf": [variant("kind", "card", true), variant("kind", "cash", true)]}}});
        let mut components = Components::default();
        for _ in 0..2 {
            let mut schema = union.clone();
            discriminate(&mut schema, "pay", &mut components);
            assert_eq!(
                schema["properties"]["means"],
                json!({
                    "oneOf": [{"$ref": "#/components/schemas/pay.card"}, {"$ref": "#/components/schemas/pay.cash"}],
                    "discriminator": {
                        "propertyName": "kind",
                        "mapping": {"card": "#/components/schemas/pay.card", "cash": "#/components/schemas/pay.cash"},
                    },
                })
            );
        }
        let schemas = components.into_value()["schemas"].clone();
        assert_eq!(schemas.as_object().unwrap().len(), 2, "what is the same is there once");
        assert_eq!(schemas["pay.card"], variant("kind", "card", true));
    }

    #[test]
    fn what_has_no_tag_stays_as_it_is() {
        for variants in [
            vec![variant("kind", "card", true)],
            vec![variant("kind", "card", true), variant("kind", "card", true)],
            vec![variant("kind", "card", true), variant("kind", "cash", false)],
            vec![variant("kind", "card", true), variant("type", "cash", true)],
            vec![variant("kind", "card", true), json!({"type": "null"})],
        ] {
            let mut schema = json!({"oneOf": variants});
            let before = schema.clone();
            discriminate(&mut schema, "pay", &mut Components::default());
            assert_eq!(schema, before);
        }
    }
}

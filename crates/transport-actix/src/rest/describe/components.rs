//! What several operations share: the problem, responses that are the same everywhere, and the definitions of recursive
//! types, which are moved here from the schemas that carry them.

use super::unions;
use diptych_spec::each_subschema_mut;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The components of a document, as they are first referred to.
#[derive(Debug, Default)]
pub(super) struct Components {
    schemas: Map<String, Value>,
    responses: Map<String, Value>,
    parameters: Map<String, Value>,
    hoisted: Vec<Hoisted>,
}

/// What the references of a schema mean.
#[derive(Debug)]
pub(super) struct Definitions<'d> {
    /// By name; the schema itself is `#`.
    pub(super) named: &'d Map<String, Value>,
    /// The name that the schema itself gets when it moves.
    pub(super) root: &'d str,
}

/// The reference of a schema to itself as a whole.
const ROOT: &str = "#";

/// A definition that was moved: it is shared by schemas in which its name means the same.
#[derive(Debug)]
struct Hoisted {
    name: String,
    /// The definition and everything it refers to, as they were.
    meaning: BTreeMap<String, Value>,
    component: String,
}

impl Components {
    /// The schema of a problem (RFC 9457).
    pub(super) fn problem(&mut self) -> Value {
        self.schemas.entry("Problem").or_insert_with(problem);
        json!({"$ref": "#/components/schemas/Problem"})
    }

    /// A response under this name.
    pub(super) fn response(&mut self, name: &str, response: Value) -> Value {
        self.responses.entry(name).or_insert(response);
        json!({"$ref": format!("#/components/responses/{name}")})
    }

    /// A parameter under this name.
    pub(super) fn parameter(&mut self, name: &str, parameter: Value) -> Value {
        self.parameters.entry(name).or_insert(parameter);
        json!({"$ref": format!("#/components/parameters/{name}")})
    }

    /// The schema with its own definitions moved here. When it refers to itself, it moves as a whole, under the name `root`.
    pub(super) fn adopt(&mut self, mut schema: Value, root: &str) -> Value {
        let mut definitions = match schema.as_object_mut().and_then(|schema| schema.remove("$defs")) {
            Some(Value::Object(definitions)) => definitions,
            _ => Map::new(),
        };
        let mut refers_to_itself = false;
        each_reference(&mut schema, &mut |name| {
            refers_to_itself |= name == ROOT;
            None
        });
        if refers_to_itself {
            definitions.insert(ROOT.to_owned(), schema);
            schema = json!({"$ref": ROOT});
        }
        let mut schema = self.adopt_with(schema, &Definitions { named: &definitions, root });
        unions::discriminate(&mut schema, root, self);
        schema
    }

    /// The reference to a variant of a union, which is moved here under this name or is here already.
    pub(super) fn variant(&mut self, name: &str, variant: Value) -> String {
        let known = self.schemas.iter().find(|(known, schema)| known.starts_with(name) && **schema == variant);
        let component = known.map_or_else(|| self.free_name(name), |(known, _)| known.clone());
        self.schemas.insert(component.clone(), variant);
        format!("#/components/schemas/{component}")
    }

    /// The schema with those definitions moved here that it refers to.
    pub(super) fn adopt_with(&mut self, mut schema: Value, definitions: &Definitions<'_>) -> Value {
        each_reference(&mut schema, &mut |name| self.hoist(name, definitions));
        schema
    }

    /// The reference to a definition, which is moved here if it is not yet.
    fn hoist(&mut self, name: &str, definitions: &Definitions<'_>) -> Option<String> {
        let definition = definitions.named.get(name)?;
        let mut meaning = BTreeMap::new();
        gather(name, definitions.named, &mut meaning);
        let known = self.hoisted.iter().find(|known| known.name == name && known.meaning == meaning);
        if let Some(known) = known {
            return Some(format!("#/components/schemas/{}", known.component));
        }
        let component = self.free_name(if name == ROOT { definitions.root } else { name });
        self.hoisted.push(Hoisted { name: name.to_owned(), meaning, component: component.clone() });
        // Takes the name before its own references are followed: it may refer to itself.
        self.schemas.insert(component.clone(), Value::Null);
        let mut moved = self.adopt_with(definition.clone(), definitions);
        unions::discriminate(&mut moved, &component, self);
        self.schemas.insert(component.clone(), moved);
        Some(format!("#/components/schemas/{component}"))
    }

    fn free_name(&self, name: &str) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let name = name.replace(|c| !allowed(c), "_");
        let taken = |name: &str| name == "Problem" || self.schemas.contains_key(name);
        let numbered = (2..).map(|number| format!("{name}{number}"));
        std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    pub(super) fn into_value(self) -> Value {
        let mut components = Map::new();
        if !self.schemas.is_empty() {
            components.insert("schemas".to_owned(), self.schemas.into());
        }
        if !self.responses.is_empty() {
            components.insert("responses".to_owned(), self.responses.into());
        }
        if !self.parameters.is_empty() {
            components.insert("parameters".to_owned(), self.parameters.into());
        }
        let bearer = json!({"bearer": {"type": "http", "scheme": "bearer"}});
        components.insert("securitySchemes".to_owned(), bearer);
        components.into()
    }
}

fn gather(name: &str, definitions: &Map<String, Value>, meaning: &mut BTreeMap<String, Value>) {
    let Some(definition) = definitions.get(name).filter(|_| !meaning.contains_key(name)) else {
        return;
    };
    meaning.insert(name.to_owned(), definition.clone());
    let mut referred = Vec::new();
    each_reference(&mut definition.clone(), &mut |name| {
        referred.push(name.to_owned());
        None
    });
    for name in referred {
        gather(&name, definitions, meaning);
    }
}

/// Shows `replace` the name in every `#/$defs/…` of a schema, and `#` for the schema itself; what it gives takes the place
/// of the reference.
fn each_reference(schema: &mut Value, replace: &mut dyn FnMut(&str) -> Option<String>) {
    if let Some(Value::String(reference)) = schema.get_mut("$ref") {
        let itself = (reference == ROOT).then(|| ROOT.to_owned());
        let name = reference.strip_prefix("#/$defs/").map(unescape).or(itself);
        if let Some(new) = name.and_then(|name| replace(&name)) {
            *reference = new;
        }
    }
    each_subschema_mut(schema, |inner| each_reference(inner, replace));
}

/// A JSON pointer token in a fragment (RFC 6901, section 6) as the name it stands for.
fn unescape(token: &str) -> String {
    let token = percent_encoding::percent_decode_str(token).decode_utf8_lossy();
    token.replace("~1", "/").replace("~0", "~")
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was refused (RFC 9457).",
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "const": "about:blank"},
            "title": {"type": "string", "description": "The kind of problem, in words."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
            "code": {"type": "string", "description": "What a program switches on; never changes."},
            "detail": {"type": "string", "description": "What is wrong this time, in a sentence."},
            "errors": {
                "type": "array",
                "description": "Every wrong field.",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": {"type": "string", "format": "json-pointer", "description": "Which field (RFC 6901)."},
                        "code": {"type": "string", "description": "The rule that it breaks."},
                        "detail": {"type": "string", "description": "What was expected."},
                    },
                    "required": ["pointer", "code", "detail"],
                },
            },
            "error_id": {"type": "string", "description": "What the server's log knows a fault by."},
            "retry_after": {"type": "integer", "minimum": 1, "description": "How many seconds to wait before trying again."},
            "questions": {
                "type": "array",
                "description": "What has to be answered first, by a client that can be asked.",
                "items": {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]},
            },
            "step": {
                "type": "object",
                "description": "Which step of several failed; `errors` are of the arguments of its operation.",
                "properties": {"number": {"type": "integer", "minimum": 1}, "operation": {"type": "string"}},
                "required": ["number", "operation"],
            },
        },
        "required": ["type", "title", "status", "code", "detail"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_shared_when_they_mean_the_same() {
        let tree = |leaf: &str| {
            json!({
                "type": "array",
                "items": {"$ref": "#/$defs/Tree"},
                "$defs": {
                    "Tree": {"properties": {"$ref": {"$ref": "#/$defs/Leaf"}, "of": {"$ref": "#/$defs/Tree"}}},
                    "Leaf": {"type": leaf},
                },
            })
        };
        let mut components = Components::default();
        let mut adopted = |leaf| components.adopt(tree(leaf), "x")["items"]["$ref"].clone();
        assert_eq!(adopted("string"), "#/components/schemas/Tree");
        assert_eq!(adopted("string"), "#/components/schemas/Tree");
        assert_eq!(adopted("integer"), "#/components/schemas/Tree2");
        let schemas = components.into_value()["schemas"].clone();
        assert_eq!(schemas["Tree"]["properties"]["$ref"]["$ref"], "#/components/schemas/Leaf");
        assert_eq!(schemas["Tree2"]["properties"]["of"]["$ref"], "#/components/schemas/Tree2");
        assert_eq!(schemas["Tree2"]["properties"]["$ref"]["$ref"], "#/components/schemas/Leaf2");
        assert_eq!(schemas["Leaf2"], json!({"type": "integer"}));
    }
    #[test]
    fn a_schema_that_refers_to_itself_moves_as_a_whole() {
        let list = json!({"properties": {"next": {"$ref": "#"}}});
        let mut components = Components::default();
        for _ in 0..2 {
            assert_eq!(components.adopt(list.clone(), "a.answer")["$ref"], "#/components/schemas/a.answer");
        }
        let moved = components.into_value()["schemas"]["a.answer"].clone();
        assert_eq!(moved["properties"]["next"]["$ref"], "#/components/schemas/a.answer");
    }
}

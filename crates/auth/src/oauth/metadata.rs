//! What protects a resource, as data (RFC 9728, section 2).

use serde_json::{Map, Value, json};

/// What the configuration says of the resource beside its identifier.
#[derive(Debug, Clone, Default)]
pub(super) struct Metadata {
    pub(super) scopes: Option<Vec<String>>,
    pub(super) members: Map<String, Value>,
}

impl Metadata {
    /// Members that are made here and cannot be said otherwise.
    pub(super) const OWN: [&str; 4] =
        ["resource", "authorization_servers", "bearer_methods_supported", "scopes_supported"];

    /// The document of one resource. Tokens are taken from the header alone.
    pub(super) fn document<'a>(&self, resource: &str, issuers: impl Iterator<Item = &'a str>) -> Value {
        let mut document = Map::new();
        document.insert("resource".to_owned(), resource.into());
        document.insert("authorization_servers".to_owned(), issuers.collect());
        if let Some(scopes) = &self.scopes {
            document.insert("scopes_supported".to_owned(), json!(scopes));
        }
        document.insert("bearer_methods_supported".to_owned(), json!(["header"]));
        for (name, value) in &self.members {
            if !Self::OWN.contains(&name.as_str()) {
                document.insert(name.clone(), value.clone());
            }
        }
        document.into()
    }
}

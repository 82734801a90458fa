//! The OpenAPI 3.1 document: a pure function of the declarations, so the same ones give the same bytes.
//!
//! A schema of an argument or an answer is taken over as it is, because a JSON Schema 2020-12 is a schema of OpenAPI 3.1;
//! only the definitions of recursive types move to `components`. Nothing is in `components` that nothing refers to.

mod components;
mod operation;
mod parameters;
mod responses;
mod texts;
mod unions;

use components::Components;
use diptych_pipeline::Operation;
use diptych_spec::Template;
use serde_json::{Map, Value, json};

/// What an OpenAPI document says of the API as a whole (OpenAPI 3.1.0, section 4.8.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiInfo {
    /// The API's name.
    pub title: String,
    /// The API's version.
    pub version: String,
    /// What it is for, in Markdown.
    pub description: Option<String>,
    /// The licence, as an SPDX expression such as `Apache-2.0`.
    pub license: Option<String>,
}

impl ApiInfo {
    /// A title and a version.
    #[must_use]
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        Self { title: title.into(), version: version.into(), description: None, license: None }
    }
}

/// The OpenAPI document of the operations that have routes, which are served under `prefix`.
#[must_use]
pub fn openapi_document(operations: &[Operation], info: &ApiInfo, prefix: &str) -> Value {
    let mut components = Components::default();
    let mut paths = Paths::default();
    let mut tags: Vec<&str> = Vec::new();
    for declaration in operations.iter().map(Operation::declaration) {
        for (index, route) in declaration.routes().iter().enumerate() {
            let item = paths.item(&route.path);
            let described = operation::describe(declaration, route, &item.variables, index, &mut components);
            let method = route.method.as_str().to_ascii_lowercase();
            item.operations.insert(method, described);
            for tag in operation::tags(declaration) {
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
            }
        }
    }
    let server = if prefix.is_empty() { "/" } else { prefix };
    let mut document = json!({
        "openapi": "3.1.0",
        "info": describe_info(info),
        "servers": [{"url": server}],
        "tags": tags.into_iter().map(describe_tag).collect::<Vec<_>>(),
        "paths": paths.into_value(),
    });
    document["components"] = components.into_value();
    document
}

fn describe_tag(tag: &str) -> Value {
    json!({"name": tag, "description": format!("The operations of `{tag}`.")})
}

fn describe_info(info: &ApiInfo) -> Value {
    let mut described = json!({"title": info.title, "version": info.version});
    if let Some(description) = &info.description {
        described["description"] = json!(description);
    }
    if let Some(license) = &info.license {
        described["license"] = json!({"name": license, "identifier": license});
    }
    described
}

/// The paths, in order of declaration. Two that differ only in the names of their variables are one, under the first
/// names.
#[derive(Default)]
struct Paths(Vec<PathItem>);

struct PathItem {
    path: String,
    shape: String,
    variables: Vec<String>,
    operations: Map<String, Value>,
}

impl Paths {
    fn item(&mut self, path: &Template) -> &mut PathItem {
        let shape = path
            .variables()
            .fold(path.as_str().to_owned(), |shape, variable| shape.replace(&format!("{{{variable}}}"), "{}"));
        let at = self.0.iter().position(|item| item.shape == shape).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(PathItem {
                path: path.as_str().to_owned(),
                shape,
                variables: path.variables().map(str::to_owned).collect(),
                operations: Map::new(),
            });
        }
        &mut self.0[at]
    }

    fn into_value(self) -> Value {
        let items = self.0.into_iter().map(|item| (item.path, Value::Object(item.operations)));
        Value::Object(items.collect())
    }
}

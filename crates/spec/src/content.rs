//! Content that is made for models and people: text, pictures, sound, resources (MCP 2026-07-28, server/tools, Tool
//! Result). Serialized, a [`Content`] is the content block of MCP.

use crate::Icon;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What an operation answers in place of JSON: content blocks, shown to a model as they are.
///
/// Over REST they are a JSON array. Anything that turns into a [`Content`] makes one:
///
/// ```
/// use diptych_spec::{Content, Contents};
///
/// let answer = Contents::from("Done.").and(Content::image(b"\x89PNG", "image/png"));
/// assert_eq!(answer.as_slice().len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct Contents(Vec<Content>);

/// One content block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Content {
    #[serde(flatten)]
    block: Block,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
enum Block {
    Text { text: String },
    Image { data: String, mime_type: Cow<'static, str> },
    Audio { data: String, mime_type: Cow<'static, str> },
    ResourceLink(ResourceLink),
    Resource { resource: EmbeddedResource },
}

/// A resource inside a content block (server/tools, Embedded Resources).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedResource {
    uri: String,
    mime_type: Cow<'static, str>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Body {
    Text(String),
    /// Base64.
    Blob(String),
}

/// A resource that can be read by its URI (server/tools, Resource Links). Clients of 2025-03-26, which has no such links,
/// are sent its URI as text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLink {
    uri: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    icons: Vec<Icon>,
}

/// For whom content is, and how much it matters (server/resources, Annotations).
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// Whom it is for; everybody when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Role>,
    /// From 0 (may be left out) to 1 (required).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<f64>,
    /// When it was last changed (ISO 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// The two sides of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

impl Contents {
    /// No content at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a block.
    #[must_use]
    pub fn and(mut self, content: impl Into<Content>) -> Self {
        self.0.push(content.into());
        self
    }

    /// Each block.
    #[must_use]
    pub fn as_slice(&self) -> &[Content] {
        &self.0
    }
}

impl Content {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Block::Text { text: text.into() }.into()
    }

    /// A picture of this media type, such as `image/png`.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<Cow<'static, str>>) -> Self {
        Block::Image { data: STANDARD.encode(bytes), mime_type: mime_type.into() }.into()
    }

    /// Sound of this media type, such as `audio/wav`.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<Cow<'static, str>>) -> Self {
        Block::Audio { data: STANDARD.encode(bytes), mime_type: mime_type.into() }.into()
    }

    /// For whom it is, and how much it matters.
    #[must_use]
    pub fn annotated(mut self, annotations: Annotations) -> Self {
        self.annotations = Some(annotations);
        self
    }

    /// A value of the application's own, under a name with a reversed domain in front: `com.example/source` (MCP, basic,
    /// `_meta`).
    #[must_use]
    pub fn with_meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }
}

impl EmbeddedResource {
    /// A resource that is text.
    pub fn text(uri: impl Into<String>, mime_type: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: mime_type.into(), body: Body::Text(text.into()) }
    }

    /// A resource that is not.
    pub fn blob(uri: impl Into<String>, mime_type: impl Into<Cow<'static, str>>, bytes: impl AsRef<[u8]>) -> Self {
        Self { uri: uri.into(), mime_type: mime_type.into(), body: Body::Blob(STANDARD.encode(bytes)) }
    }
}

impl ResourceLink {
    /// A link to the resource of this URI.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            name: name.into(),
            title: None,
            description: None,
            mime_type: None,
            size: None,
            icons: Vec::new(),
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What is there.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Its media type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<Cow<'static, str>>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// An icon. May be called several times.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }
}

impl From<Block> for Content {
    fn from(block: Block) -> Self {
        Self { block, annotations: None, meta: Map::new() }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<EmbeddedResource> for Content {
    fn from(resource: EmbeddedResource) -> Self {
        Block::Resource { resource }.into()
    }
}

impl From<ResourceLink> for Content {
    fn from(link: ResourceLink) -> Self {
        Block::ResourceLink(link).into()
    }
}

impl<C: Into<Content>> From<C> for Contents {
    fn from(content: C) -> Self {
        Self(vec![content.into()])
    }
}

impl FromIterator<Content> for Contents {
    fn from_iter<I: IntoIterator<Item = Content>>(blocks: I) -> Self {
        Self(blocks.into_iter().collect())
    }
}

impl JsonSchema for Content {
    fn schema_name() -> Cow<'static, str> {
        "Content".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "A content block of the Model Context Protocol.",
            "properties": {"type": {"enum": ["text", "image", "audio", "resource_link", "resource"]}},
            "required": ["type"],
        })
    }
}

impl JsonSchema for Contents {
    fn schema_name() -> Cow<'static, str> {
        "Contents".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Vec<Content>>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_is_the_block_of_the_protocol() {
        let annotations = Annotations { audience: vec![Role::User], priority: Some(0.5), ..Annotations::default() };
        for (content, block) in [
            (Content::text("a"), json!({"type": "text", "text": "a"})),
            (Content::image("ab", "image/png"), json!({"type": "image", "data": "YWI=", "mimeType": "image/png"})),
            (Content::audio("ab", "audio/wav"), json!({"type": "audio", "data": "YWI=", "mimeType": "audio/wav"})),
            (
                EmbeddedResource::text("a:b", "text/plain", "c").into(),
                json!({"type": "resource", "resource": {"uri": "a:b", "mimeType": "text/plain", "text": "c"}}),
            ),
            (
                EmbeddedResource::blob("a:b", "image/png", "ab").into(),
                json!({"type": "resource", "resource": {"uri": "a:b", "mimeType": "image/png", "blob": "YWI="}}),
            ),
            (
                ResourceLink::new("a:b", "b").title("B").mime_type("text/plain").into(),
                json!({"type": "resource_link", "uri": "a:b", "name": "b", "title": "B", "mimeType": "text/plain"}),
            ),
            (
                Content::text("a").annotated(annotations).with_meta("com.example/x", 1),
                json!({
                    "type": "text",
                    "text": "a",
                    "annotations": {"audience": ["user"], "priority": 0.5},
                    "_meta": {"com.example/x": 1},
                }),
            ),
        ] {
            assert_eq!(serde_json::to_value(content).unwrap(), block);
        }
    }
}

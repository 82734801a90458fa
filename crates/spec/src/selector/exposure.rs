//! How a selector is shown to clients of MCP.

use super::SelectorSpec;
use crate::{Annotations, App, Format, Icon, declaration::Enumeration};
use serde_json::Value;
use std::borrow::Cow;

impl<H, V> SelectorSpec<H, V> {
    /// Whether it is a tool over MCP; it is unless said otherwise. It stays a resource, is served over REST and can be
    /// called in process.
    pub fn tool(mut self, tool: bool) -> Self {
        self.declaration.exposure.tool = tool;
        self
    }

    /// The answer is text (`String`) or bytes ([`crate::Blob`]) of this media type, such as `text/csv`, in place of
    /// JSON: the body over REST; the `text` or the `blob` of the resource over MCP; as a tool a text block, an image, a
    /// sound, or an embedded resource.
    pub fn mime_type(mut self, mime_type: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.exposure.mime_type = Some(mime_type.into());
        self
    }

    /// It asks others than this server's database (MCP's `openWorldHint`); it does not unless said otherwise.
    pub fn open_world(mut self, open_world: bool) -> Self {
        self.declaration.exposure.open_world = open_world;
        self
    }

    /// An icon of the tool and the resource. May be called several times.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.declaration.exposure.icons.push(icon);
        self
    }

    /// For whom the resource is, how much it matters, when it was changed.
    pub fn annotations(mut self, annotations: Annotations) -> Self {
        self.declaration.exposure.annotations = Some(annotations);
        self
    }

    /// The size of the resource in bytes, where it is known before it is read.
    pub fn size(mut self, bytes: u64) -> Self {
        self.declaration.exposure.size = Some(bytes);
        self
    }

    /// A value of the application's own in the `_meta` of the tool and the resource, under a name with a reversed domain
    /// in front: `com.example/owner`.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.declaration.exposure.meta.insert(name.into(), value.into());
        self
    }

    /// Lists one resource for each row that the caller gets from the list selector of this name: its fields fill the
    /// variables of [`Self::resource`], and `name` is the field that names the entry, or `None` for its URI.
    ///
    /// A caller who may not use the list selector, or this one, sees no rows.
    pub fn enumerate(mut self, list: impl Into<Cow<'static, str>>, name: impl Into<Option<&'static str>>) -> Self {
        let name = name.into().map(Cow::Borrowed);
        self.declaration.exposure.enumeration = Some(Enumeration { list: list.into(), name });
        self
    }

    /// The view that a host shows for the tool's answers.
    pub fn ui(mut self, app: App) -> Self {
        self.declaration.exposure.app = Some(app);
        self
    }

    /// The format of the text of the tool's answer; the server's unless said otherwise. Structured content and REST stay JSON.
    pub fn format(mut self, format: Format) -> Self {
        self.declaration.exposure.format = Some(format);
        self
    }

    /// Tags, which group operations: in OpenAPI, and for the mounts of MCP. May be called several times.
    pub fn tags<T: Into<Cow<'static, str>>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.declaration.exposure.tags.extend(tags.into_iter().map(Into::into));
        self
    }
}

//! How a selector is shown to clients of MCP.

use super::SelectorSpec;
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
}

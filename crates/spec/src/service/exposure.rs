//! How a service is shown to clients of MCP.

use super::ServiceSpec;
use crate::{App, Format, Icon};
use serde_json::Value;
use std::borrow::Cow;

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// Whether it is a tool over MCP; it is unless said otherwise. It stays served over REST and can be called in
    /// process.
    pub fn tool(mut self, tool: bool) -> Self {
        self.declaration.exposure.tool = tool;
        self
    }

    /// It reaches beyond this server and its database (MCP's `openWorldHint`); it does not unless said otherwise.
    pub fn open_world(mut self, open_world: bool) -> Self {
        self.declaration.exposure.open_world = open_world;
        self
    }

    /// An icon of the tool. May be called several times.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.declaration.exposure.icons.push(icon);
        self
    }

    /// A value of the application's own in the `_meta` of the tool, under a name with a reversed domain in front:
    /// `com.example/owner`.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.declaration.exposure.meta.insert(name.into(), value.into());
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
    pub fn tags<N: Into<Cow<'static, str>>>(mut self, tags: impl IntoIterator<Item = N>) -> Self {
        self.declaration.exposure.tags.extend(tags.into_iter().map(Into::into));
        self
    }
}

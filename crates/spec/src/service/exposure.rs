//! How a service is shown to clients of MCP.

use super::ServiceSpec;

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// Whether it is a tool over MCP; it is unless said otherwise. It stays served over REST and can be called in
    /// process.
    pub fn tool(mut self, tool: bool) -> Self {
        self.declaration.exposure.tool = tool;
        self
    }
}

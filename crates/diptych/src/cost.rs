//! What the lists of tools cost, as `app tools` prints it.

use diptych_mcp::ToolCost;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What the tools of one MCP endpoint cost a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MountCost {
    /// The endpoint's path.
    pub path: String,
    /// Each tool of its `tools/list`, in the newest revision, whoever may see it.
    pub tools: Vec<ToolCost>,
}

impl MountCost {
    pub(crate) fn new(path: &str, server: &diptych_mcp::Server) -> Self {
        Self { path: path.to_owned(), tools: server.tool_costs() }
    }

    /// The bytes of all entries.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tools.iter().map(|tool| tool.bytes).sum()
    }

    /// About how many tokens these are.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tools.iter().map(|tool| tool.tokens).sum()
    }
}

/// A table for people; a line break between mounts, none at the end.
pub(crate) fn table(mounts: &[MountCost]) -> String {
    let names =
        mounts.iter().flat_map(|mount| mount.tools.iter().map(|tool| tool.name.len() + 2).chain([mount.path.len()]));
    let width = names.max().unwrap_or_default().max("  total".len());
    let mut out = String::new();
    for mount in mounts {
        let total = ("total", mount.bytes(), mount.tokens());
        let tools = mount.tools.iter().map(|tool| (tool.name.as_str(), tool.bytes, tool.tokens));
        let _ = writeln!(out, "{:width$}  {:>8}  {:>8}", mount.path, "bytes", "tokens");
        for (name, bytes, tokens) in tools.chain([total]) {
            let _ = writeln!(out, "{:width$}  {bytes:>8}  {tokens:>8}", format!("  {name}"));
        }
    }
    let _ = write!(out, "tokens are estimated: bytes / {}, rounded up", ToolCost::BYTES_PER_TOKEN);
    out
}

/// The same for programs.
pub(crate) fn json(mounts: &[MountCost]) -> Value {
    let tool = |tool: &ToolCost| json!({"name": tool.name, "bytes": tool.bytes, "tokens": tool.tokens});
    let mount = |mount: &MountCost| {
        let tools: Vec<_> = mount.tools.iter().map(tool).collect();
        json!({"path": mount.path, "tools": tools, "bytes": mount.bytes(), "tokens": mount.tokens()})
    };
    json!({"mounts": mounts.iter().map(mount).collect::<Vec<_>>(), "bytes_per_token": ToolCost::BYTES_PER_TOKEN})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_programs_read_the_same_numbers() {
        let tools = vec![ToolCost::new("notes.add", 1000), ToolCost::new("notes.list", 41)];
        let mounts = [
            MountCost { path: "/mcp".to_owned(), tools: tools.clone() },
            MountCost { path: "/mcp/admin".to_owned(), tools: tools[1..].to_vec() },
        ];
        assert_eq!(
            table(&mounts),
            "\
/mcp             bytes    tokens
  notes.add       1000       250
  notes.list        41        11
  total           1041       261
/mcp/admin       bytes    tokens
  notes.list        41        11
  total             41        11
tokens are estimated: bytes / 4, rounded up"
        );
        let json = json(&mounts);
        assert_eq!((&json["mounts"][0]["bytes"], &json["mounts"][0]["tokens"]), (&json!(1041), &json!(261)));
        assert_eq!(json["mounts"][1]["tools"], json!([{"name": "notes.list", "bytes": 41, "tokens": 11}]));
    }
}

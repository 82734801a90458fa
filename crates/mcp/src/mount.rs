//! One of several MCP endpoints over the same operations: which of them it has, and what it says of itself.

use crate::meta;
use crate::settings::Settings;
use diptych_pipeline::{MountLimits, Operation};
use diptych_spec::{Declaration, Format, Limit, Mistake, OperationKind};
use std::borrow::Cow;

/// An MCP endpoint over some of the operations. What is not in it does not exist there: not in a list, not by name, not by URI.
///
/// Without `.tagged(…)` and `.operation(…)` it has all operations; with them, those that have one of the tags or names. Sessions,
/// cursors and the states of questions belong to one mount.
#[derive(Debug, Clone, Default)]
#[must_use = "a mount does nothing until it is given to a server"]
pub struct Mount {
    name: Option<String>,
    title: Option<String>,
    description: Option<String>,
    instructions: Option<String>,
    format: Option<Format>,
    tags: Vec<Cow<'static, str>>,
    without: Vec<Cow<'static, str>>,
    operations: Vec<Cow<'static, str>>,
    read_only: bool,
    pub(crate) meta_tools: bool,
    pub(crate) limits: Vec<Limit>,
}

impl Mount {
    /// All operations, under the name of the server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Operations with this tag. May be called several times: an operation needs one of them.
    pub fn tagged(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// No operations with this tag, whatever else says that they belong. May be called several times.
    pub fn not_tagged(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.without.push(tag.into());
        self
    }

    /// The operation of this name, besides those with a tag. May be called several times.
    pub fn operation(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.operations.push(name.into());
        self
    }

    /// Selectors and prompts only; services, which change data, are left out.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Lists two tools in place of all: `search_operations`, which finds operations, and `call_operation`, which calls one. For
    /// catalogues that are too large for a conversation.
    pub fn meta_tools(mut self, meta_tools: bool) -> Self {
        self.meta_tools = meta_tools;
        self
    }

    /// How often its operations may be called by this endpoint, besides what they and the server say themselves. May be called several
    /// times, up to four: all of them hold.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// The name that clients see (`serverInfo.name`); that of the server unless said otherwise.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name for people (`serverInfo.title`); that of the server unless said otherwise.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What it is for (`serverInfo.description`); what the server says unless said otherwise.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// What a model should know before it uses the tools; what the server says unless said otherwise.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// The format of the text of tools' answers, where the operation says nothing; that of the server unless said otherwise.
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Whether it has this operation.
    pub(crate) fn has(&self, declaration: &Declaration) -> bool {
        let named = self.operations.iter().any(|name| name == declaration.name());
        let tagged = self.tags.iter().any(|tag| declaration.has_tag(tag));
        let chosen = (self.tags.is_empty() && self.operations.is_empty()) || named || tagged;
        let left_out = self.without.iter().any(|tag| declaration.has_tag(tag))
            || (self.read_only && declaration.kind() == OperationKind::Service);
        chosen && !left_out
    }

    /// The settings of a server with what this says of itself.
    pub(crate) fn over(&self, mut settings: Settings) -> Settings {
        settings.name = self.name.clone().unwrap_or(settings.name);
        settings.title = self.title.clone().or(settings.title);
        settings.description = self.description.clone().or(settings.description);
        settings.instructions = self.instructions.clone().or(settings.instructions);
        settings.format = self.format.unwrap_or(settings.format);
        settings
    }

    /// What is wrong with it, at this path, over these operations.
    #[must_use]
    pub fn mistakes(&self, path: &str, operations: &[Operation]) -> Vec<Mistake> {
        let place = format!("the mount {path}");
        let mistake = |message: String| Mistake::new(place.clone(), message);
        let declared = || operations.iter().map(Operation::declaration);
        let mut found = Vec::new();
        if !path.starts_with('/') || path.len() < 2 || path.ends_with('/') || path.contains(['{', '}', '?', '#', ' ']) {
            found.push(mistake("has a path that is none; write it as `/mcp/admin`".to_owned()));
        }
        for tag in self.tags.iter().chain(&self.without) {
            if !declared().any(|declaration| declaration.has_tag(tag)) {
                found.push(mistake(format!(
                    "names the tag `{tag}`, which no operation has; add `.tags([\"{tag}\"])` to one"
                )));
            }
        }
        for name in &self.operations {
            match declared().find(|declaration| declaration.name() == name) {
                None => found.push(mistake(format!("names the operation `{name}`, which is not declared"))),
                Some(declaration) if !self.has(declaration) => {
                    found.push(mistake(format!(
                        "names the operation `{name}` and leaves it out, by `.not_tagged(…)` or `.read_only(true)`"
                    )));
                }
                Some(_) => {}
            }
        }
        if found.is_empty() && !declared().any(|declaration| self.has(declaration)) {
            found.push(mistake("has no operations; widen what it chooses".to_owned()));
        }
        let served = operations.iter().map(Operation::declaration).filter(|own| self.has(own));
        found.extend(MountLimits::mistakes(&self.limits, &place, served));
        if self.meta_tools {
            let clash = declared().filter(|own| self.has(own) && own.is_tool() && meta::is_name(own.name()));
            found.extend(clash.map(|own| {
                mistake(format!("has a tool `{}`, which is the name of a meta tool; rename the operation", own.name()))
            }));
        }
        found
    }
}

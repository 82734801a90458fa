//! How an operation is shown to clients of MCP, besides its name and its schemas.

use super::{Declaration, Enumeration, OperationKind};
use crate::{Annotations, App, Form, Format, Icon, Mistake, form::Shown, meta};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What a spec says of this.
#[derive(Debug)]
pub(crate) struct Exposure {
    pub(crate) tool: bool,
    pub(crate) mime_type: Option<Cow<'static, str>>,
    /// Known when the chain is finished.
    pub(crate) shown: Shown,
    pub(crate) open_world: bool,
    pub(crate) icons: Vec<Icon>,
    pub(crate) annotations: Option<Annotations>,
    pub(crate) size: Option<u64>,
    pub(crate) meta: Map<String, Value>,
    pub(crate) enumeration: Option<Enumeration>,
    pub(crate) app: Option<App>,
    pub(crate) format: Option<Format>,
    pub(crate) tags: Vec<Cow<'static, str>>,
}

impl Default for Exposure {
    fn default() -> Self {
        Self {
            tool: true,
            mime_type: None,
            shown: Shown::Json,
            open_world: false,
            icons: Vec::new(),
            annotations: None,
            size: None,
            meta: Map::new(),
            enumeration: None,
            app: None,
            format: None,
            tags: Vec::new(),
        }
    }
}

impl Declaration {
    /// Whether it is a tool.
    #[must_use]
    pub fn is_tool(&self) -> bool {
        self.exposure.tool && self.kind != OperationKind::Prompt
    }

    /// The form of its answer.
    #[must_use]
    pub fn form(&self) -> Form<'_> {
        self.exposure.shown.form(self.exposure.mime_type.as_deref())
    }

    /// Whether it reaches beyond this server and its database (MCP, `openWorldHint`).
    #[must_use]
    pub fn is_open_world(&self) -> bool {
        self.exposure.open_world
    }

    /// Its icons.
    #[must_use]
    pub fn icons(&self) -> &[Icon] {
        &self.exposure.icons
    }

    /// For whom the resource is, and how much it matters.
    #[must_use]
    pub fn annotations(&self) -> Option<&Annotations> {
        self.exposure.annotations.as_ref()
    }

    /// The size of the resource, in bytes.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.exposure.size
    }

    /// The application's own values, by their names in `_meta`.
    #[must_use]
    pub fn meta(&self) -> &Map<String, Value> {
        &self.exposure.meta
    }

    /// The view of the tool.
    #[must_use]
    pub fn app(&self) -> Option<&App> {
        self.exposure.app.as_ref()
    }

    /// The format of the text of a tool's answer, when it says so itself.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.exposure.format
    }

    /// Its tags, which group operations: in OpenAPI, and for the mounts of MCP.
    #[must_use]
    pub fn tags(&self) -> &[Cow<'static, str>] {
        &self.exposure.tags
    }

    /// Whether it has this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.exposure.tags.iter().any(|own| own == tag)
    }

    /// What is wrong with two views of one URI, this and that of an operation declared before.
    #[doc(hidden)]
    #[must_use]
    pub fn view_mistake(&self, other: &Self) -> Option<Mistake> {
        let (app, known) = (self.app()?, other.app()?);
        let clash = app.uri() == known.uri() && !app.is_the_view_of(known);
        clash.then(|| {
            let message = format!(
                "has the view `{}`, which is another one at `{}`; give it a URI of its own, or a clone of the same `App`",
                app.uri(),
                other.name
            );
            Mistake::new(&*self.name, message)
        })
    }

    pub(super) fn check_exposure(&self, found: &mut Vec<String>) {
        self.check_form(found);
        self.check_annotations(found);
        self.check_format(found);
        let exposure = &self.exposure;
        found.extend(exposure.icons.iter().filter_map(Icon::mistake));
        found.extend(exposure.meta.keys().filter_map(|name| meta::misnamed(name)));
        let fixed = self.resource.as_ref().is_some_and(|uri| uri.variables().next().is_none());
        if exposure.size.is_some() && !fixed {
            found.push("has `.size(…)`, which only a resource without variables has".to_owned());
        }
        if let Some(app) = &exposure.app {
            found.extend(app.mistakes());
            if !exposure.tool {
                found.push("has a view, which only a tool has; remove `.tool(false)` or `.ui(…)`".to_owned());
            }
        }
        if self.resource.as_ref().is_some_and(|uri| uri.as_str().starts_with("ui://")) {
            found.push("is a resource under `ui://`, which is for views; use another scheme, or `.ui(…)`".to_owned());
        }
    }

    fn check_format(&self, found: &mut Vec<String>) {
        if self.exposure.tags.iter().any(|tag| tag.trim().is_empty()) {
            found.push("has a tag without a name; write one, such as `.tags([\"admin\"])`".to_owned());
        }
        let Some(format) = self.exposure.format else { return };
        if self.form() != Form::Json || self.exposed {
            found.push("has `.format(…)`, which is for answers in JSON; remove it".to_owned());
        } else if format == Format::Csv && self.table().is_none() {
            found.push(
                "has `.format(Format::Csv)`, but its answer is not a list of rows whose fields are texts, numbers and booleans; answer such a list, or choose another format".to_owned(),
            );
        }
    }

    fn check_annotations(&self, found: &mut Vec<String>) {
        let Some(annotations) = &self.exposure.annotations else { return };
        if self.resource.is_none() {
            found.push("has `.annotations(…)`, which are those of a resource; add `.resource(\"…\")`".to_owned());
        }
        if annotations.priority.is_some_and(|priority| !(0.0..=1.0).contains(&priority)) {
            found.push("the priority of a resource has to be 0 to 1".to_owned());
        }
        let date = annotations.last_modified.as_deref();
        if date.is_some_and(|date| chrono::DateTime::parse_from_rfc3339(date).is_err()) {
            found.push("`last_modified` has to be a date and time such as `2026-01-31T12:00:00Z`".to_owned());
        }
    }

    fn check_form(&self, found: &mut Vec<String>) {
        let exposure = &self.exposure;
        if let Some(mime_type) = &exposure.mime_type {
            found.extend(exposure.shown.misfit(mime_type));
            if self.allow_none {
                found.push(format!(
                    "answers null when there is no row, which is not `{mime_type}`; remove `.allow_none()`"
                ));
            }
        }
        match self.form() {
            Form::Contents if self.resource.is_some() => found.push(
                "answers content blocks, which only tools do; a resource is JSON, or a `String` or `Blob` with `.mime_type(…)`"
                    .to_owned(),
            ),
            Form::Blob(mime_type) if self.is_tool() && self.resource.is_none() && !is_block(mime_type) => {
                found.push(format!(
                    "answers `{mime_type}`, which a tool can only answer as a resource; say under which URI with `.resource(\"…\")`, or add `.tool(false)`"
                ));
            }
            _ => {}
        }
    }
}

/// Whether bytes of this media type are a content block of their own (MCP, server/tools, Tool Result).
fn is_block(mime_type: &str) -> bool {
    mime_type.starts_with("image/") || mime_type.starts_with("audio/")
}

//! How an operation is shown to clients of MCP, besides its name and its schemas.

use super::Declaration;
use crate::{Form, form::Shown};
use std::borrow::Cow;

/// What a spec says of this.
#[derive(Debug)]
pub(crate) struct Exposure {
    pub(crate) tool: bool,
    pub(crate) mime_type: Option<Cow<'static, str>>,
    /// Known when the chain is finished.
    pub(crate) shown: Shown,
}

impl Default for Exposure {
    fn default() -> Self {
        Self { tool: true, mime_type: None, shown: Shown::Json }
    }
}

impl Declaration {
    /// Whether it is a tool.
    #[must_use]
    pub fn is_tool(&self) -> bool {
        self.exposure.tool
    }

    /// The form of its answer.
    #[must_use]
    pub fn form(&self) -> Form<'_> {
        self.exposure.shown.form(self.exposure.mime_type.as_deref())
    }

    pub(super) fn check_exposure(&self, found: &mut Vec<String>) {
        self.check_form(found);
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

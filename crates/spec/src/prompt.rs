//! The builder of a prompt: messages for a model, made on a read-only connection.

use crate::{Completion, Declaration, Handler, Icon, IntoHandler, OperationKind, Permission};
use serde_json::Value;
use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

/// A prompt being declared: what it is called, who may use it, how its arguments are completed.
///
/// It is a prompt of the MCP server (MCP 2026-07-28, server/prompts) and can be called in process; it is neither a tool nor
/// a REST route.
#[must_use = "a spec does nothing until it is added with `Operations::add`"]
pub struct PromptSpec<H> {
    declaration: Declaration,
    handler: H,
}

impl<H: Handler> PromptSpec<H> {
    /// A prompt with this handler. `#[prompt]` writes this call.
    pub fn new(name: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>, handler: H) -> Self {
        let mut declaration = Declaration::new(name, description, OperationKind::Prompt);
        handler.describe(&mut declaration.signature);
        declaration.errors = handler.errors().to_vec();
        Self { declaration, handler }
    }
}

impl PromptSpec<()> {
    /// A prompt from any async function or closure whose first argument is a `&mut` connection.
    pub fn from_fn<F, Shape>(name: impl Into<Cow<'static, str>>, function: F) -> PromptSpec<F::Handler>
    where
        F: IntoHandler<Shape>,
        F::Handler: Handler,
    {
        PromptSpec::new(name, "", function.into_handler())
    }
}

impl<H> PromptSpec<H> {
    /// What it is for, in a sentence: shown to people who choose a prompt.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.description = description.into();
        self
    }

    /// A short name for people.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.title = Some(title.into());
        self
    }

    /// An icon. May be called several times.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.declaration.exposure.icons.push(icon);
        self
    }

    /// Works on the rows of every tenant, although the operations it is added to have a row scope; `why` is shown in the list of
    /// `app scopes`.
    pub fn unscoped(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.unscoped = Some(why.into());
        self
    }

    /// A value of the application's own in its `_meta`, under a name with a reversed domain in front: `com.example/owner`.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.declaration.exposure.meta.insert(name.into(), value.into());
        self
    }

    /// Tags, which group operations: in OpenAPI, and for the mounts of MCP. May be called several times.
    pub fn tags<T: Into<Cow<'static, str>>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.declaration.exposure.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Whether it is there when the server starts; `Catalogue::enable` makes it so later.
    pub fn enabled(self, enabled: bool) -> Self {
        self.declaration.set_enabled(enabled);
        self
    }

    /// Who may use it. Required; [`crate::Anyone`] opens it to everybody.
    pub fn allow(mut self, permission: impl Permission) -> Self {
        self.declaration.permission = Some(Arc::new(permission));
        self
    }

    /// How often it may be called; see [`crate::Limit`]. May be called several times, up to four: all of them hold.
    pub fn limit(mut self, limit: crate::Limit) -> Self {
        self.declaration.limits.push(limit);
        self
    }

    /// How much a call counts for every limit; 1 unless said otherwise. With 0 it is not counted.
    pub fn cost(mut self, cost: u32) -> Self {
        self.declaration.cost = cost;
        self
    }

    /// How long it may take; 30 seconds unless the server says otherwise.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.declaration.deadline = Some(deadline);
        self
    }

    /// Offers these values while an argument is typed (MCP 2026-07-28, server/utilities/completion). Others are accepted all
    /// the same. An argument whose type lists its values, an enum or a `bool`, needs no such word.
    pub fn complete<V: Into<Cow<'static, str>>>(
        mut self,
        argument: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.declaration.complete(argument, Completion::values(values));
        self
    }

    /// Offers what a list selector of this server has in a field of its rows: `complete_from("customer", "customers.list",
    /// "name")`. It is called as whoever asks, so that nobody is offered what they may not list. Arguments that are filled
    /// in already are passed on where the selector has an argument of the same name.
    pub fn complete_from(mut self, argument: &'static str, selector: &'static str, field: &'static str) -> Self {
        self.declaration.complete(argument, Completion::Field { selector, field });
        self
    }

    /// Takes the spec apart, for whatever makes it runnable.
    #[doc(hidden)]
    pub fn into_parts(self) -> (Declaration, H) {
        (self.declaration, self.handler)
    }
}

impl<H> fmt::Debug for PromptSpec<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PromptSpec").field(&self.declaration).finish()
    }
}

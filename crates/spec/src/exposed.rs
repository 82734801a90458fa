//! An operation whose work is done by code that exists already and knows nothing of diptych: what is declared of it.

use crate::{ArgumentSet, Call, Declaration, Error, InputData, OperationKind, Permission, Template};
use serde_json::{Map, Value};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// The declaration of an exposed handler, being put together by the transport that runs it.
#[derive(Debug)]
#[must_use]
pub struct ExposedSpec(Declaration);

impl ExposedSpec {
    /// An operation of this name. What it answers is only known once it has answered.
    pub fn new(name: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>) -> Self {
        let mut declaration = Declaration::new(name, description, OperationKind::Service);
        declaration.exposed = true;
        declaration.output = Value::Bool(true);
        Self(declaration)
    }

    /// Whether it only reads.
    pub fn reads(mut self, reads: bool) -> Self {
        self.0.kind = if reads { OperationKind::Selector } else { OperationKind::Service };
        self
    }

    /// Its arguments: the fields of `T`, checked and then handed on as they were given.
    pub fn input<T: InputData>(mut self) -> Self {
        self.0.signature.arguments(ArgumentSet::handed_on::<T>());
        self
    }

    /// Who may call it.
    pub fn allow(mut self, permission: impl Permission) -> Self {
        self.0.permission = Some(Arc::new(permission));
        self
    }

    /// How often it may be called; see [`crate::Limit`]. May be called several times, up to four: all of them hold.
    pub fn limit(mut self, limit: crate::Limit) -> Self {
        self.0.limits.push(limit);
        self
    }

    /// How much a call counts for every limit; 1 unless said otherwise. With 0 it is not counted.
    pub fn cost(mut self, cost: u32) -> Self {
        self.0.cost = cost;
        self
    }

    /// A short name for people.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.0.title = Some(title.into());
        self
    }

    /// Tags, which group operations.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Cow<'static, str>>) -> Self {
        self.0.exposure.tags.extend(tags);
        self
    }

    /// How long it may take.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.0.deadline = Some(deadline);
        self
    }

    /// Whether a second call with the same arguments changes nothing more.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.0.idempotent = idempotent;
        self
    }

    /// Whether it may remove or overwrite data.
    pub fn destructive(mut self, destructive: bool) -> Self {
        self.0.destructive = destructive;
        self
    }

    /// The path at which the handler finds itself, whose variables are taken from the arguments.
    pub fn path(mut self, path: &Result<Template, String>) -> Self {
        match path {
            Ok(path) => {
                let table = &self.0.signature.table;
                let single = |name: &&str| table.argument(name).is_none_or(|a| a.repeated || !a.required);
                let wrong = path.variables().filter(single);
                self.0.mistakes.extend(wrong.map(|name| {
                    format!("the path {path} has `{{{name}}}`, which has to be a required single field of the input")
                }));
            }
            Err(mistake) => self.0.mistakes.push(mistake.clone()),
        }
        self
    }

    /// The declaration.
    #[must_use]
    pub fn into_declaration(self) -> Declaration {
        self.0
    }
}

/// Arguments that were checked and are handed on as they were given.
pub(crate) struct HandedOn(pub(crate) Map<String, Value>);

impl Call {
    /// The arguments of an exposed handler, by name.
    pub fn take_handed_on(&mut self) -> Map<String, Value> {
        self.take().map(|HandedOn(arguments)| arguments).unwrap_or_default()
    }
}

impl Error {
    /// A handler answered with a status that is no success: shown as `problem`, which is JSON.
    #[must_use]
    pub fn answered(status: u16, problem: String) -> Self {
        use crate::ErrorKind::{
            BadRequest, Conflict, Deadline, Forbidden, Internal, Invalid, NotFound, RateLimited, TooLarge, Unavailable,
        };
        let kind = match status {
            403 => Forbidden,
            404 | 410 => NotFound,
            409 | 412 => Conflict,
            413 => TooLarge,
            422 => Invalid,
            429 => RateLimited,
            503 => Unavailable,
            504 => Deadline,
            500.. => Internal,
            _ => BadRequest,
        };
        let why = format!("the handler answered with status {status}");
        Self::new(kind, "handler_refused", why.clone()).with_source(why).with_foreign_problem(problem)
    }
}

//! Operations that are made of others, one step after the other: what of the steps holds for the whole.

use super::{Declaration, OperationKind};
use crate::{ErrorKind, Mistake, Owner, Permission, Signature, Task, permission};
use std::sync::{Arc, atomic::AtomicBool};

/// A step: a service that is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Whether all that it is given is its input.
    pub(crate) is_input: bool,
}

/// What is known of the steps once all operations are.
pub(crate) struct Bound {
    pub(super) permission: Option<Arc<dyn Permission>>,
    pub(super) enabled: Vec<Arc<AtomicBool>>,
    errors: Vec<(ErrorKind, &'static str)>,
}

impl Signature {
    /// The handler calls this service as its next step; `is_input` says whether its input is all that it gives.
    pub fn step(&mut self, name: &'static str, is_input: bool) {
        self.steps.push(Step { name, is_input });
    }
}

impl Declaration {
    /// The names of its steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &'static str> {
        self.signature.steps.iter().map(|step| step.name)
    }

    /// Looks its steps up, so that what they need and what they can answer is what it needs and can answer, and what it includes: once,
    /// before anybody calls. Says what is wrong with the steps.
    #[must_use]
    pub fn bind<'d>(&self, find: impl Fn(&str) -> Option<&'d Self>) -> Vec<Mistake> {
        self.bind_includes(&find);
        let mut found = Vec::new();
        let mut known = Vec::new();
        for (at, step) in self.signature.steps.iter().enumerate() {
            let Some(declaration) = find(step.name) else {
                found.push(format!("has `{}` as a step, which is no operation; add it to the operations", step.name));
                continue;
            };
            let why = self.why_not(step, declaration);
            found.extend(why.map(|why| format!("cannot have `{}` as step {}: {why}", step.name, at + 1)));
            known.push(declaration);
        }
        if !known.is_empty() {
            let _ = self.bound.set(Bound::of(self, &known));
        }
        found.into_iter().map(|message| Mistake::new(&*self.name, message)).collect()
    }

    /// Why this cannot be a step.
    fn why_not(&self, step: &Step, declaration: &Self) -> Option<String> {
        let missing = || {
            let mut all = declaration.arguments().arguments().iter();
            all.find(|argument| argument.required && argument.owner != Owner::Input).filter(|_| step.is_input)
        };
        if declaration.kind != OperationKind::Service || declaration.exposed {
            Some("it is no service that runs in a transaction".to_owned())
        } else if declaration.begins_task() || declaration.task().is_some_and(Task::is_required) {
            Some("it is a task, which begins when nobody waits".to_owned())
        } else if declaration.asks() && !self.asks() {
            Some("it asks its caller, which the steps of a chain cannot".to_owned())
        } else if declaration.isolation() > self.isolation() {
            let needed = declaration.isolation();
            Some(format!("it needs the isolation {needed:?}; add `.isolation(Isolation::{needed:?})` to the chain"))
        } else if self.shows_what_is_hidden_by(declaration) {
            Some("it hides fields, which the chain would show; add the same `.visible(…)` to the chain".to_owned())
        } else if self.offers_dry_run() && !declaration.offers_dry_run() {
            Some("it offers no dry run; add `.dry_run(true)` to it, or leave that out of the chain".to_owned())
        } else if declaration.idempotency().is_required() && !self.idempotency().is_required() {
            Some("it needs an idempotency key; add `.idempotency(Idempotency::required())` to the chain".to_owned())
        } else {
            missing().map(|argument| {
                let name = &argument.name;
                format!("it also needs `{name}`; give it a pair, `(Input(…), json!({{\"{name}\": …}}))`")
            })
        }
    }

    pub(super) fn bound(&self) -> Option<&Bound> {
        self.bound.get()
    }

    /// The errors of its own, and those of its steps, that it can give.
    #[must_use]
    pub fn errors(&self) -> &[(ErrorKind, &'static str)] {
        self.bound().map_or(&self.errors, |bound| &bound.errors)
    }
}

impl Bound {
    fn of(chain: &Declaration, steps: &[&Declaration]) -> Self {
        let all = || std::iter::once(chain).chain(steps.iter().copied());
        let parts: Vec<_> = all().filter_map(|declaration| declaration.permission.clone()).collect();
        let mut errors = Vec::new();
        for declaration in all() {
            errors.extend_from_slice(&declaration.errors);
            errors.extend(declaration.requirements().map(|code| (ErrorKind::Conflict, code)));
            errors.extend(declaration.has_target().then_some((ErrorKind::NotFound, "not_found")));
        }
        Self {
            permission: (!parts.is_empty()).then(|| Arc::new(permission::all_of(parts)) as _),
            enabled: steps.iter().map(|step| Arc::clone(&step.enabled)).collect(),
            errors,
        }
    }
}

//! Where a call stands among those that called it, and what of the outermost one holds for all of them.

use crate::{Caller, Engine, Operation, audit::Record, scope::Scope};
use diptych_spec::{Audience, Call, Declaration, Error, Isolation, OperationKind, Result, Task};
use std::sync::Arc;

/// How many operations may call each other in a row.
const DEEPEST: usize = 8;

/// An operation that runs and can call others.
pub(crate) struct Frame {
    pub(super) engine: Engine,
    /// Who made the outermost call, and how.
    pub(super) caller: Caller,
    /// The id that the audit trail knows the outermost call by.
    pub(super) trail: Option<String>,
    operation: Operation,
    /// What the transaction or connection sees of others.
    sees: Isolation,
    parent: Option<Arc<Self>>,
}

impl Frame {
    /// The frame of a call that a surface received, if its operation calls others.
    pub(crate) fn of(
        engine: &Engine,
        operation: &Operation,
        caller: &Caller,
        record: Option<&Record>,
    ) -> Option<Arc<Self>> {
        let declaration = operation.declaration();
        declaration.calls_others().then(|| {
            Arc::new(Self {
                engine: engine.clone(),
                caller: caller.clone(),
                trail: record.map(Record::call),
                operation: operation.clone(),
                sees: needs(declaration),
                parent: None,
            })
        })
    }

    /// The frame of an operation that this one calls, if that calls others as well.
    pub(super) fn within(self: &Arc<Self>, operation: &Operation) -> Option<Arc<Self>> {
        operation.declaration().calls_others().then(|| {
            Arc::new(Self {
                engine: self.engine.clone(),
                caller: self.caller.clone(),
                trail: self.trail.clone(),
                operation: operation.clone(),
                sees: self.sees,
                parent: Some(Arc::clone(self)),
            })
        })
    }

    /// The name of the operation that runs.
    pub(super) fn name(&self) -> &str {
        self.operation.declaration().name()
    }

    /// The operation of this name, if it can be called from here.
    ///
    /// # Errors
    /// Internal, for the log, where it is a mistake of the program; that it is switched off.
    pub(super) fn find(&self, name: &str, kind: OperationKind, is_dry_run: bool) -> Result<&Operation> {
        let Some(operation) = self.engine.operation(name) else {
            return Err(self.mistake(name, "there is no such operation; add it to the server's operations"));
        };
        let declaration = operation.declaration();
        let refused = match declaration.kind() {
            _ if declaration.is_exposed() => {
                Some("that is a handler of your own, which runs in no transaction".to_owned())
            }
            OperationKind::Prompt => Some("prompts are for models".to_owned()),
            own if own != kind => Some(match own {
                OperationKind::Service => "that is a service: use `call_by_name`, in a service".to_owned(),
                _ => "that is a selector: use `read_by_name`".to_owned(),
            }),
            _ if declaration.begins_task() || declaration.task().is_some_and(Task::is_required) => {
                Some("that is a task, which begins when nobody waits".to_owned())
            }
            _ if declaration.asks() && !self.operation.declaration().asks() => {
                Some(format!("that asks its caller; take an `Ask` in `{}` as well", self.name()))
            }
            _ if needs(declaration) > self.sees => Some(format!(
                "that needs the isolation {:?}, and the transaction of `{}` has {:?}; declare it there with `.isolation(…)`",
                needs(declaration),
                self.outermost().name(),
                self.sees
            )),
            OperationKind::Service if is_dry_run && !declaration.offers_dry_run() => {
                Some("that offers no dry run; declare `.dry_run(true)` there".to_owned())
            }
            _ if operation.scope().is_some_and(|own| !self.is_in(own)) => Some(format!(
                "its rows are of a row scope that `{}` is not in; add both to the same operations, and leave out `.unscoped(…)`",
                self.outermost().name()
            )),
            _ if self.depth() >= DEEPEST => Some(format!("more than {DEEPEST} call each other: {}", self.path())),
            _ => None,
        };
        match refused {
            Some(why) => Err(self.mistake(name, &why)),
            None if !declaration.is_enabled() => Err(switched_off()),
            None => Ok(operation),
        }
    }

    /// Who reads what the outermost operation answers.
    pub(super) fn audience(&self) -> Option<Audience> {
        self.caller.via.surface.audience()
    }

    fn mistake(&self, name: &str, why: &str) -> Error {
        Error::internal(format!("`{}` cannot call `{name}`: {why}", self.name()))
    }

    /// Whether the transaction is in this row scope.
    fn is_in(&self, scope: &Scope) -> bool {
        self.outermost().operation.scope().is_some_and(|own| std::ptr::eq(own, scope))
    }

    fn outermost(&self) -> &Self {
        self.parent.as_ref().map_or(self, |parent| parent.outermost())
    }

    fn depth(&self) -> usize {
        1 + self.parent.as_ref().map_or(0, |parent| parent.depth())
    }

    fn path(&self) -> String {
        match &self.parent {
            Some(parent) => format!("{} → {}", parent.path(), self.name()),
            None => self.name().to_owned(),
        }
    }
}

/// What an operation needs to see of others, or not to.
fn needs(declaration: &Declaration) -> Isolation {
    let snapshot = if declaration.is_snapshot() { Isolation::RepeatableRead } else { Isolation::default() };
    declaration.isolation().max(snapshot)
}

fn switched_off() -> Error {
    let detail = "this needs something that is switched off at the moment; try again later";
    Error::new(diptych_spec::ErrorKind::Unavailable, "switched_off", detail)
}

/// What a call is given so that it can call others.
pub(crate) fn put(call: &mut Call, frame: Option<Arc<Frame>>) {
    if let Some(frame) = frame {
        call.put(frame);
    }
}

//! What a handler needs: gathered from its argument types, checked when the server is built.

use crate::{ArgumentSet, ArgumentTable, declaration::Step};
use std::any::{TypeId, type_name};

/// A type that has to be there, and its name for the message.
#[derive(Debug, Clone, Copy)]
pub struct Needed {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
    /// What is wrong when it is not there, where it is not for the application to register.
    pub(crate) without: Option<&'static str>,
}

impl Needed {
    fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>(), without: None }
    }

    /// The type.
    #[must_use]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// The type's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// How a handler speaks with the caller while it runs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Talk {
    pub(crate) at_all: bool,
    pub(crate) logs: bool,
    pub(crate) asks: bool,
}

/// What a handler needs. Each argument type adds to it in [`crate::FromCall::describe`].
#[derive(Debug, Default)]
pub struct Signature {
    pub(crate) table: ArgumentTable,
    pub(crate) states: Vec<Needed>,
    pub(crate) instance: Option<Needed>,
    pub(crate) instances: Option<Needed>,
    pub(crate) talk: Talk,
    pub(crate) begins_task: bool,
    pub(crate) calls: bool,
    pub(crate) steps: Vec<Step>,
    pub(crate) mistakes: Vec<String>,
}

impl Signature {
    pub(crate) fn arguments(&mut self, set: Result<ArgumentSet, String>) {
        match set {
            Ok(set) => self.mistakes.extend(self.table.add(set)),
            Err(mistake) => self.mistakes.push(mistake),
        }
    }

    /// The handler needs the application's value of type `T`.
    pub fn state<T: 'static>(&mut self) {
        self.states.push(Needed::of::<T>());
    }

    /// The handler needs a value of type `T` that is not for the application to register; `without` says what is wrong when it is
    /// not there, and what to do.
    pub fn provided<T: 'static>(&mut self, without: &'static str) {
        self.states.push(Needed { without: Some(without), ..Needed::of::<T>() });
    }

    /// The handler speaks with the caller while it runs.
    pub fn converses(&mut self) {
        self.talk.at_all = true;
    }

    /// The handler sends log messages to the caller.
    pub fn logs(&mut self) {
        self.talk = Talk { at_all: true, logs: true, ..self.talk };
    }

    /// The handler asks the caller.
    pub fn asks(&mut self) {
        self.talk = Talk { at_all: true, asks: true, ..self.talk };
    }

    /// The handler says where the task begins.
    pub fn begins_task(&mut self) {
        self.talk.at_all = true;
        self.begins_task = true;
    }

    /// The handler calls other operations, which may speak with the caller.
    pub fn calls(&mut self) {
        self.calls = true;
        self.talk.at_all = true;
    }

    /// The handler needs a target that resolves to a `T`.
    pub fn instance<T: 'static>(&mut self) {
        let needed = Needed::of::<T>();
        match self.instance {
            Some(other) if other.id != needed.id => self.mistakes.push(format!(
                "Instance<{}> and Instance<{}> are both asked for; an operation has one target",
                other.name, needed.name
            )),
            Some(_) => self.mistakes.push(format!("Instance<{}> is asked for twice", needed.name)),
            None => self.instance = Some(needed),
        }
    }

    /// The handler needs targets, each a `T`.
    pub fn instances<T: 'static>(&mut self) {
        let needed = Needed::of::<T>();
        if self.instances.replace(needed).is_some() {
            self.mistakes.push(format!("Instances<{}> is asked for twice, or of two types", needed.name));
        }
    }
}

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
    pub(crate) fn of<T: 'static>() -> Self {
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
    /// The handler takes a list of items.
    pub(crate) takes_many: bool,
    /// The handler says what is in the head of the response.
    pub(crate) responds: bool,
    pub(crate) scoped: Option<Needed>,
    pub(crate) reads_apart: bool,
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

    /// The handler says what is in the head of the response.
    pub fn responds(&mut self) {
        self.responds = true;
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

    /// The handler needs the scope of the call's rows, which is a `T`.
    pub fn scoped<T: 'static>(&mut self) {
        let needed = Needed::of::<T>();
        match self.scoped.replace(needed) {
            Some(other) if other.id != needed.id => self.mistakes.push(format!(
                "Scoped<{}> and Scoped<{}> are both asked for; rows are in one scope",
                other.name, needed.name
            )),
            _ => {}
        }
    }

    /// The handler reads on connections of its own, besides the one that it is lent.
    pub fn reads_apart(&mut self) {
        self.reads_apart = true;
    }

    /// The handler needs targets, each a `T`.
    pub fn instances<T: 'static>(&mut self) {
        let needed = Needed::of::<T>();
        if self.instances.replace(needed).is_some() {
            self.mistakes.push(format!("Instances<{}> is asked for twice, or of two types", needed.name));
        }
    }
}

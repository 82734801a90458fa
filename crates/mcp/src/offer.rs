//! The operations that a server offers: those of its mount, of all that the engine has. Whatever a client names is looked up here.

use crate::mount::Mount;
use diptych_pipeline::{Engine, Operation};
use diptych_spec::Declaration;
use std::collections::HashMap;

pub(crate) struct Offer {
    engine: Engine,
    /// Their places in the engine, in order of declaration.
    places: Vec<usize>,
    by_name: HashMap<String, usize>,
}

impl Offer {
    pub(crate) fn of(engine: Engine, mount: &Mount) -> Self {
        let all = engine.operations().iter().map(Operation::declaration).enumerate();
        let offered: Vec<_> = all.filter(|(_, declaration)| mount.has(declaration)).collect();
        let places = offered.iter().map(|(place, _)| *place).collect();
        let by_name = offered.iter().map(|(place, declaration)| (declaration.name().to_owned(), *place)).collect();
        Self { engine, places, by_name }
    }

    /// The operation of this name.
    pub(crate) fn operation(&self, name: &str) -> Option<&Operation> {
        self.by_name.get(name).map(|place| self.at(*place))
    }

    /// The place of the operation of this name.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Every operation with its place, in order of declaration.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (usize, &Operation)> + Clone {
        self.places.iter().map(|place| (*place, self.at(*place)))
    }

    /// What every operation says of itself, in order of declaration.
    pub(crate) fn declarations(&self) -> impl Iterator<Item = &Declaration> + Clone {
        self.operations().map(|(_, operation)| operation.declaration())
    }

    /// The operation at a place.
    pub(crate) fn at(&self, place: usize) -> &Operation {
        &self.engine.operations()[place]
    }
}

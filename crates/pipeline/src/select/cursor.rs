//! Cursors of keyset pages: the keys of the row at the end of a page, sealed and bound to the list that gave it out.
//!
//! A caller can neither read a cursor, which may have columns that are not shown, nor make one. What it is bound to (operation,
//! arguments, order, direction) is authenticated and not in it. It is not bound to who calls: it is a place in an order, and which
//! rows there are is decided by the list for each caller. In a row scope it is bound to the scope.

use super::key::{read, write};
use crate::scope::{InScope, text};
use crate::seal::Seal;
use diptych_spec::{Asked, Call, Declaration, Error, ErrorKind, OrderKey, Result, Value};

/// The longest cursor, in characters: two keys of some hundred letters, or ten that are no text.
const MAX_LENGTH: usize = 2048;

/// A place between two rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Position {
    /// A value for each key of the order.
    pub(super) keys: Vec<Value>,
    /// Whether a row with just these keys is on the page.
    pub(super) inclusive: bool,
}

/// Which way from its position a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

impl Direction {
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// Makes and reads the cursors of one list.
pub(super) struct Cursors {
    seal: Seal,
    bound_to: Vec<u8>,
    keys: usize,
}

impl Cursors {
    pub(super) fn of(
        declaration: &Declaration,
        order: &[OrderKey],
        call: &mut Call,
        scope: Option<&InScope>,
    ) -> Result<Self> {
        let seal = call.state::<Seal>().ok_or_else(|| Error::internal("there is nothing to seal cursors with"))?;
        let Asked(asked) = call.take().unwrap_or_default();
        let mut bound_to = Vec::with_capacity(asked.len() + 128);
        let columns = order.iter().map(|key| key.column);
        let scope = scope.map(|scope| text(scope.value()));
        let scope = scope.iter().flat_map(|scope| ["in scope", scope]);
        for text in ["diptych cursor 1", declaration.name(), &asked].into_iter().chain(columns).chain(scope) {
            bound_to.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bound_to.extend_from_slice(text.as_bytes());
        }
        bound_to.extend(order.iter().map(|key| u8::from(key.descending)));
        Ok(Self { seal: (*seal).clone(), bound_to, keys: order.len() })
    }

    /// # Errors
    /// The keys are longer than a cursor may be.
    pub(super) fn seal(&self, direction: Direction, position: &Position) -> Result<String> {
        let mut text = vec![u8::from(position.inclusive)];
        for key in &position.keys {
            write(&mut text, key)?;
        }
        let cursor = self.seal.seal(&self.bound_to(direction), &text);
        if cursor.len() > MAX_LENGTH {
            let detail = "a row of this page has a longer text than a page can begin behind; ask for another order";
            return Err(Error::result_too_large(detail));
        }
        Ok(cursor)
    }

    /// # Errors
    /// It was not given out by this list, for these arguments, in this order and direction.
    pub(super) fn open(&self, direction: Direction, cursor: &str) -> Result<Position> {
        let opened = || {
            let text = Some(cursor).filter(|cursor| cursor.len() <= MAX_LENGTH)?;
            let (_, text) = self.seal.open(&self.bound_to(direction), text)?;
            let (inclusive, mut text) = text.split_first()?;
            let keys = (0..self.keys).map(|_| read(&mut text)).collect::<Option<_>>()?;
            Some(Position { keys, inclusive: *inclusive == 1 }).filter(|_| text.is_empty())
        };
        opened().ok_or_else(|| foreign(direction))
    }

    fn bound_to(&self, direction: Direction) -> Vec<u8> {
        let mut out = self.bound_to.clone();
        out.push(u8::from(direction == Direction::Backward));
        out
    }
}

/// A cursor that is none of this list's.
pub(super) fn foreign(direction: Direction) -> Error {
    let (argument, of) = match direction {
        Direction::Forward => ("after", "next"),
        Direction::Backward => ("before", "previous"),
    };
    let detail = format!(
        "`{argument}` is not the `{of}` of a page of this list with the same arguments and order, or is too old; ask for the first page again, without it"
    );
    Error::new(ErrorKind::BadRequest, "cursor", detail)
}

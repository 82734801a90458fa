//! An UPDATE of one row that writes the columns which change, and says what changed.
//!
//! What the row holds is in the service already, locked by `.target(…)`, so it is not read again: without a change there is no
//! statement at all.

use crate::db::{Statement, Tx};
use chrono::{DateTime, NaiveDateTime, NaiveTime, SubsecRound as _};
use diptych_spec::{Error, FieldChanges, IntoValue, Patch, Result, Value, Version};
use std::fmt::{self, Write as _};

/// The digits of a second that every database keeps.
const MICROSECONDS: u16 = 6;

/// The longest name that PostgreSQL does not cut.
const LONGEST: usize = 63;

/// An UPDATE of this table, whose row is named next: `update("invoices").key("id", invoice.id)`.
///
/// The name may have a schema in front, `"billing.invoices"`. It and the names of columns are quoted, so they are written as the
/// database keeps them: in lower case, where they were created without quotes.
pub fn update(table: &'static str) -> UpdateOf {
    UpdateOf(table)
}

/// An UPDATE that does not know yet of which row.
#[must_use = "an update does nothing until it is executed"]
#[derive(Debug, Clone, Copy)]
pub struct UpdateOf(&'static str);

impl UpdateOf {
    /// The row whose column holds this value.
    pub fn key(self, column: &'static str, value: impl IntoValue) -> Update {
        let keys = vec![(column, value.into_value())];
        let (given, written, changes) = (Vec::new(), Vec::new(), FieldChanges::default());
        Update { table: self.0, keys, given, written, version: None, changes }
    }
}

/// An UPDATE of one row. Run it with [`Update::execute`].
#[must_use = "an update does nothing until it is executed"]
pub struct Update {
    table: &'static str,
    keys: Vec<(&'static str, Value)>,
    given: Vec<&'static str>,
    written: Vec<(&'static str, Value)>,
    version: Option<(&'static str, Version)>,
    changes: FieldChanges,
}

impl Update {
    /// One more column that the row is known by.
    pub fn key(mut self, column: &'static str, value: impl IntoValue) -> Self {
        self.keys.push((column, value.into_value()));
        self
    }

    /// Sets a column that holds `old` to what was given, if that is something else.
    ///
    /// A column that is never NULL takes an `Option`, which leaves it when `None`; one that may be NULL takes a [`Patch`].
    pub fn set<T: IntoValue + Clone>(mut self, column: &'static str, old: &T, new: impl GivenFor<T>) -> Self {
        self.given.push(column);
        if let Some(new) = new.given() {
            let (old, new) = (kept(old.clone().into_value()), kept(new.into_value()));
            if old != new {
                self.changes.note(column, &old, &new);
                self.written.push((column, new));
            }
        }
        self
    }

    /// The column of the row's version, which is the next one after this when anything else is written. It is no change of its own.
    pub fn version(mut self, column: &'static str, old: Version) -> Self {
        self.given.push(column);
        self.version = Some((column, old));
        self
    }

    /// Writes what changes, and says what that was. Without a change, no statement is sent.
    ///
    /// # Errors
    /// As [`crate::Query::execute`]; not found when the row is gone; internal when the key names several rows or is NULL, or a
    /// name is no identifier or set twice.
    pub async fn execute(mut self, tx: &mut Tx) -> Result<FieldChanges> {
        self.check()?;
        if self.written.is_empty() {
            return Ok(self.changes);
        }
        self.written.extend(self.version.map(|(column, old)| (column, old.next().into_value())));
        let (statement, changes) = self.render();
        match statement.execute(tx).await? {
            1 => Ok(changes),
            0 => Err(Error::no_such_row()),
            _ => Err(Error::internal("the key of an update names several rows")),
        }
    }

    /// Looks at every name, also of what is not written: a mistake is to show in the first test of the service.
    fn check(&self) -> Result<()> {
        let columns = self.keys.iter().map(|(column, _)| column).chain(&self.given);
        let wrong = self.table.split('.').chain(columns.copied()).find(|name| !is_identifier(name));
        if let Some(name) = wrong {
            return Err(Error::internal(format!("`{name}` is not the name of a table or column")));
        }
        if let Some((column, _)) = self.keys.iter().find(|(_, value)| matches!(value, Value::Null(_))) {
            return Err(Error::internal(format!("the key column `{column}` of an update is NULL, which names no row")));
        }
        let twice = self.given.iter().enumerate().find(|(index, column)| self.given[..*index].contains(column));
        match twice {
            Some((_, column)) => Err(Error::internal(format!("an update sets the column `{column}` twice"))),
            None => Ok(()),
        }
    }

    fn render(self) -> (Statement, FieldChanges) {
        let mut statement = Statement::new("");
        let mut sql = String::with_capacity(96);
        for (index, part) in self.table.split('.').enumerate() {
            let _ = write!(sql, "{}\"{part}\"", if index == 0 { "UPDATE " } else { "." });
        }
        sql.push_str(" AS t");
        for (index, (column, value)) in self.written.into_iter().enumerate() {
            statement.values.push(value);
            let place = statement.values.len();
            let _ = write!(sql, "{}\"{column}\" = ${place}", if index == 0 { " SET " } else { ", " });
        }
        // Qualified: SQLite takes a quoted name that is no column for a text.
        for (index, (column, value)) in self.keys.into_iter().enumerate() {
            statement.values.push(value);
            let place = statement.values.len();
            let _ = write!(sql, "{}t.\"{column}\" = ${place}", if index == 0 { " WHERE " } else { " AND " });
        }
        statement.sql = sql.into();
        (statement, self.changes)
    }
}

/// Without the values.
impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").field("table", &self.table).field("set", &self.given).finish_non_exhaustive()
    }
}

/// What a caller gave for a column that holds a `T`: maybe nothing.
#[diagnostic::on_unimplemented(
    message = "a column that holds `{T}` cannot be set to `{Self}`",
    label = "not what this column can be given",
    note = "a column that is never NULL takes an `Option` (`None` leaves it as it is), one that holds an `Option<T>` takes a `Patch<T>`, which says whether to leave it, clear it or set it; for a value that is always there write `Some(value)` or `Patch::Set(value)`"
)]
pub trait GivenFor<T> {
    /// What the column is to hold; `None` leaves it.
    #[doc(hidden)]
    fn given(self) -> Option<T>;
}

impl<T> GivenFor<T> for Option<T> {
    fn given(self) -> Self {
        self
    }
}

impl<T> GivenFor<Option<T>> for Patch<T> {
    fn given(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}

/// The value as it comes back: a moment between two microseconds is not another one.
fn kept(value: Value) -> Value {
    match value {
        Value::DateTime(moment) => Value::DateTime(DateTime::trunc_subsecs(moment, MICROSECONDS)),
        Value::Timestamp(moment) => Value::Timestamp(NaiveDateTime::trunc_subsecs(moment, MICROSECONDS)),
        Value::Time(time) => Value::Time(NaiveTime::trunc_subsecs(time, MICROSECONDS)),
        value => value,
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= LONGEST
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

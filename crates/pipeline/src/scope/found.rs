//! The scope of one call, on the connection that it reads by.

use super::row_scope::{Found, RowsScope, Scope};
use crate::db::{Backend, Conn, query};
use diptych_spec::{Call, Operator, Predicate, Result, Value};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

/// The scope of a call.
pub(crate) struct InScope {
    column: &'static str,
    found: Found,
    rows: Arc<HashMap<TypeId, Box<RowsScope>>>,
}

impl InScope {
    /// The condition that a list has.
    pub(crate) fn predicate(&self) -> Predicate {
        Predicate { column: self.column, operator: Operator::Equal, values: vec![self.found.value.clone()] }
    }

    /// Whether a row may be seen; one whose type says nothing of its scope may.
    pub(crate) fn shows(&self, row: &dyn Any) -> bool {
        self.rows.get(&row.type_id()).is_none_or(|scope| scope(row).is_some_and(|own| own == self.found.value))
    }

    /// Whether it is a value of this row scope.
    fn is_of(&self, scope: &Scope) -> bool {
        Arc::ptr_eq(&self.rows, scope.rows())
    }

    /// Whether both are values of one row scope.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rows, &other.rows)
    }

    pub(crate) fn value(&self) -> &Value {
        &self.found.value
    }

    /// Leaves the value for the handler in another call, of an item.
    pub(crate) fn give(&self, call: &mut Call) {
        (self.found.give)(call);
    }
}

/// Without the value.
impl fmt::Debug for InScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InScope").field(&self.column).finish()
    }
}

/// Finds the scope of a call, and lets the connection know: from here on lists are narrowed to it, and the database's own policies see
/// it. Where there is a setting the connection is in a transaction, and the setting goes with that.
///
/// What an operation calls has the same value, if it is in the same scope, and none, if it is in none.
pub(crate) async fn enter(scope: Option<&Scope>, call: &mut Call, conn: &mut Conn) -> Result<()> {
    let Some(scope) = scope else {
        conn.scope = None;
        return Ok(());
    };
    if let Some(inside) = conn.scope.as_ref().filter(|inside| inside.is_of(scope)) {
        inside.give(call);
        return Ok(());
    }
    let found = scope.find(call, conn).await?;
    if let Some(setting) = scope.setting().filter(|_| conn.backend() == Backend::Postgres) {
        query("SELECT set_config($1, $2, TRUE)").bind(setting).bind(text(&found.value)).execute(conn).await?;
    }
    conn.scope = Some(Arc::new(InScope { column: scope.column(), found, rows: Arc::clone(scope.rows()) }));
    Ok(())
}

/// The value as text. Only these kinds are let through when the server is built.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Uuid(id) => id.to_string(),
        Value::I16(number) => number.to_string(),
        Value::I32(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        _ => String::new(),
    }
}

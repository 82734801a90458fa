//! `RowScope`: the column that says whose a row is, and whose rows a caller's are.

use crate::db::{Column, Conn, QueryScalar};
use diptych_spec::{Call, Error, IntoValue, Principal, Result, Scoped, Value, ValueKind};
use futures_util::future::BoxFuture;
use serde_json::Value as Json;
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    marker::PhantomData,
    sync::Arc,
};

/// What the principal of a call says of it.
type ByPrincipal = dyn Fn(&Principal) -> Option<Found> + Send + Sync;

/// What the database says of the principal.
type ByLookup = dyn for<'c> Fn(&Principal, &'c mut Conn) -> BoxFuture<'c, Result<Option<Found>>> + Send + Sync;

/// The value, and what leaves it for the handler in a call.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) value: Value,
    pub(super) give: Arc<dyn Fn(&mut Call) + Send + Sync>,
}

impl Found {
    fn new<T: IntoValue + Clone + Send + Sync + 'static>(value: T) -> Self {
        let own = value.clone();
        Self { value: value.into_value(), give: Arc::new(move |call| call.put(Scoped(own.clone()))) }
    }
}

/// The scope of a row.
pub(super) type RowsScope = dyn Fn(&dyn Any) -> Option<Value> + Send + Sync;

enum By {
    Principal(Box<ByPrincipal>),
    Lookup(Box<ByLookup>),
}

/// What the principal said in stage 1, left for stage 3.
struct ByNow(Found);

/// The column that says which tenant a row belongs to, or whatever else a caller's rows are told by. Named first, and then
/// [`RowScopeOf::by`] says whose rows a caller's are.
#[must_use = "a row scope does nothing until it is given to `Operations::row_scope`"]
#[derive(Debug, Clone, Copy)]
pub struct RowScopeOf(&'static str);

/// Which rows are there for a caller: those whose column holds one value, found once for each call.
///
/// ```
/// use diptych_pipeline::{Operations, RowScope};
///
/// let tenancy = RowScope::column("tenant_id").by_claim("tenant").setting("app.tenant");
/// let operations = Operations::new().row_scope(tenancy);
/// # let _ = operations;
/// ```
#[must_use = "a row scope does nothing until it is given to `Operations::row_scope`"]
pub struct RowScope<T = ()> {
    pub(crate) scope: Scope,
    value: PhantomData<fn() -> T>,
}

/// A row scope whose type of value is erased.
pub(crate) struct Scope {
    column: &'static str,
    by: By,
    /// The type of its value, and the type's name.
    value: (TypeId, &'static str),
    kind: ValueKind,
    rows: Arc<HashMap<TypeId, Box<RowsScope>>>,
    setting: Option<&'static str>,
    claims: Vec<&'static str>,
}

impl RowScope {
    /// Rows are told apart by this column, which every list of the operations reads.
    pub fn column(column: &'static str) -> RowScopeOf {
        RowScopeOf(column)
    }
}

impl RowScopeOf {
    /// A caller's rows are those with this value. Whoever has none is refused with 403, nobody with 401, before arguments are looked
    /// at and before anything is read.
    ///
    /// A call that became a task runs later, with a principal that has only the claims that are named with
    /// [`RowScope::reads_claims`].
    pub fn by<T, F>(self, value: F) -> RowScope<T>
    where
        T: IntoValue + Clone + Send + Sync + 'static,
        F: Fn(&Principal) -> Option<T> + Send + Sync + 'static,
    {
        let by = move |who: &Principal| value(who).map(Found::new);
        self.of::<T>(By::Principal(Box::new(by)))
    }

    /// A caller's rows are those with the value of this claim (RFC 7519, section 4), which is a text.
    pub fn by_claim(self, name: &'static str) -> RowScope<String> {
        self.by(move |who| who.claim(name)?.as_str().map(str::to_owned)).reads_claims([name])
    }

    /// A caller's rows are those with the value that this query finds in the database: one statement for each call, before all others.
    /// Whoever it finds nothing for is refused with 403.
    pub fn by_query<T, F>(self, query: F) -> RowScope<T>
    where
        T: Column + IntoValue + Clone + Send + Sync + 'static,
        F: Fn(&Principal) -> QueryScalar<T> + Send + Sync + 'static,
    {
        self.of::<T>(By::Lookup(Box::new(move |who, conn| {
            let query = query(who);
            Box::pin(async move { Ok(query.optional(conn).await?.map(Found::new)) })
        })))
    }

    fn of<T: IntoValue + 'static>(self, by: By) -> RowScope<T> {
        let scope = Scope {
            column: self.0,
            by,
            value: (TypeId::of::<T>(), std::any::type_name::<T>()),
            kind: T::KIND,
            rows: Arc::default(),
            setting: None,
            claims: Vec::new(),
        };
        RowScope { scope, value: PhantomData }
    }
}

impl<T: IntoValue + 'static> RowScope<T> {
    /// Says which scope a row of this type belongs to: for rows that are read by hand, which are looked at after they were read.
    /// One of another scope is not there.
    pub fn row<R: 'static>(mut self, scope: impl Fn(&R) -> T + Send + Sync + 'static) -> Self {
        let of = move |row: &dyn Any| Some(scope(row.downcast_ref::<R>()?).into_value());
        // Nobody has the rows but this, until they are given to the operations.
        if let Some(rows) = Arc::get_mut(&mut self.scope.rows) {
            rows.insert(TypeId::of::<R>(), Box::new(of));
        }
        self
    }

    /// On PostgreSQL, what is read and written for a call sees the value in this setting, so that policies can compare it (row-level
    /// security): `SET LOCAL` in the transaction of the call. It has a dot, as in `app.tenant`; the policy reads it with
    /// `NULLIF(current_setting('app.tenant', TRUE), '')`.
    pub fn setting(mut self, name: &'static str) -> Self {
        self.scope.setting = Some(name);
        self
    }

    /// The claims of the principal that [`RowScopeOf::by`] reads: they are kept with a call that becomes a task.
    pub fn reads_claims(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.scope.claims.extend(names);
        self
    }
}

impl Scope {
    pub(crate) fn column(&self) -> &'static str {
        self.column
    }

    pub(super) fn value(&self) -> (TypeId, &'static str) {
        self.value
    }

    pub(super) fn kind(&self) -> ValueKind {
        self.kind
    }

    pub(crate) fn setting(&self) -> Option<&'static str> {
        self.setting
    }

    pub(super) fn rows(&self) -> &Arc<HashMap<TypeId, Box<RowsScope>>> {
        &self.rows
    }

    /// What of these claims a task keeps.
    pub(crate) fn kept_claims(&self, principal: &Principal) -> serde_json::Map<String, Json> {
        let claim = |name: &&'static str| Some(((*name).to_owned(), principal.claim(name)?.clone()));
        self.claims.iter().filter_map(claim).collect()
    }

    /// Stage 1: what the principal says, without the database.
    pub(crate) fn of_caller(&self, call: &mut Call) -> Result<()> {
        let who = call.principal().cloned().ok_or_else(Error::unauthenticated)?;
        if let By::Principal(by) = &self.by {
            call.put(ByNow(by(&who).filter(is_said).ok_or_else(none)?));
        }
        Ok(())
    }

    /// Whether a principal is in the same scope later, when a task is run, with only what is kept of the claims.
    pub(crate) fn lasts(&self, now: &Principal, later: &Principal) -> bool {
        let By::Principal(by) = &self.by else { return true };
        let of = |who: &Principal| by(who).map(|found| found.value);
        of(now) == of(later)
    }

    /// Stage 3: the value, which is then in the call, too.
    pub(super) async fn find(&self, call: &mut Call, conn: &mut Conn) -> Result<Found> {
        let found = match &self.by {
            By::Principal(_) => call.take::<ByNow>().map(|ByNow(found)| found),
            By::Lookup(by) => {
                let who = call.principal().cloned().ok_or_else(Error::unauthenticated)?;
                by(&who, conn).await?
            }
        };
        let found = found.filter(is_said).ok_or_else(none)?;
        (found.give)(call);
        Ok(found)
    }
}

/// Without NULL and the empty text, which a setting has when nobody set it.
fn is_said(found: &Found) -> bool {
    let value = &found.value;
    !matches!(value, Value::Null(_)) && !matches!(value, Value::Text(text) if text.is_empty())
}

fn none() -> Error {
    Error::forbidden("nothing that this works on belongs to the caller")
}

impl<T> fmt::Debug for RowScope<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowScope").field(&self.scope.column).finish()
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scope").field(&self.column).finish()
    }
}

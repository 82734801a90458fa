//! What the builder is told of who may call, and how much.

use super::MCPServerBuilder;
use diptych_auth::{Authenticator, Chain};
use diptych_pipeline::{Audit, Clock, EngineBuilder, LimitStore, Operation};
use diptych_spec::{Limit, Permission};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// How often operations may be called, besides what they say themselves.
#[derive(Default)]
pub(super) struct Limits {
    pub(super) all: Vec<Limit>,
    pub(super) store: Option<Arc<dyn LimitStore>>,
    pub(super) clock: Option<Arc<dyn Clock>>,
}

impl Limits {
    /// The same engine, with these.
    pub(super) fn over(self, engine: EngineBuilder) -> EngineBuilder {
        let engine = self.all.into_iter().fold(engine, EngineBuilder::limit);
        let engine = self.store.into_iter().fold(engine, EngineBuilder::limit_store);
        self.clock.into_iter().fold(engine, EngineBuilder::limit_clock)
    }
}

impl MCPServerBuilder {
    /// Who calls. Without, [`crate::DevelopmentTokens`], which refuses to listen where others could reach it.
    ///
    /// Called several times, each authenticator is asked in this order, until one finds credentials of its kind. That one decides: what
    /// it refuses, no other is asked about. So one that takes any bearer token comes last.
    ///
    /// ```
    /// use diptych::{ApiKeys, MCPServer};
    ///
    /// let server = MCPServer::builder("app", "1.0.0").auth(ApiKeys::new());
    /// # let _ = server;
    /// ```
    pub fn auth(mut self, authenticator: impl Authenticator) -> Self {
        let last: Arc<dyn Authenticator> = Arc::new(authenticator);
        self.authenticator = Some(match self.authenticator {
            None => last,
            Some(before) => Arc::new(Chain::new(vec![before, last])),
        });
        self
    }

    /// How often the authenticators are asked whether the caller of an open stream, a running call of MCP or a running task may still
    /// act; every 30 seconds. When one says no, the stream ends, and the call or task is rolled back.
    pub fn standing_interval(mut self, interval: Duration) -> Self {
        self.settings.standing_interval = interval;
        self
    }

    /// Whether callers without credentials are refused before anything is read, with 401 and a challenge: MCP clients begin to sign
    /// in there. Unless it is said: at MCP endpoints where clients can learn how to sign in and no operation is open. `true` holds
    /// for REST too, and for open operations. Another name of
    /// [`HttpSettings::require_authentication`](crate::HttpSettings::require_authentication).
    pub fn require_authentication(mut self, required: bool) -> Self {
        self.http.require_authentication = Some(required);
        self
    }

    /// Whoever has `scope` has these scopes, too, and what these contain. Scopes contain others only where it is said.
    ///
    /// ```
    /// use diptych::MCPServer;
    ///
    /// let server = MCPServer::builder("app", "1.0.0")
    ///     .scope_contains("invoices:write", ["invoices:read"])
    ///     .scope_contains("admin", ["invoices:write", "reports:read"]);
    /// # let _ = server;
    /// ```
    pub fn scope_contains<S: Into<Cow<'static, str>>>(
        mut self,
        scope: impl Into<Cow<'static, str>>,
        others: impl IntoIterator<Item = S>,
    ) -> Self {
        self.scopes.contains(scope, others);
        self
    }

    /// How often operations may be called, all of them together; [`crate::By::Operation`] makes it a limit for each. REST, MCP and
    /// in-process calls count together. May be called several times, up to four: all of them hold, besides those of the operation
    /// and of the mount.
    ///
    /// ```
    /// use diptych::{By, Limit, MCPServer};
    ///
    /// let server = MCPServer::builder("notes", "1.0.0")
    ///     .limit(Limit::per_minute(600))
    ///     .limit(Limit::per_second(200).by(By::Everyone));
    /// # let _ = server;
    /// ```
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.all.push(limit);
        self
    }

    /// Where calls are counted, when not in the memory of this process: for several processes that stand for one server.
    pub fn limit_store(mut self, store: impl LimitStore) -> Self {
        self.limits.store = Some(Arc::new(store));
        self
    }

    /// The clock that limits count with, for tests that do not wait; that of the system.
    pub fn limit_clock(mut self, clock: impl Clock) -> Self {
        self.limits.clock = Some(Arc::new(clock));
        self
    }

    /// Leaves the panic hook as it is. Without, [`MCPServerBuilder::main`] sets one that logs where a panic happened and not what it
    /// said, which may be a caller's; `DIPTYCH_PANIC_MESSAGES=1` shows it.
    pub fn keep_panic_hook(mut self) -> Self {
        self.keeps_panic_hook = true;
        self
    }

    /// Records every call of a service, in the application's database: who called what, when, and how it ended. Without, nothing
    /// is recorded.
    ///
    /// ```
    /// use diptych::{Audit, GET, MCPServer, Operations, Scope};
    ///
    /// let server = MCPServer::builder("app", "1.0.0")
    ///     .audit(Audit::new())
    ///     .mount(Operations::new().add(Audit::selector().allow(Scope("audit:read")).rest(GET, "/audit")));
    /// # let _ = server;
    /// ```
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }
}

/// Every scope that an operation asks for, in order of declaration.
pub(super) fn asked_scopes(operations: &[Operation]) -> Vec<String> {
    let mut scopes = Vec::new();
    for operation in operations {
        for scope in operation.declaration().permissions().flat_map(Permission::scopes) {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_string());
            }
        }
    }
    scopes
}

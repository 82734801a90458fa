//! `MCPServer::builder`: everything a server is made of, in one chain.

mod background;
mod keys;
#[cfg(feature = "oauth")]
mod local_issuer;
mod outbox;
mod program;
mod security;
mod sessions;
mod terminal;

use crate::{
    Server, StartError, configuration,
    server::{self, Addresses, ListenHook},
};
use diptych_auth::{Authenticator, DevelopmentTokens};
use diptych_mcp::Mount;
use diptych_pipeline::{
    Audit, Db, DbOptions, Engine, EngineBuilder, IntoOperation, Migrations, Operations, Outbox, Settings,
};
use diptych_spec::{Format, Icon, Mistake, PromptSpec, Result, ScopeHierarchy, StateMap};
use diptych_transport_actix::{ApiInfo, Exposed, Http, HttpSettings};
use futures_util::future::BoxFuture;
use std::{fmt, future::Future, sync::Arc, time::Duration};

/// The way in: [`MCPServer::builder`].
#[derive(Debug, Clone, Copy)]
pub struct MCPServer;

impl MCPServer {
    /// A server of this name and version, which clients see.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> MCPServerBuilder {
        MCPServerBuilder {
            mcp: diptych_mcp::Settings::new(name, version),
            mounts: Vec::new(),
            database: Database::Unset,
            database_options: DbOptions::default(),
            migrations: Migrations::default(),
            operations: Operations::new(),
            state: StateMap::default(),
            settings: Settings::default(),
            scopes: ScopeHierarchy::default(),
            http: HttpSettings::default(),
            authenticator: None,
            #[cfg(feature = "oauth")]
            local_issuer: None,
            limits: security::Limits::default(),
            audit: None,
            outbox: None,
            seal_key: None,
            keeps_panic_hook: false,
            on_start: Vec::new(),
            on_listen: Vec::new(),
            #[cfg(feature = "otel")]
            telemetry: None,
        }
    }
}

type StartHook = Box<dyn FnOnce(Db) -> BoxFuture<'static, Result<()>> + Send>;

enum Database {
    Unset,
    Url(String),
    /// Unless `DATABASE_URL` says otherwise.
    Default(String),
    Connected(Db),
}

/// A server being put together. Finish with [`MCPServerBuilder::main`] or [`MCPServerBuilder::build`].
#[must_use = "a builder does nothing until `.main()` or `.build()`"]
pub struct MCPServerBuilder {
    mcp: diptych_mcp::Settings,
    mounts: Vec<(String, Mount)>,
    database: Database,
    database_options: DbOptions,
    migrations: Migrations,
    operations: Operations,
    state: StateMap,
    settings: Settings,
    scopes: ScopeHierarchy,
    http: HttpSettings,
    authenticator: Option<Arc<dyn Authenticator>>,
    #[cfg(feature = "oauth")]
    local_issuer: Option<diptych_auth::LocalIssuer>,
    limits: security::Limits,
    audit: Option<Audit>,
    outbox: Option<Outbox>,
    seal_key: Option<[u8; 32]>,
    keeps_panic_hook: bool,
    on_start: Vec<StartHook>,
    on_listen: Vec<ListenHook>,
    #[cfg(feature = "otel")]
    telemetry: Option<crate::Telemetry>,
}

impl MCPServerBuilder {
    /// The name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.mcp.title = Some(title.into());
        self
    }

    /// What the server is for: the description of the OpenAPI document, and of the MCP server.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.mcp.description = Some(description.into());
        self
    }

    /// An icon of the MCP server. May be called several times.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.mcp.icons.push(icon);
        self
    }

    /// What a model should know before it uses the tools (MCP's `instructions`).
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.mcp.instructions = Some(instructions.into());
        self
    }

    /// The database's URL, whatever the environment says.
    pub fn database_url(mut self, url: impl Into<String>) -> Self {
        self.database = Database::Url(url.into());
        self
    }

    /// The database's URL, unless `DATABASE_URL` is set: `sqlite://file.db`, `postgres://user@host/database`,
    /// `mysql://user@host/database`.
    pub fn database_url_or(mut self, url: impl Into<String>) -> Self {
        self.database = Database::Default(url.into());
        self
    }

    /// A database that is connected already.
    pub fn database(mut self, db: Db) -> Self {
        self.database = Database::Connected(db);
        self
    }

    /// How the database is connected to.
    pub fn database_options(mut self, options: DbOptions) -> Self {
        self.database_options = options;
        self
    }

    /// The application's migrations, applied at every start.
    pub fn migrations(mut self, migrations: Migrations) -> Self {
        self.migrations = migrations;
        self
    }

    /// A value that handlers take as `State<T>`. One per type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// Adds operations.
    pub fn mount(mut self, operations: Operations) -> Self {
        self.operations = self.operations.merge(operations);
        self
    }

    /// Publishes an actix handler as a tool. Handlers are never found and published by themselves.
    ///
    /// ```
    /// use diptych::{Authenticated, Exposed, GET, MCPServer};
    ///
    /// async fn health() -> &'static str {
    ///     "all is well"
    /// }
    ///
    /// let health = Exposed::new("legacy.health", "How the old system is.", health).method(GET).allow(Authenticated);
    /// let server = MCPServer::builder("app", "1.0.0").expose(health);
    /// # let _ = server;
    /// ```
    pub fn expose<F, Args>(mut self, handler: Exposed<F, Args>) -> Self
    where
        Exposed<F, Args>: IntoOperation,
    {
        self.operations = self.operations.add(handler);
        self
    }

    /// Adds a prompt, as `.mount(Operations::new().add(spec))` does.
    pub fn prompt<H>(mut self, spec: PromptSpec<H>) -> Self
    where
        PromptSpec<H>: IntoOperation,
    {
        self.operations = self.operations.add(spec);
        self
    }

    /// Limits of operations that declare none of their own.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Limits and allow-lists of the HTTP surfaces.
    pub fn http(mut self, settings: HttpSettings) -> Self {
        self.http = settings;
        self
    }

    /// How many tools, resources or prompts one page of an MCP list has; 100.
    pub fn mcp_page_size(mut self, size: usize) -> Self {
        self.mcp.page_size = size.max(1);
        self
    }

    /// The format of the text of tools' answers; JSON unless said otherwise. An operation with `.format(…)` and a request with
    /// `_meta["dev.diptych/format"]` have their own. Structured content and REST stay JSON.
    pub fn mcp_format(mut self, format: Format) -> Self {
        self.mcp.format = format;
        self
    }

    /// Another MCP endpoint when the server runs by itself: `.mcp_mount("/mcp/admin", Mount::new().tagged("admin"))`. At `/mcp` it
    /// takes the place of the endpoint with all operations, also on standard input and output.
    pub fn mcp_mount(mut self, path: impl Into<String>, mount: Mount) -> Self {
        self.mounts.push((path.into(), mount));
        self
    }

    /// The key that seals what callers keep for the server, cursors of lists and what MCP clients keep between two rounds of a
    /// call: the same for all processes that stand for one server, and for the same process when it starts again. Without, each
    /// process draws one of its own.
    pub fn seal_key(mut self, key: [u8; 32]) -> Self {
        self.seal_key = Some(key);
        self
    }

    /// How long a caller has to answer what an operation asked; 10 minutes.
    pub fn answer_deadline(mut self, deadline: Duration) -> Self {
        self.mcp.answer_deadline = deadline;
        self
    }

    /// How many requests a client on stdio may have open; 64. With one more, reading pauses.
    pub fn stdio_in_flight(mut self, most: usize) -> Self {
        self.mcp.max_in_flight = most.max(1);
        self
    }

    /// Runs once the database is migrated, before anything is served: first data, warm caches.
    pub fn on_start<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce(Db) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.on_start.push(Box::new(move |db| Box::pin(hook(db))));
        self
    }

    /// Runs once the server listens, with the addresses it is reached at.
    pub fn on_listen(mut self, hook: impl FnOnce(&Addresses) + Send + 'static) -> Self {
        self.on_listen.push(Box::new(hook));
        self
    }

    /// Traces: with [`MCPServerBuilder::main`] they are exported where the environment says; with
    /// [`MCPServerBuilder::build`] by a subscriber of your own, see [`crate::Telemetry::exporter`].
    #[cfg(feature = "otel")]
    pub fn telemetry(mut self, telemetry: crate::Telemetry) -> Self {
        self.telemetry = Some(telemetry);
        self
    }

    /// How long the answer to a call with an idempotency key is kept, and the key with it; 24 hours. Afterwards the same key makes a
    /// new call.
    pub fn keep_idempotency_keys(mut self, span: Duration) -> Self {
        self.settings.keep_idempotency_keys = span;
        self
    }

    /// Connects, migrates, checks every declaration, and runs the start hooks.
    ///
    /// # Errors
    /// [`StartError::Mistakes`] with every wiring mistake by operation, before anything is written; otherwise what kept
    /// the database from being used.
    pub async fn build(self) -> Result<Server, StartError> {
        #[cfg(feature = "otel")]
        self.telemetry.iter().for_each(crate::Telemetry::connect);
        let Checked { server, migrations, on_start } = self.checked().await?;
        let db = server.engine().db();
        migrations.run(db).await.map_err(StartError::Database)?;
        if let Some(tasks) = server.engine().tasks() {
            tasks.migrate().await.map_err(StartError::Database)?;
        }
        server.engine().migrate_idempotency().await.map_err(StartError::Database)?;
        server.engine().migrate_audit().await.map_err(StartError::Database)?;
        server.engine().migrate_outbox().await.map_err(StartError::Database)?;
        server.http().authenticator().start(db).await.map_err(StartError::Authentication)?;
        for hook in on_start {
            hook(db.clone()).await.map_err(StartError::Hook)?;
        }
        server.engine().work_on_tasks();
        server.engine().start_outbox();
        server.engine().start_audit();
        server.engine().start_idempotency();
        Ok(server)
    }

    /// Connects and checks every declaration; nothing is written.
    async fn checked(mut self) -> Result<Checked, StartError> {
        self.mcp.max_line = self.http.body_limit;
        #[cfg(feature = "oauth")]
        let issuer = self.take_local_issuer();
        let workers = self.database_options.workers.or(self.http.workers);
        let db = connect(self.database, DbOptions { workers, ..self.database_options }).await?;
        let wrong_icons = self.mcp.icons.iter().filter_map(Icon::mistake).map(|why| Mistake::new("the server", why));
        let wrong_mounts = server::mount_mistakes(&self.mounts, self.operations.as_slice());
        let wrong_login = self.authenticator.iter().flat_map(|authenticator| authenticator.mistakes());
        let wrong_limits = self.http.mistakes();
        let engine = self.audit.into_iter().fold(Engine::builder(db.clone()), EngineBuilder::audit);
        let engine = self.outbox.into_iter().fold(engine, EngineBuilder::outbox);
        let engine = self.seal_key.into_iter().fold(engine, EngineBuilder::seal_key);
        let engine = self
            .limits
            .over(engine)
            .operations(self.operations)
            .state_map(self.state)
            .settings(self.settings)
            .scopes(self.scopes)
            .mistakes(wrong_icons.chain(wrong_mounts).chain(wrong_login).chain(wrong_limits))
            .build()?;
        // Whom the tokens of development name may always act.
        if let Some(authenticator) = &self.authenticator {
            engine.ask_about_callers(diptych_auth::standing(Arc::clone(authenticator)));
        }
        let authenticator = self.authenticator.unwrap_or_else(|| Arc::new(DevelopmentTokens::of(&engine)));
        let mut info = ApiInfo::new(self.mcp.title.as_ref().unwrap_or(&self.mcp.name), &*self.mcp.version);
        info.description = self.mcp.description.clone().or_else(|| self.mcp.instructions.clone());
        let label = format!("{} {} on {}", self.mcp.name, self.mcp.version, db.backend());
        let is_main = |(path, _): &mut (String, Mount)| path == server::MCP;
        let main = self.mounts.extract_if(.., is_main).next().map(|(_, mount)| mount).unwrap_or_default();
        let http = Http::with_info(engine, self.mcp, &main, self.http, authenticator, info);
        let server = Server::new(http, label, &self.mounts, self.on_listen);
        #[cfg(feature = "oauth")]
        let server = server.with_local_issuer(issuer);
        Ok(Checked { server, migrations: self.migrations, on_start: self.on_start })
    }
}

/// A server whose database is neither migrated nor filled.
struct Checked {
    server: Server,
    migrations: Migrations,
    on_start: Vec<StartHook>,
}

async fn connect(database: Database, options: DbOptions) -> Result<Db, StartError> {
    let url = match database {
        Database::Connected(db) => return Ok(db),
        Database::Url(url) => url,
        Database::Default(url) => configuration::database_url().unwrap_or(url),
        Database::Unset => configuration::database_url().ok_or_else(|| {
            let why = "no database: set DATABASE_URL, or give one with `.database_url_or(\"sqlite://app.db\")`";
            StartError::Configuration(why.to_owned())
        })?,
    };
    Db::connect_with(&url, options).await.map_err(StartError::Database)
}

impl fmt::Debug for MCPServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MCPServerBuilder").field("mcp", &self.mcp).finish_non_exhaustive()
    }
}

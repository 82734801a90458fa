//! `MCPServer::builder`: everything a server is made of, in one chain.

use crate::{
    Server, StartError,
    command::Command,
    configuration, logging,
    server::{Addresses, ListenHook},
};
use diptych_pipeline::{Db, DbOptions, Engine, IntoOperation, Migrations, Operations, Settings};
use diptych_spec::{Icon, Mistake, PromptSpec, Result, StateMap};
use diptych_transport_actix::{ApiInfo, Authenticator, DevelopmentTokens, Exposed, Http, HttpSettings, ListenError};
use futures_util::future::BoxFuture;
use std::{fmt, future::Future, process::ExitCode, sync::Arc, time::Duration};

/// The way in: [`MCPServer::builder`].
#[derive(Debug, Clone, Copy)]
pub struct MCPServer;

impl MCPServer {
    /// A server of this name and version, which clients see.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> MCPServerBuilder {
        MCPServerBuilder {
            mcp: diptych_mcp::Settings::new(name, version),
            database: Database::Unset,
            database_options: DbOptions::default(),
            migrations: Migrations::default(),
            operations: Operations::new(),
            state: StateMap::default(),
            settings: Settings::default(),
            http: HttpSettings::default(),
            authenticator: None,
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
    database: Database,
    database_options: DbOptions,
    migrations: Migrations,
    operations: Operations,
    state: StateMap,
    settings: Settings,
    http: HttpSettings,
    authenticator: Option<Arc<dyn Authenticator>>,
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

    /// The database's URL, unless `DATABASE_URL` is set: `sqlite://file.db`, `postgres://user@host/database`.
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

    /// Who calls. Without, [`DevelopmentTokens`], which refuses to listen where others could reach it.
    pub fn auth(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticator = Some(Arc::new(authenticator));
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

    /// The key that seals what MCP clients keep between two rounds of a call: the same for all processes that stand for one
    /// server. Without, each process draws one of its own.
    pub fn seal_key(mut self, key: [u8; 32]) -> Self {
        self.mcp.seal_key = Some(key);
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

    /// How many tasks this process works on at a time; 4. With 0 it leaves them to other processes on the same database.
    pub fn task_workers(mut self, workers: usize) -> Self {
        self.settings.tasks.workers = workers;
        self
    }

    /// Connects, migrates, checks every declaration, and runs the start hooks.
    ///
    /// # Errors
    /// [`StartError::Mistakes`] with every wiring mistake by operation, before anything is written; otherwise what kept
    /// the database from being used.
    pub async fn build(mut self) -> Result<Server, StartError> {
        #[cfg(feature = "otel")]
        self.telemetry.iter().for_each(crate::Telemetry::connect);
        self.mcp.max_line = self.http.body_limit;
        let workers = self.database_options.workers.or(self.http.workers);
        let db = connect(self.database, DbOptions { workers, ..self.database_options }).await?;
        let wrong_icons = self.mcp.icons.iter().filter_map(Icon::mistake).map(|why| Mistake::new("the server", why));
        let engine = Engine::builder(db.clone())
            .operations(self.operations)
            .state_map(self.state)
            .settings(self.settings)
            .mistakes(wrong_icons)
            .build()?;
        self.migrations.run(&db).await.map_err(StartError::Database)?;
        if let Some(tasks) = engine.tasks() {
            tasks.migrate().await.map_err(StartError::Database)?;
        }
        for hook in self.on_start {
            hook(db.clone()).await.map_err(StartError::Hook)?;
        }
        engine.work_on_tasks();
        let authenticator = self.authenticator.unwrap_or_else(|| Arc::new(DevelopmentTokens::of(&engine)));
        let mut info = ApiInfo::new(self.mcp.title.as_ref().unwrap_or(&self.mcp.name), &*self.mcp.version);
        info.description = self.mcp.description.clone().or_else(|| self.mcp.instructions.clone());
        let label = format!("{} {} on {}", self.mcp.name, self.mcp.version, db.backend());
        let http = Http::with_info(engine, self.mcp, self.http, authenticator, info);
        Ok(Server::new(http, label, self.on_listen))
    }

    /// The whole program. Run without arguments or as `app serve` it reads `DIPTYCH_BIND` and `DATABASE_URL`, builds,
    /// prints where it listens, and serves until Ctrl-C or SIGTERM. Run as `app stdio` it is an MCP server on standard
    /// input and output, for the user that `DIPTYCH_USER` names, until the input ends. Mistakes are printed to standard
    /// error.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let command = match Command::read(std::env::args_os()) {
            Ok(command) => command,
            Err(usage) => {
                complain(&usage);
                return ExitCode::from(2);
            }
        };
        #[cfg(feature = "otel")]
        let _sends_what_is_left_when_dropped = match self.start_telemetry() {
            Ok(exporter) => exporter,
            Err(error) => {
                complain(&format_args!("error: {error}"));
                return ExitCode::FAILURE;
            }
        };
        #[cfg(not(feature = "otel"))]
        logging::start(None);
        match actix_web::rt::System::new().block_on(self.run(command)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&format_args!("error: {error}"));
                ExitCode::FAILURE
            }
        }
    }

    /// Starts logging, and traces where they are wanted.
    #[cfg(feature = "otel")]
    fn start_telemetry(&self) -> Result<Option<crate::TraceExporter>, StartError> {
        let Some(telemetry) = &self.telemetry else {
            logging::start(None);
            return Ok(None);
        };
        let exporter = telemetry.exporter(&self.mcp.name, &self.mcp.version)?;
        let traces = exporter.as_ref().map(|exporter| Box::new(exporter.layer()) as logging::Traces);
        if !logging::start(traces) && exporter.is_some() {
            tracing::warn!(
                "traces are not exported: the program has a subscriber of its own, which has to export them"
            );
        }
        Ok(exporter)
    }

    async fn run(self, command: Command) -> Result<(), StartError> {
        match command {
            Command::Serve => self.serve().await,
            Command::Stdio => self.stdio().await,
        }
    }

    async fn serve(self) -> Result<(), StartError> {
        let bind = configuration::bind()?;
        // Before anything is migrated or filled.
        let for_development =
            self.authenticator.as_ref().is_none_or(|authenticator| authenticator.is_for_development());
        if for_development && !bind.ip().is_loopback() {
            return Err(StartError::Listen(ListenError::Development(bind).to_string()));
        }
        let server = self.build().await?;
        server.listen(bind)?.announce().run().await
    }

    /// Nobody but the program that started this one can reach it, so any authenticator will do.
    async fn stdio(self) -> Result<(), StartError> {
        let server = self.build().await?;
        let principal = configuration::user(server.http().authenticator())?;
        server.stdio(principal).await
    }
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

#[expect(clippy::print_stderr, reason = "the program ends with this")]
fn complain(why: &dyn fmt::Display) {
    eprintln!("{why}");
}

impl fmt::Debug for MCPServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MCPServerBuilder").field("mcp", &self.mcp).finish_non_exhaustive()
    }
}

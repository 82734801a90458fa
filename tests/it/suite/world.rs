//! The example application on a database of its own, and callers on one surface.

use super::{answers, calling, chaining, walking};
use diptych::{Backend, Db, MCPServer, MCPServerBuilder, Server, query_scalar};
use diptych_examples::invoices;
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase};
use serde_json::{Value, json};

const SCOPES: [&str; 2] = ["invoices:read", "invoices:write"];

pub(crate) struct World {
    surface: Surface,
    running: Running,
    database: TestDatabase,
}

enum Running {
    Here(Server),
    Listening(RunningServer),
}

/// The application without its first data.
pub(crate) fn application(database: &TestDatabase) -> MCPServerBuilder {
    MCPServer::builder("invoices", "1.0.0")
        .database_url(database.url())
        .migrations(invoices::migrations())
        .state(invoices::Limits { max_cents: 1_000_000 })
        .mount(invoices::operations())
        .outbox(invoices::outbox())
}

impl World {
    pub(crate) async fn new(backend: Backend, surface: Surface) -> Self {
        let database = TestDatabase::new(backend).await;
        let builder = application(&database).mount(walking::operations()).mount(answers::operations());
        let builder = builder.mount(calling::operations()).mount(chaining::operations());
        let running = match surface {
            Surface::InProcess | Surface::Stdio => Running::Here(builder.build().await.unwrap()),
            _ => Running::Listening(RunningServer::start(builder).await),
        };
        Self { surface, running, database }
    }

    /// A caller; `ann` has every scope, `ann+invoices:read` just that one.
    pub(crate) async fn caller(&self, user: Option<&str>) -> SurfaceClient {
        match &self.running {
            Running::Here(server) if self.surface == Surface::Stdio => SurfaceClient::stdio(server, user, &SCOPES),
            Running::Here(server) => SurfaceClient::in_process(server.client(), user, &SCOPES),
            Running::Listening(server) => SurfaceClient::over(server, self.surface, user).await,
        }
    }

    /// Where it listens, if it does.
    pub(crate) fn socket(&self) -> std::net::SocketAddr {
        match &self.running {
            Running::Listening(server) => server.socket(),
            Running::Here(_) => panic!("{:?} has no socket", self.surface),
        }
    }

    /// What this counts in the database.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let db = Db::connect(self.database.url()).await.unwrap();
        query_scalar(sql).one(&mut db.read().await.unwrap()).await.unwrap()
    }

    pub(crate) fn is_rest(&self) -> bool {
        self.surface == Surface::Rest
    }

    pub(crate) fn is_mcp(&self) -> bool {
        !matches!(self.surface, Surface::InProcess | Surface::Rest)
    }

    pub(crate) fn is_session(&self) -> bool {
        self.surface == Surface::McpSession
    }

    pub(crate) async fn ann(&self) -> SurfaceClient {
        self.caller(Some("ann")).await
    }
}

/// A customer; gives its id.
pub(crate) async fn customer(caller: &SurfaceClient, name: &str) -> String {
    let email = format!("{}@example.com", name.to_lowercase().replace(' ', "."));
    let customer = caller.call("customers.create", json!({"name": name, "email": email})).await.unwrap();
    customer["id"].as_str().unwrap().to_owned()
}

/// An invoice of one line; gives its id.
pub(crate) async fn invoice(caller: &SurfaceClient, customer: &str, number: &str, cents: i64, due_on: &str) -> String {
    let lines = json!([{"description": "Work", "quantity": 1, "unit_cents": cents}]);
    let new = json!({"customer_id": customer, "number": number, "due_on": due_on, "lines": lines});
    let invoice = caller.call("invoices.create", new).await.unwrap();
    invoice["id"].as_str().unwrap().to_owned()
}

/// The numbers of a page of invoices.
pub(crate) fn numbers(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|invoice| invoice["number"].as_str().unwrap()).collect()
}

/// `pointer: detail` of each field of a problem.
pub(crate) fn fields(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no fields: {problem}"));
    let text = |name: &str, error: &Value| error[name].as_str().unwrap().to_owned();
    errors.iter().map(|error| format!("{}: {}", text("pointer", error), text("detail", error))).collect()
}

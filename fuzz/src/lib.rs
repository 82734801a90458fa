//! The example application, served without a socket, and how the inputs are written: as a person would write a request.

use diptych_auth::DevelopmentTokens;
use diptych_examples::invoices;
use diptych_pipeline::{Db, Engine};
use diptych_spec::Principal;
use diptych_transport_actix::{Http, HttpSettings};
use std::{
    future::Future,
    sync::{Arc, OnceLock},
};
use tokio::runtime::Runtime;

/// The application.
pub struct World {
    runtime: Runtime,
    pub engine: Engine,
    pub mcp: diptych_mcp::Server,
    pub ann: Principal,
    pub http: Http,
}

/// The application, on a database of this process.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let file = std::env::temp_dir().join(format!("diptych-fuzz-{}.db", std::process::id()));
        let engine = runtime.block_on(async {
            let db = Db::connect(&format!("sqlite://{}", file.display())).await.expect("a database");
            invoices::migrations().run(&db).await.expect("migrations");
            let engine = Engine::builder(db)
                .operations(invoices::operations())
                .outbox(invoices::outbox())
                .state(invoices::Limits { max_cents: 1_000_000 })
                .build()
                .expect("no mistakes");
            engine.tasks().expect("tasks").migrate().await.expect("a table of tasks");
            engine.migrate_outbox().await.expect("a table of messages");
            engine
        });
        let mcp = diptych_mcp::Server::new(engine.clone(), diptych_mcp::Settings::new("invoices", "0"));
        let ann = Principal::new("fuzz", "ann", ["invoices:read", "invoices:write"]).expect("a subject");
        let tokens = Arc::new(DevelopmentTokens::of(&engine));
        let settings = diptych_mcp::Settings::new("invoices", "0");
        // Whoever fuzzes is a proxy, and may fail to sign in as often as it takes.
        let proxies = vec!["127.0.0.1".to_owned()];
        let limits = HttpSettings { login_limit: None, trusted_proxies: proxies, ..HttpSettings::default() };
        let http = Http::new(engine.clone(), settings, limits, tokens);
        World { runtime, engine, mcp, ann, http }
    })
}

impl World {
    /// Runs to the end.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

/// `METHOD target`, fields, an empty line, and the body.
pub struct Written<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    pub fields: Vec<(String, &'a [u8])>,
    pub body: &'a [u8],
}

impl<'a> Written<'a> {
    /// Reads any bytes.
    pub fn read(bytes: &'a [u8]) -> Self {
        let (head, body) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
            Some(at) => (&bytes[..at], &bytes[at + 2..]),
            None => (bytes, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let at = first.iter().position(|byte| *byte == b' ');
        let (method, target) = at.map_or((first, &[][..]), |at| (&first[..at], &first[at + 1..]));
        let fields = lines.filter_map(|line| {
            let at = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..at]).to_ascii_lowercase();
            Some((name, line[at + 1..].trim_ascii()))
        });
        Self { method, target, fields: fields.collect(), body }
    }
}

/// A fault of the server's is a bug, whatever was sent.
pub fn is_no_fault(status: u16, body: &[u8]) {
    assert!(status < 500 || status == 503, "{status}: {}", String::from_utf8_lossy(body));
    let text = String::from_utf8_lossy(body);
    assert!(!text.contains("-32603") && !text.contains(r#""error_id":""#), "{text}");
}

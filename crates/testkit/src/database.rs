//! A database of its own for each test, gone afterwards.

use diptych::Backend;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
};

/// The PostgreSQL server of the tests, unless `DIPTYCH_TEST_POSTGRES` names another.
const POSTGRES: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A fresh, empty database. Dropping it removes it.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Sqlite(PathBuf),
    Postgres { name: String },
}

impl TestDatabase {
    /// A fresh one of this kind.
    pub async fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(),
            _ => Self::postgres().await,
        }
    }

    /// A SQLite file in a temporary folder.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(format!("diptych-test-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        Self { url: format!("sqlite://{}", folder.join("test.db").display()), kind: Kind::Sqlite(folder) }
    }

    /// A database on the PostgreSQL server of the tests.
    pub async fn postgres() -> Self {
        let name = format!("diptych_test_{}", uuid::Uuid::new_v4().simple());
        admin(format!("CREATE DATABASE {name}")).await;
        Self { url: with_database(&admin_url(), &name), kind: Kind::Postgres { name } }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its URL, reached through another address (a proxy).
    #[must_use]
    pub fn url_through(&self, address: std::net::SocketAddr) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("a URL has a scheme");
        let (authority, path) = rest.split_once('/').expect("a URL has a path");
        let user = authority.rsplit_once('@').map_or(String::new(), |(user, _)| format!("{user}@"));
        format!("{scheme}://{user}{address}/{path}")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.kind {
            Kind::Sqlite(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Kind::Postgres { name } => {
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                // A runtime of its own: this one may be shutting down.
                let dropped = std::thread::spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    if let Ok(runtime) = runtime {
                        runtime.block_on(admin(sql));
                    }
                });
                let _ = dropped.join();
            }
        }
    }
}

/// Where the PostgreSQL server of the tests listens.
#[must_use]
pub fn postgres_address() -> SocketAddr {
    let url = admin_url();
    let server = url.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    let address = server.rsplit_once('@').map_or(server, |(_, address)| address);
    address.to_socket_addrs().ok().and_then(|mut found| found.next()).expect("the URL names a host and a port")
}

fn admin_url() -> String {
    std::env::var("DIPTYCH_TEST_POSTGRES").unwrap_or_else(|_| POSTGRES.to_owned())
}

fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("the URL of the test server names a database");
    format!("{server}/{name}")
}

async fn admin(sql: String) {
    let mut connection = PgConnection::connect(&admin_url())
        .await
        .expect("a PostgreSQL server is running; name it with DIPTYCH_TEST_POSTGRES");
    connection.execute(AssertSqlSafe(sql)).await.expect("the test server lets us create and drop databases");
}

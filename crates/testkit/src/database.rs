//! A database of its own for each test, gone afterwards.

use diptych::Backend;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, Row as _};
use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
};

/// The PostgreSQL server of the tests, unless `DIPTYCH_TEST_POSTGRES` names another.
const POSTGRES: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// The MySQL or MariaDB server of the tests, unless `DIPTYCH_TEST_MYSQL` names another.
const MYSQL: &str = "mysql://root@127.0.0.1:3306/test";

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
    MySql { name: String },
}

impl TestDatabase {
    /// A fresh one of this kind.
    pub async fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(),
            Backend::MySql => Self::mysql().await,
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
        let name = name();
        postgres_admin(format!("CREATE DATABASE {name}")).await;
        Self { url: with_database(&postgres_url(), &name), kind: Kind::Postgres { name } }
    }

    /// A database on the MySQL or MariaDB server of the tests. Texts are compared as on the others: by their letters.
    pub async fn mysql() -> Self {
        let name = name();
        mysql_admin(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")).await;
        Self { url: with_database(&mysql_url(), &name), kind: Kind::MySql { name } }
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
                wait_for(postgres_admin(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
            }
            Kind::MySql { name } => wait_for(mysql_drop(name.clone())),
        }
    }
}

/// Waits for it, on a runtime of its own: the one that is here may be shutting down.
fn wait_for(work: impl Future<Output = ()> + Send + 'static) {
    let done = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(work);
        }
    });
    let _ = done.join();
}

fn name() -> String {
    format!("diptych_test_{}", uuid::Uuid::new_v4().simple())
}

/// Where the server of the tests listens, for a database that has one.
#[must_use]
pub fn server_address(backend: Backend) -> SocketAddr {
    let url = if backend == Backend::MySql { mysql_url() } else { postgres_url() };
    let server = url.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    let address = server.rsplit_once('@').map_or(server, |(_, address)| address);
    address.to_socket_addrs().ok().and_then(|mut found| found.next()).expect("the URL names a host and a port")
}

fn postgres_url() -> String {
    std::env::var("DIPTYCH_TEST_POSTGRES").unwrap_or_else(|_| POSTGRES.to_owned())
}

fn mysql_url() -> String {
    std::env::var("DIPTYCH_TEST_MYSQL").unwrap_or_else(|_| MYSQL.to_owned())
}

fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("the URL of the test server names a database");
    format!("{server}/{name}")
}

async fn mysql_admin(sql: String) {
    let mut connection = MySqlConnection::connect(&mysql_url())
        .await
        .expect("a MySQL or MariaDB server is running; name it with DIPTYCH_TEST_MYSQL");
    connection.execute(AssertSqlSafe(sql)).await.expect("the test server lets us create and drop databases");
}

/// With the connections that a test left open: the database waits for their transactions.
async fn mysql_drop(name: String) {
    let connected = format!("SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE db = '{name}'");
    if let Ok(mut connection) = MySqlConnection::connect(&mysql_url()).await {
        let rows = connection.fetch_all(AssertSqlSafe(connected)).await.unwrap_or_default();
        for row in rows {
            // It may be gone by now.
            let _ = connection.execute(AssertSqlSafe(row.get::<String, _>(0))).await;
        }
    }
    mysql_admin(format!("DROP DATABASE IF EXISTS {name}")).await;
}

async fn postgres_admin(sql: String) {
    let mut connection = PgConnection::connect(&postgres_url())
        .await
        .expect("a PostgreSQL server is running; name it with DIPTYCH_TEST_POSTGRES");
    connection.execute(AssertSqlSafe(sql)).await.expect("the test server lets us create and drop databases");
}

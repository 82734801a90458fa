//! Migrations: one folder per database, applied in order of version, each once.

use super::{Backend, Db};
use diptych_spec::{Error, Result};
use sqlx::{
    SqlSafeStr,
    migrate::{Migration as SqlxMigration, MigrationType, Migrator},
};

/// Where it is noted which migrations of diptych's own tables were applied. Each of them has a version of its own; which ones a
/// server needs depends on what it uses.
const APPLIED: &str = "_diptych_migrations";

#[derive(Debug, Clone, Copy)]
struct Migration {
    version: i64,
    description: &'static str,
    backend: Backend,
    sql: &'static str,
}

/// The migrations of an application.
#[derive(Debug, Clone, Default)]
pub struct Migrations(Vec<Migration>);

impl Migrations {
    /// These migrations: version, description, database, statements. `migrations!("folder")` writes this call.
    #[must_use]
    pub fn new(list: &[(i64, &'static str, Backend, &'static str)]) -> Self {
        let migration = |&(version, description, backend, sql)| Migration { version, description, backend, sql };
        Self(list.iter().map(migration).collect())
    }

    /// Applies what has not been applied yet. Processes that start at the same time wait for each other.
    ///
    /// # Errors
    /// A statement that fails, or an applied migration that was changed afterwards; the message names the version.
    pub async fn run(&self, db: &Db) -> Result<()> {
        self.run_in(db, None).await
    }

    /// Applies those of diptych's own tables, noted apart from the migrations of the application. Versions are taken for good: tasks
    /// have 1 to 3, the audit trail 23, idempotency keys 25 and 39, the outbox 31, API keys 101.
    ///
    /// # Errors
    /// As [`Migrations::run`].
    #[doc(hidden)]
    pub async fn run_apart(&self, db: &Db) -> Result<()> {
        self.run_in(db, Some(APPLIED)).await
    }

    /// The same, with what was applied noted in a table of its own: apart from the migrations of the application.
    async fn run_in(&self, db: &Db, table: Option<&'static str>) -> Result<()> {
        let of_backend = self.0.iter().filter(|migration| migration.backend == db.backend());
        let migrations = of_backend.map(|migration| {
            SqlxMigration::new(
                migration.version,
                migration.description.into(),
                MigrationType::Simple,
                migration.sql.into_sql_str(),
                false,
            )
        });
        let mut migrator = Migrator::with_migrations(migrations.collect());
        if let Some(table) = table {
            migrator.dangerous_set_table_name(table);
            // Those of tables that this server has no use for.
            migrator.set_ignore_missing(true);
        }
        let mut conn = db.writer().await?;
        match db.backend() {
            Backend::Sqlite => {}
            Backend::Postgres => super::query("SET statement_timeout = 0").execute(&mut conn).await.map(drop)?,
            #[cfg(feature = "mysql")]
            Backend::MySql => {
                super::query(super::mysql::NO_TIMEOUT).execute(&mut conn).await?;
                // sqlx waits for its lock as MySQL does it, which on MariaDB is not at all. This one ends with the connection.
                let ours = super::query_scalar::<i64>(super::mysql::MIGRATING).one(&mut conn).await?;
                if ours != 1 {
                    return Err(Error::internal(
                        "another process has been migrating the database for a day; see what it waits for",
                    ));
                }
            }
            #[cfg(not(feature = "mysql"))]
            Backend::MySql => {}
        }
        // SQLite has no lock for it: where another process applied one meanwhile, the next try finds it applied.
        let tries = if db.backend() == Backend::Sqlite { migrator.iter().count() + 1 } else { 1 };
        let mut done = Ok(());
        for _ in 0..tries {
            done = match db.backend() {
                #[cfg(feature = "sqlite")]
                Backend::Sqlite => match conn.as_sqlite() {
                    Some(sqlite) => migrator.run_direct(None, sqlite, false).await,
                    None => Ok(()),
                },
                #[cfg(feature = "postgres")]
                Backend::Postgres => match conn.as_postgres() {
                    Some(postgres) => migrator.run_direct(None, postgres, false).await,
                    None => Ok(()),
                },
                #[cfg(feature = "mysql")]
                Backend::MySql => match conn.as_mysql() {
                    Some(mysql) => migrator.run_direct(None, mysql, false).await,
                    None => Ok(()),
                },
                #[allow(unreachable_patterns, reason = "a driver that is not compiled in cannot be connected to")]
                _ => Ok(()),
            };
            if done.is_ok() {
                break;
            }
        }
        // The connection had its timeout lifted, so it is not given back.
        conn.discard();
        done.map_err(|error| Error::internal(format!("the migrations failed: {error}")))
    }
}

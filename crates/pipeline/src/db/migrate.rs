//! Migrations: one folder per database, applied in order of version, each once.

use super::{Backend, Db};
use diptych_spec::{Error, Result};
use sqlx::{
    SqlSafeStr,
    migrate::{Migration as SqlxMigration, MigrationType, Migrator},
};

/// One migration for one database. `migrations!("folder")` writes these.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its place in the order; the number in front of the file name.
    pub version: i64,
    /// What it does; the rest of the file name.
    pub description: &'static str,
    /// The database it is for.
    pub backend: Backend,
    /// The statements.
    pub sql: &'static str,
}

/// The migrations of an application.
#[derive(Debug, Clone, Default)]
pub struct Migrations(Vec<Migration>);

impl Migrations {
    /// These migrations.
    #[must_use]
    pub fn new(migrations: impl Into<Vec<Migration>>) -> Self {
        Self(migrations.into())
    }

    /// Applies what has not been applied yet. Processes that start at the same time wait for each other.
    ///
    /// # Errors
    /// A statement that fails, or an applied migration that was changed afterwards; the message names the version.
    pub async fn run(&self, db: &Db) -> Result<()> {
        let of_backend = self
            .0
            .iter()
            .filter(|migration| migration.backend == db.backend());
        let migrations = of_backend.map(|migration| {
            SqlxMigration::new(
                migration.version,
                migration.description.into(),
                MigrationType::Simple,
                migration.sql.into_sql_str(),
                false,
            )
        });
        let migrator = Migrator::with_migrations(migrations.collect());
        let mut conn = db.writer().await?;
        if db.backend() == Backend::Postgres {
            super::query("SET statement_timeout = 0")
                .execute(&mut conn)
                .await?;
        }
        let done = match db.backend() {
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
            #[allow(
                unreachable_patterns,
                reason = "a driver that is not compiled in cannot be connected to"
            )]
            _ => Ok(()),
        };
        // The connection had its timeout lifted, so it is not given back.
        conn.discard();
        done.map_err(|error| Error::internal(format!("the migrations failed: {error}")))
    }
}

//! The notes application as many write it: actix-web handlers, one shared sqlx pool with its defaults, a transaction for the
//! write.

use crate::load::Target;
use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Database, Row as _};
use std::str::FromStr as _;
use uuid::Uuid;
use validator::Validate;

#[derive(Serialize)]
struct Note {
    id: Uuid,
    owner: String,
    text: String,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize, Validate)]
struct NewNote {
    #[validate(length(min = 1, max = 64))]
    owner: String,
    #[validate(length(min = 1, max = 280))]
    text: String,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Note>,
    total: i64,
}

#[derive(Deserialize)]
struct Paging {
    page: Option<i64>,
}

/// The same three handlers for each driver.
macro_rules! handlers {
    ($module:ident, $database:ty, $begin:literal) => {
        mod $module {
            use super::*;

            type Pool = sqlx::Pool<$database>;

            fn read(row: &<$database as Database>::Row) -> Note {
                Note {
                    id: row.get("id"),
                    owner: row.get("owner"),
                    text: row.get("text"),
                    created_at: row.get("created_at"),
                }
            }

            async fn create(pool: web::Data<Pool>, new: web::Json<NewNote>) -> actix_web::Result<HttpResponse> {
                let NewNote { owner, text } = new.into_inner();
                let new = NewNote { owner, text };
                new.validate().map_err(actix_web::error::ErrorUnprocessableEntity)?;
                let note = Note { id: Uuid::now_v7(), owner: new.owner, text: new.text, created_at: Utc::now() };
                let failed = actix_web::error::ErrorInternalServerError;
                let mut tx = pool.begin_with($begin).await.map_err(failed)?;
                sqlx::query("INSERT INTO notes (id, owner, text, created_at) VALUES ($1, $2, $3, $4)")
                    .bind(note.id)
                    .bind(&note.owner)
                    .bind(&note.text)
                    .bind(note.created_at)
                    .execute(&mut *tx)
                    .await
                    .map_err(failed)?;
                tx.commit().await.map_err(failed)?;
                Ok(HttpResponse::Created().json(note))
            }

            async fn get(pool: web::Data<Pool>, id: web::Path<Uuid>) -> actix_web::Result<HttpResponse> {
                let failed = actix_web::error::ErrorInternalServerError;
                let row = sqlx::query("SELECT id, owner, text, created_at FROM notes WHERE id = $1")
                    .bind(id.into_inner())
                    .fetch_optional(&**pool)
                    .await
                    .map_err(failed)?;
                Ok(match row {
                    Some(row) => HttpResponse::Ok().json(read(&row)),
                    None => HttpResponse::NotFound().finish(),
                })
            }

            async fn list(
                pool: web::Data<Pool>,
                owner: web::Path<String>,
                paging: web::Query<Paging>,
            ) -> actix_web::Result<HttpResponse> {
                let failed = actix_web::error::ErrorInternalServerError;
                let owner = owner.into_inner();
                let total: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM notes WHERE owner = $1")
                    .bind(&owner)
                    .fetch_one(&**pool)
                    .await
                    .map_err(failed)?;
                let rows = sqlx::query(
                    "SELECT id, owner, text, created_at FROM notes WHERE owner = $1
                     ORDER BY created_at DESC, id DESC LIMIT 25 OFFSET $2",
                )
                .bind(&owner)
                .bind((paging.page.unwrap_or(1) - 1) * 25)
                .fetch_all(&**pool)
                .await
                .map_err(failed)?;
                Ok(HttpResponse::Ok().json(Page { items: rows.iter().map(read).collect(), total }))
            }

            pub(super) fn start(pool: Pool) -> Target {
                let pool = web::Data::new(pool);
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(pool.clone())
                        .route("/notes", web::post().to(create))
                        .route("/notes/{id}", web::get().to(get))
                        .route("/owners/{owner}/notes", web::get().to(list))
                });
                let server = server.bind("127.0.0.1:0").expect("a free port");
                let socket = server.addrs()[0];
                actix_web::rt::spawn(server.run());
                Target { socket, prefix: "" }
            }
        }
    };
}
handlers!(sqlite, sqlx::Sqlite, "BEGIN IMMEDIATE");
handlers!(postgres, sqlx::Postgres, "BEGIN");

pub(crate) async fn start(url: &str) -> Target {
    if url.starts_with("sqlite") {
        use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
        let connect = SqliteConnectOptions::from_str(url)
            .expect("a URL")
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        sqlite::start(SqlitePoolOptions::new().max_connections(8).connect_with(connect).await.expect("a database"))
    } else {
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(32).connect(url).await;
        postgres::start(pool.expect("a database"))
    }
}

//! A row of the trail, and the statement that adds it.

use crate::{
    Caller, Via,
    db::{Backend, Db, Query, query},
};
use diptych_spec::{Principal, Result};
use uuid::Uuid;

/// The longest name or id that is recorded, in bytes: nobody's id is longer, and a row has a ceiling.
const LONGEST: usize = 512;

/// One row, complete but for how it ended.
#[derive(Clone, Default)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) call: String,
    /// When the call began, in milliseconds since 1970.
    pub(super) at: i64,
    pub(super) operation: String,
    pub(super) surface: &'static str,
    pub(super) mount: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) client: String,
    pub(super) address: String,
    /// JSON, or empty.
    pub(super) arguments: String,
    pub(super) outcome: &'static str,
    pub(super) code: String,
    pub(super) duration_ms: i64,
    pub(super) trace_id: String,
}

macro_rules! insert {
    () => {
        "INSERT INTO diptych_audit (id, \"call\", at, operation, surface, mount, issuer, subject, client, address, arguments,
             outcome, code, duration_ms, trace_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) "
    };
}

impl Row {
    /// A call that begins.
    pub(super) fn new(operation: &str, caller: &Caller) -> Self {
        let Via { surface, mount, address } = &caller.via;
        let who =
            |read: fn(&Principal) -> &str| caller.principal.as_ref().map_or(String::new(), |who| short(read(who)));
        Self {
            operation: operation.to_owned(),
            surface: surface.as_str(),
            mount: short(mount),
            issuer: who(Principal::issuer),
            subject: who(Principal::subject),
            client: who(|who| who.client().unwrap_or_default()),
            address: address.map_or_else(String::new, |address| address.to_string()),
            ..Self::now()
        }
    }

    /// That so many rows were dropped.
    pub(super) fn dropped(rows: u64) -> Self {
        let (arguments, code) = (format!("{{\"rows\":{rows}}}"), "queue_full".to_owned());
        Self { arguments, outcome: "dropped", code, ..Self::now() }
    }

    fn now() -> Self {
        let id = Uuid::now_v7().to_string();
        Self { call: id.clone(), id, at: now(), ..Self::default() }
    }

    /// Adds rows in a transaction of their own.
    pub(super) async fn write(db: &Db, rows: &[Self]) -> Result<()> {
        let mut tx = db.begin().await?;
        for row in rows {
            if let Err(error) = row.clone().insert(db.backend()).execute(&mut tx).await {
                tx.rollback().await;
                return Err(error);
            }
        }
        tx.commit().await
    }

    /// Adds it. A row of the same id that is there stays as it is: what was committed was.
    pub(super) fn insert(self, backend: Backend) -> Query {
        query(match backend {
            Backend::MySql => concat!(insert!(), "ON DUPLICATE KEY UPDATE id = id"),
            _ => concat!(insert!(), "ON CONFLICT (id) DO NOTHING"),
        })
        .bind(self.id)
        .bind(self.call)
        .bind(self.at)
        .bind(self.operation)
        .bind(self.surface)
        .bind(self.mount)
        .bind(self.issuer)
        .bind(self.subject)
        .bind(self.client)
        .bind(self.address)
        .bind(self.arguments)
        .bind(self.outcome)
        .bind(self.code)
        .bind(self.duration_ms)
        .bind(self.trace_id)
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// A text of at most [`LONGEST`] bytes that PostgreSQL can store.
fn short(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST.min(text.len()));
    text[..end].replace('\0', "\u{fffd}")
}

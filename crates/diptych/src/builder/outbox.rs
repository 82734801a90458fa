//! `app outbox`: what it does, and what it prints.

use super::{
    MCPServerBuilder,
    terminal::{MINUTES, columns, explain, print},
};
use crate::{
    StartError,
    command::{DeadMail, Output},
};
use diptych_pipeline::{Db, DeadLetter, DeadLetters};
use diptych_spec::{Error, ErrorKind, Result};
use serde_json::{Value, json};

/// How many dead letters are listed.
const MOST: u32 = 1000;

impl MCPServerBuilder {
    /// Nothing is migrated but the table of messages, and none is handled.
    pub(super) async fn dead_mail(self, wanted: DeadMail) -> Result<(), StartError> {
        let server = self.checked().await?.server;
        let engine = server.engine();
        let letters = engine.dead_letters().ok_or_else(|| {
            StartError::Configuration("the server has no outbox; add `.outbox(Outbox::new())`".to_owned())
        })?;
        engine.migrate_outbox().await.map_err(StartError::Database)?;
        let done = done(&letters, engine.db(), wanted).await;
        engine.db().close().await;
        done.map_err(|error| match error.kind() {
            ErrorKind::NotFound => StartError::Configuration(error.detail().to_owned()),
            _ => StartError::Database(error),
        })
    }
}

async fn done(letters: &DeadLetters, db: &Db, wanted: DeadMail) -> Result<()> {
    match wanted {
        DeadMail::List(output) => {
            let list = letters.list(&mut db.read().await?, MOST).await?;
            tell(&list, output);
        }
        DeadMail::Show(id) => {
            let payload = letters.payload(&mut db.read().await?, &id).await?.ok_or_else(|| unknown(&id))?;
            let json: Value = serde_json::from_str(&payload).map_err(|_| Error::internal("a message is no JSON"))?;
            print(&format!("{json:#}"));
        }
        DeadMail::Retry(id) => {
            let mut tx = db.begin().await?;
            let known = letters.retry(&mut tx, &id).await?;
            tx.commit().await?;
            if !known {
                return Err(unknown(&id));
            }
            explain(&format!("{id} is tried again: running servers find it within seconds"));
        }
        DeadMail::RetryAll(topic) => {
            let mut tx = db.begin().await?;
            let many = letters.retry_all(&mut tx, topic.as_deref()).await?;
            tx.commit().await?;
            explain(&format!("{many} are tried again: running servers find them within seconds"));
        }
        DeadMail::Discard(id) => {
            let mut tx = db.begin().await?;
            let known = letters.discard(&mut tx, &id).await?;
            tx.commit().await?;
            if !known {
                return Err(unknown(&id));
            }
            explain(&format!("{id} is gone for good"));
        }
    }
    Ok(())
}

fn unknown(id: &str) -> Error {
    Error::not_found(format!("there is no dead letter with the id {id}; `outbox list` prints them"))
}

fn tell(letters: &[DeadLetter], output: Output) {
    match output {
        Output::Table => print(&table(letters)),
        Output::Json => print(&format!("{:#}", json!({"dead_letters": letters}))),
    }
    if letters.len() == MOST as usize {
        explain(&format!("There may be more: these are the newest {MOST}."));
    }
}

fn table(letters: &[DeadLetter]) -> String {
    let head = ["id", "topic", "key", "attempts", "sent", "given up", "error", "error id"].map(str::to_owned);
    let row = |letter: &DeadLetter| {
        let at = |at: chrono::DateTime<chrono::Utc>| at.format(MINUTES).to_string();
        [
            letter.id.clone(),
            letter.topic.clone(),
            letter.key.clone(),
            letter.attempts.to_string(),
            at(letter.sent_at),
            at(letter.died_at),
            letter.code.clone(),
            letter.error_id.clone(),
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain(letters.iter().map(row)).collect();
    columns(&rows)
}

//! `app keys`: what it does, and what it prints.

use super::{
    MCPServerBuilder,
    security::asked_scopes,
    terminal::{MINUTES, columns, explain, print},
};
use crate::{
    StartError,
    command::{Keys, Output, WantedKey},
};
use diptych_auth::{ApiKey, ApiKeys, Authenticator as _, NewApiKey};
use diptych_pipeline::{Db, Engine};
use diptych_spec::{Error, Secret};
use serde_json::{Value, json};
use std::time::SystemTime;

/// How many keys are listed.
const MOST: u32 = 1000;

impl MCPServerBuilder {
    /// Nothing is migrated but the table of keys.
    pub(super) async fn keys(self, wanted: Keys) -> Result<(), StartError> {
        let server = self.checked().await?.server;
        let keys = server.http().authenticator().api_keys().cloned().ok_or_else(|| {
            StartError::Configuration("the server takes no API keys; add `.auth(ApiKeys::new())`".to_owned())
        })?;
        let db = server.engine().db();
        keys.start(db).await.map_err(StartError::Database)?;
        let done = match wanted {
            Keys::Create(wanted, output) => {
                known(server.engine(), &wanted)?;
                create(&keys, db, wanted).await.map(|(key, secret)| tell_created(&key, &secret, output))
            }
            Keys::List(output) => list(&keys, db).await.map(|list| tell_list(&list, output)),
            Keys::Revoke(id) => revoke(&keys, db, &id).await,
        };
        db.close().await;
        done.map_err(refused)
    }
}

/// Operations that are not there are a slip; scopes that nothing asks for may be.
fn known(engine: &Engine, wanted: &WantedKey) -> Result<(), StartError> {
    if let Some(name) = wanted.operations.iter().find(|name| engine.operation(name).is_none()) {
        return Err(StartError::Configuration(format!("--operation {name}: there is no operation of this name")));
    }
    let scopes = asked_scopes(engine.operations());
    for scope in wanted.scopes.iter().filter(|scope| !scopes.contains(scope)) {
        explain(&format!("no operation asks for the scope {scope}"));
    }
    Ok(())
}

async fn create(keys: &ApiKeys, db: &Db, wanted: WantedKey) -> Result<(ApiKey, Secret), Error> {
    let user = std::env::var("USER").unwrap_or_default();
    let mut new = NewApiKey::new(wanted.name).label(wanted.label).scopes(wanted.scopes);
    new = new.created_by(if user.is_empty() { "command line".to_owned() } else { user });
    if !wanted.operations.is_empty() {
        new = new.operations(wanted.operations);
    }
    if let Some(lasts) = wanted.lasts {
        new = new.expires_at(SystemTime::now() + lasts);
    }
    let mut tx = db.begin().await?;
    let created = keys.create(&mut tx, new).await?;
    tx.commit().await?;
    Ok(created)
}

async fn list(keys: &ApiKeys, db: &Db) -> Result<Vec<ApiKey>, Error> {
    keys.list(&mut db.read().await?, MOST).await
}

async fn revoke(keys: &ApiKeys, db: &Db, id: &str) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    let known = keys.revoke(&mut tx, id).await?;
    tx.commit().await?;
    if !known {
        return Err(Error::not_found(format!("there is no key with the id {id}; `keys list` prints them")));
    }
    explain(&format!("{id} is revoked: running servers refuse it within seconds"));
    Ok(())
}

fn refused(error: Error) -> StartError {
    match error.kind() {
        diptych_spec::ErrorKind::Invalid | diptych_spec::ErrorKind::NotFound => {
            StartError::Configuration(error.detail().to_owned())
        }
        _ => StartError::Database(error),
    }
}

fn tell_created(key: &ApiKey, secret: &Secret, output: Output) {
    match output {
        Output::Table => print(secret.expose()),
        Output::Json => {
            let mut told = json!(key);
            told["key"] = Value::from(secret.expose());
            print(&format!("{told:#}"));
        }
    }
    let until = key.expires_at.map_or("until it is revoked".to_owned(), |end| format!("until {}", end.format(MINUTES)));
    explain(&format!("The key {} of {} is good {until}. It is not shown again.", key.id, key.name));
    explain("Send it as `Authorization: Bearer <key>`.");
}

fn tell_list(keys: &[ApiKey], output: Output) {
    match output {
        Output::Table => print(&table(keys)),
        Output::Json => print(&format!("{:#}", json!({"keys": keys}))),
    }
    if keys.len() == MOST as usize {
        explain(&format!("There may be more: these are the newest {MOST}."));
    }
}

fn table(keys: &[ApiKey]) -> String {
    let now = SystemTime::now();
    let head = ["id", "name", "state", "expires", "last used", "scopes", "operations", "label"].map(str::to_owned);
    let row = |key: &ApiKey| {
        let at = |at: &Option<_>| {
            at.map_or("-".to_owned(), |at: chrono::DateTime<chrono::Utc>| at.format(MINUTES).to_string())
        };
        let state = match key.revoked_at {
            Some(_) => "revoked",
            None if key.is_good(now) => "good",
            None => "expired",
        };
        let operations = key.operations.as_ref().map_or("all".to_owned(), |names| names.join(" "));
        let (expires, used) = (at(&key.expires_at), at(&key.last_used_at));
        [
            key.id.clone(),
            key.name.clone(),
            state.to_owned(),
            expires,
            used,
            key.scopes.join(" "),
            operations,
            key.label.clone(),
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain(keys.iter().map(row)).collect();
    columns(&rows)
}

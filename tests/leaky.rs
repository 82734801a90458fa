//! A program that is told secrets and fails in every way it can. `it/secrets` starts it, and reads everything that comes out.
//!
//! A secret is `Zq7…Qx`, with the place it was told at in between.

use diptych::{
    Anyone, Ask, Audit, Authenticated, Authenticator, Conn, Credentials, DELETE, Db, Elicited, Error, Exposed, Filter,
    GET, Input, MCPServer, Message, OneOf, Operations, Ordering, POST, PageNumber, Principal, Record, Result, Secret,
    Select, Task, Telemetry, Tx, prompt, query, query_scalar, selector, service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::{collections::BTreeMap, future::Future, pin::Pin, process::ExitCode, time::Duration};
use validator::Validate;

/// One token is good.
struct OneToken;

impl OneToken {
    fn ann(token: &str) -> Result<Principal> {
        let claims = Map::from_iter([("tenant".to_owned(), json!("Zq7claimQx"))]);
        Ok(Principal::new("leaky", "ann", ["audit:read"])?.with_token(Secret::new(token)).with_claims(claims))
    }
}

impl Authenticator for OneToken {
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Principal>>> + Send + 'a>> {
        Box::pin(async move {
            tracing::debug!(?credentials, "who is that?");
            match credentials.bearer() {
                None => Ok(None),
                Some(token) => match token? {
                    "Zq7goodtokenQx" => Self::ann("Zq7goodtokenQx").map(Some),
                    "Zq7brokenissuerQx" => Err(Error::internal("the issuer cannot be reached")),
                    _ => Err(Credentials::invalid_token("the token is not known")),
                },
            }
        })
    }

    fn local(&self, user: &str) -> Result<Option<Principal>> {
        Self::ann(user).map(Some)
    }
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Plain,
    Odd,
}

/// A text that is read by hand, and says what it did not like.
#[derive(Debug, JsonSchema)]
#[schemars(with = "String")]
struct Even(#[expect(dead_code, reason = "only reading it matters")] String);

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text.len().is_multiple_of(2) {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom(format!("{text} is odd")))
        }
    }
}

fn not_secret(text: &str) -> Result<(), validator::ValidationError> {
    let mut error = validator::ValidationError::new("common");
    error.add_param("given".into(), &text);
    if text.contains("commonword") { Err(error) } else { Ok(()) }
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct NewThing {
    #[validate(length(max = 20))]
    name: String,
    #[schemars(extend("writeOnly" = true))]
    #[validate(custom(function = "not_secret"))]
    secret: String,
    #[expect(dead_code, reason = "only reading it matters")]
    kind: Kind,
    #[validate(range(min = 0))]
    count: i64,
    #[expect(dead_code, reason = "only reading it matters")]
    even: Option<Even>,
    #[serde(default)]
    #[expect(dead_code, reason = "only reading it matters")]
    labels: BTreeMap<String, i64>,
    #[serde(default)]
    how: String,
}

#[derive(Debug, Serialize, JsonSchema, Record)]
struct Thing {
    id: i64,
    name: String,
}

#[derive(Debug, Deserialize, JsonSchema, Filter)]
struct ThingFilter {
    name: Option<OneOf<String>>,
    id: Option<i64>,
}

#[derive(Ordering)]
enum ThingOrder {
    #[order(column = "name")]
    Name,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only asking matters")]
struct Answer {
    word: String,
}

/// Keeps a thing, or fails in the way that it says.
#[service("things.add")]
async fn add(tx: &mut Tx, #[arg] place: i64, Input(new): Input<NewThing>) -> Result<i64> {
    let broken = "SELECT 'Zq7sqlQx' FROM nowhere";
    match &*new.how {
        "panic" => panic!("there is no place for {}", new.secret),
        "unwrap" => {
            let number = new.secret.parse::<i64>().map_err(|_| format!("{} is no number", new.secret));
            return Ok(number.expect("a number"));
        }
        "source" => return Err(Error::internal(format!("Zq7sourceQx of {place}"))),
        "sql" => {
            query(broken).execute(tx).await?;
        }
        "type" => {
            let _: i64 = query_scalar("SELECT $1").bind(&new.secret).one(tx).await?;
        }
        "hang" => std::future::pending().await,
        _ => {}
    }
    query("INSERT INTO things (id, name, secret, amount) VALUES ($1, $2, $3, $4)")
        .bind(place)
        .bind(&new.name)
        .bind(&new.secret)
        .bind(new.count)
        .execute(tx)
        .await?;
    Ok(place)
}

/// The same, later.
#[service("things.later")]
async fn later(tx: &mut Tx, Input(new): Input<NewThing>) -> Result<i64> {
    add(tx, 99, Input(new)).await
}

/// Asks for a word.
#[service("things.ask")]
async fn asks(_: &mut Tx, #[arg] secret: String, ask: Ask) -> Result<usize> {
    match ask.form::<Answer>("word", "Which word?")? {
        Elicited::Accepted(_) => Ok(secret.len()),
        _ => Err(Error::conflict("no_word", "there is no word")),
    }
}

/// A thing.
#[selector("things.get")]
async fn get(conn: &mut Conn, #[arg] id: i64) -> Result<Option<Thing>> {
    diptych::query_as("SELECT id, name FROM things WHERE id = $1").bind(id).optional(conn).await
}

/// All things.
#[selector("things.list")]
async fn list() -> Result<Select<Thing>> {
    Ok(Select::sql("SELECT id, name FROM things"))
}

/// A list that cannot be.
#[selector("things.broken")]
async fn broken(conn: &mut Conn, #[arg] text: String) -> Result<i64> {
    query_scalar("SELECT 'Zq7sqlQx' FROM nowhere WHERE $1 = 'a'").bind(text).one(conn).await
}

/// Writes about a thing.
#[prompt("things.letter")]
async fn letter(#[arg] number: i64, #[arg] tone: Option<Kind>) -> Result<Message> {
    Ok(Message::user(format!("{number} {tone:?}")))
}

async fn legacy(body: actix_web::web::Json<serde_json::Value>) -> actix_web::Result<String> {
    Err(actix_web::error::ErrorBadRequest(format!("{} cannot be read", *body)))
}

#[derive(Debug, Deserialize, Serialize, JsonSchema, Validate)]
struct Text {
    text: String,
}

async fn tables(db: Db) -> Result<()> {
    let mut tx = db.begin().await?;
    query(
        "CREATE TABLE IF NOT EXISTS things (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, secret TEXT NOT NULL UNIQUE,
         amount BIGINT NOT NULL CHECK (amount < 100))",
    )
    .execute(&mut tx)
    .await?;
    tx.commit().await
}

fn main() -> ExitCode {
    let operations = Operations::new()
        .add(add::spec().allow(Authenticated).deadline(Duration::from_millis(500)).rest(POST, "/things/{place}"))
        .add(later::spec().allow(Authenticated).task(Task::required()))
        .add(asks::spec().allow(Authenticated).rest(POST, "/ask"))
        .add(get::spec().allow(Anyone).rest(GET, "/things/{id}").resource("things://{id}"))
        .add(
            list::spec()
                .allow(Anyone)
                .filter::<ThingFilter>()
                .order_by::<ThingOrder>("name")
                .paginate(PageNumber::default())
                .rest(GET, "/things"),
        )
        .add(broken::spec().allow(Anyone).rest(GET, "/broken"))
        .add(letter::spec().allow(Anyone).complete("number", ["1", "2"]))
        .add(Audit::selector().allow(Authenticated).rest(GET, "/audit"));
    let legacy = Exposed::new("legacy.save", "Keeps a text.", legacy).method(POST).input::<Text>().allow(Anyone);
    let gone = Exposed::new("legacy.drop", "Drops.", async || -> String { panic!("Zq7legacypanicQx") });
    MCPServer::builder("leaky", "1.0.0")
        .telemetry(Telemetry::otlp())
        .auth(OneToken)
        .audit(Audit::new().unauthenticated(true))
        .seal_key(*b"Zq7sealkeyQx-Zq7sealkeyQx-012345")
        .on_start(tables)
        .mount(operations)
        .expose(legacy)
        .expose(gone.method(DELETE).allow(Anyone))
        .main()
}

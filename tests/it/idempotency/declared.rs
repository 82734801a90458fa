//! What a declaration says of keys, and what is wrong with one.

use actix_web::HttpResponse;
use diptych::{
    Anyone, Authenticated, Db, Engine, Exposed, Idempotency, MCPServer, Operations, POST, Result, ServiceSpec, Tx,
};
use diptych_spec::Args;
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

async fn nothing(_: &mut Tx) -> Result<i64> {
    Ok(1)
}

#[derive(Deserialize, JsonSchema)]
struct Own {
    #[expect(dead_code, reason = "only declared")]
    idempotency_key: String,
}

async fn has_its_own(_: &mut Tx, _: Args<Own>) -> Result<()> {
    Ok(())
}

async fn legacy() -> HttpResponse {
    HttpResponse::Ok().json(1)
}

#[tokio::test]
async fn what_cannot_be_declared_does_not_start() {
    let spec = |name| ServiceSpec::from_fn(name, nothing);
    let operations = Operations::new()
        .add(spec("open").allow(Anyone).idempotency(Idempotency::required()))
        .add(spec("hidden").allow(Authenticated).tool(false).idempotency(Idempotency::optional().argument()))
        .add(
            ServiceSpec::from_fn("own", has_its_own)
                .allow(Authenticated)
                .idempotency(Idempotency::required().argument()),
        )
        .add(spec("neither").allow(Authenticated).idempotency(Idempotency::refused().argument()))
        .add(spec("good").allow(Authenticated).idempotency(Idempotency::required().argument()));
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    let settings = diptych::Settings { keep_idempotency_keys: Duration::ZERO, ..Default::default() };
    let mistakes = Engine::builder(db).operations(operations).settings(settings).build().unwrap_err().to_string();
    for expected in [
        "open: needs an idempotency key, which only callers who are signed in have, but is open to everybody",
        "hidden: is no tool, and only tools take an idempotency key as an argument",
        "neither: refuses idempotency keys and takes one as an argument",
        "own: has an argument `idempotency_key` of its own",
        "the server: idempotency keys are kept for less than a second",
    ] {
        assert!(mistakes.replace('`', "").contains(&expected.replace('`', "")), "{expected}: {mistakes}");
    }
    assert!(!mistakes.contains("good"), "{mistakes}");
}

#[tokio::test]
async fn who_has_to_send_a_key_is_told_how() {
    let database = TestDatabase::sqlite();
    let careful = ServiceSpec::from_fn("careful", nothing)
        .allow(Authenticated)
        .idempotency(Idempotency::required().argument())
        .rest(POST, "/careful");
    let builder = MCPServer::builder("app", "1").database_url(database.url()).mount(Operations::new().add(careful));
    let running = RunningServer::start(builder).await;
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        let ann = SurfaceClient::over(&running, surface, Some("ann")).await;
        let problem = ann.call("careful", json!({})).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(400), &json!("idempotency_key_required")));
        let detail = problem["detail"].as_str().unwrap();
        for way in ["`Idempotency-Key`", "`_meta[\"dev.diptych/idempotency-key\"]`", "`idempotency_key`"] {
            assert!(detail.contains(way), "{detail}");
        }
        assert_eq!(ann.call_with_key("k", "careful", json!({})).await.unwrap(), 1);
    }
    let document = request(running.socket(), "GET", "/openapi.json", &[], None).await.json();
    let parameters = &document["paths"]["/careful"]["post"]["parameters"];
    assert_eq!(*parameters, json!([{"$ref": "#/components/parameters/RequiredIdempotencyKey"}]));
    assert_eq!(document["components"]["parameters"]["RequiredIdempotencyKey"]["required"], true);
}

/// What it does is not ours to undo, so that nobody can promise that it is done once.
#[tokio::test]
async fn a_handler_that_is_not_ours_takes_no_key() {
    let database = TestDatabase::sqlite();
    let exposed = Exposed::new("legacy.touch", "Touches.", legacy).method(POST).allow(Authenticated);
    let builder = MCPServer::builder("app", "1").database_url(database.url()).expose(exposed);
    let running = RunningServer::start(builder).await;
    let ann = SurfaceClient::over(&running, Surface::McpStateless, Some("ann")).await;
    let problem = ann.call_with_key("k", "legacy.touch", json!({})).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(400), &json!("idempotency_key_unsupported")));
    ann.call("legacy.touch", json!({})).await.unwrap();
}

/// The answer of a call with a key is kept.
#[tokio::test]
async fn a_service_whose_answer_is_kept_nowhere_takes_no_key() {
    let database = TestDatabase::sqlite();
    let secret = ServiceSpec::from_fn("secret", nothing).allow(Authenticated).idempotency(Idempotency::refused());
    let operations = Operations::new().add(secret.rest(POST, "/secret"));
    let running =
        RunningServer::start(MCPServer::builder("app", "1").database_url(database.url()).mount(operations)).await;
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        let ann = SurfaceClient::over(&running, surface, Some("ann")).await;
        let problem = ann.call_with_key("k", "secret", json!({})).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(400), &json!("idempotency_key_unsupported")));
        assert_eq!(ann.call("secret", json!({})).await.unwrap(), 1);
    }
    let document = request(running.socket(), "GET", "/openapi.json", &[], None).await.json();
    assert_eq!(document["paths"]["/secret"]["post"].get("parameters"), None);
}

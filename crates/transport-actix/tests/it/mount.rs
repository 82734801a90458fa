//! Mounted in an application that exists, without a prefix of its own.

use crate::fixture::{self, settings};
use actix_web::{App, http::Method, test, web};
use diptych_auth::DevelopmentTokens;
use diptych_mcp::Settings;
use diptych_transport_actix::Http;
use std::sync::Arc;

#[test]
fn the_root_takes_what_nothing_else_does() {
    actix_web::rt::System::new().block_on(async {
        let file = fixture::file();
        let engine = fixture::engine(&file, fixture::gate().0).await;
        let tokens = Arc::new(DevelopmentTokens::of(&engine));
        let http = Http::new(engine, Settings::new("notes", "1"), settings(), tokens);
        let app = App::new()
            .configure(http.rest("/"))
            .configure(http.mcp("/mcp"))
            .configure(http.openapi("/openapi.json", "/"))
            .route("/own", web::get().to(|| async { "own" }));
        let app = test::init_service(app).await;
        for (method, path, status, body) in [
            (Method::GET, "/own", 200, Some("own")),
            (Method::GET, "/notes/count", 200, Some("0")),
            (Method::GET, "/notes/1/", 404, None),
            (Method::PUT, "/notes", 405, None),
            (Method::GET, "/mcp", 400, None),
            (Method::GET, "/openapi.json", 200, None),
        ] {
            let request = test::TestRequest::with_uri(path).method(method).insert_header(("Host", "localhost"));
            let response = test::call_service(&app, request.to_request()).await;
            assert_eq!(response.status(), status, "{path}");
            let sent = test::read_body(response).await;
            assert!(body.is_none_or(|body| body == sent), "{path}: {sent:?}");
        }
        let request = test::TestRequest::post()
            .uri("/notes")
            .insert_header(("Host", "localhost"))
            .insert_header(("Authorization", "Bearer ann"))
            .insert_header(("Content-Type", "application/json"))
            .insert_header(("Content-Length", "16"))
            .set_payload(r#"{"text": "milk"}"#);
        let created = test::call_service(&app, request.to_request()).await;
        assert_eq!(created.headers().get("location").unwrap(), "/notes/1");
        assert_eq!(http.openapi_document("/")["servers"][0]["url"], "/");
        http.engine().db().close().await;
        let _ = std::fs::remove_file(file);
    });
}

//! REST: method, path, query with filters, order and page, header fields, body.
#![no_main]

use actix_web::{
    App,
    http::{Method, Uri, header},
    test,
};
use diptych_fuzz::{Written, is_no_fault, world};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (world, written) = (world(), Written::read(bytes));
    let Ok(method) = Method::from_bytes(written.method) else { return };
    let Ok(target) = Uri::try_from(written.target) else { return };
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let mut request = test::TestRequest::with_uri(&target.to_string()).method(method).peer_addr(peer);
    for (name, value) in &written.fields {
        let (Ok(name), Ok(value)) =
            (header::HeaderName::from_bytes(name.as_bytes()), header::HeaderValue::from_bytes(value))
        else {
            return;
        };
        request = request.append_header((name, value));
    }
    let request = request.set_payload(written.body.to_vec()).to_request();
    world.wait(tokio::task::LocalSet::new().run_until(async {
        let http = &world.http;
        let app = App::new().configure(http.openapi("/openapi.json", "/api")).configure(http.rest("/api"));
        let app = test::init_service(app).await;
        let response = test::call_service(&app, request).await;
        let status = response.status().as_u16();
        is_no_fault(status, &test::read_body(response).await);
    }));
});

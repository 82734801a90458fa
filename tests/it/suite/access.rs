//! Who may do what: nobody, somebody without the scope, somebody else.

use super::{
    World, everywhere,
    world::{customer, invoice},
};
use serde_json::json;

everywhere!(nobody_is_let_in_unnamed, a_scope_is_needed, others_see_nothing_of_it);

async fn nobody_is_let_in_unnamed(world: &World) {
    if world.is_session() {
        // A session belongs to whoever opened it; nobody can open one and call.
        let nobody = world.caller(None).await;
        assert_eq!(nobody.call("invoices.list", json!({})).await.unwrap_err()["status"], 401);
        return;
    }
    let nobody = world.caller(None).await;
    for (operation, arguments) in [
        ("invoices.list", json!({})),
        ("invoices.list", json!({"nonsense": 1})),
        ("customers.create", json!({"name": ""})),
        ("invoices.get", json!({"id": "7"})),
    ] {
        let problem = nobody.call(operation, arguments).await.unwrap_err();
        assert_eq!(problem["status"], 401, "{operation}: refused before anything is read");
    }
}

async fn a_scope_is_needed(world: &World) {
    let reader = world.caller(Some("ann+invoices:read")).await;
    assert_eq!(reader.call("invoices.list", json!({})).await.unwrap()["total"], 0);
    let problem = reader.call("customers.create", json!({"name": "Ada", "email": "a@example.com"})).await.unwrap_err();
    assert_eq!(problem["status"], 403);
    let ann = world.ann().await;
    assert_eq!(ann.call("customers.list", json!({})).await.unwrap()["total"], 0, "nothing was written");
}

async fn others_see_nothing_of_it(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let invoice = invoice(&ann, &customer, "1", 100, "2026-12-31").await;
    let bob = world.caller(Some("bob")).await;
    let missing = bob.call("invoices.get", json!({"id": "00000000-0000-0000-0000-000000000000"})).await.unwrap_err();
    assert_eq!(missing["status"], 404);
    for operation in ["invoices.get", "invoices.send", "invoices.void", "customers.get"] {
        let problem = bob.call(operation, json!({"id": invoice})).await.unwrap_err();
        assert_eq!(problem, missing, "{operation}: not yours reads like not there");
    }
    let page = bob.call("invoices.list", json!({"customer_id": customer})).await.unwrap();
    assert_eq!(page["total"], 0);
    assert_eq!(ann.call("invoices.get", json!({"id": invoice})).await.unwrap()["status"], "draft");
}

//! The audit trail as a table: who reads it, what it keeps of arguments, for how long, and servers without one.

use crate::audit::{SCOPES, application, engine, open_account, table_of_accounts, trail};
use crate::counter::{App, EVERY, call};
use diptych::{
    Anyone, Audit, AuditArguments, Backend, MCPServer, Operations, ServiceSpec, StartError, Task, query, query_scalar,
};
use diptych_pipeline::OnDisconnect;
use diptych_testkit::{SurfaceClient, TestDatabase};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn the_trail_is_read_like_any_list() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let audit = Audit::new().reads(["accounts.list"]);
        let server = application(&database, audit).build().await.unwrap();
        let caller = |user| SurfaceClient::in_process(server.client(), Some(user), &SCOPES);
        let (ann, bob) = (caller("ann"), caller("bob"));
        for name in ["a", "b", "c"] {
            ann.call("accounts.open", json!({"name": name})).await.unwrap();
        }
        bob.call("accounts.open", json!({"name": "a"})).await.unwrap_err();
        bob.call("accounts.list", json!({})).await.unwrap();
        server.engine().stop_audit().await;
        let past = "2001-01-01T00:00:00Z";
        for (filter, total) in [
            (json!({}), 5),
            (json!({"subject": "bob"}), 2),
            (json!({"operation": ["accounts.list"]}), 1),
            (json!({"outcome": ["committed", "conflict"]}), 4),
            (json!({"surface": ["rest"]}), 0),
            (json!({"issuer": "development", "subject": "ann"}), 3),
            (json!({"since": past}), 5),
            (json!({"until": past}), 0),
        ] {
            let page = ann.call("audit.list", filter.clone()).await.unwrap();
            assert_eq!(page["total"], total, "{backend} {filter}");
        }
        let page = ann.call("audit.list", json!({"page_size": 2, "order": ["at"]})).await.unwrap();
        let first = &page["items"][0];
        assert_eq!((&first["operation"], &first["arguments"]), (&json!("accounts.open"), &json!({"name": "a"})));
        assert!(first["at"].as_str().unwrap().ends_with('Z'), "{first}");
        let eve = SurfaceClient::in_process(server.client(), Some("eve+accounts:write"), &SCOPES);
        assert_eq!(eve.call("audit.list", json!({})).await.unwrap_err()["status"], 403);
    }
}

#[tokio::test]
async fn a_trail_that_cannot_be_does_not_start() {
    let database = TestDatabase::sqlite();
    let builder = |operations| MCPServer::builder("app", "1").database_url(database.url()).mount(operations);
    let with = |audit: Audit| builder(Operations::new()).audit(audit);
    for (builder, expected) in [
        (builder(Operations::new().add(Audit::selector())), "declares no permission"),
        (builder(Operations::new().add(Audit::selector().allow(Anyone))), "there is none; add `.audit(Audit::new())`"),
        (with(Audit::new().reads(["nothing"])), "names `nothing`, which is no operation"),
        (with(Audit::new().arguments_of("nobody", AuditArguments::None)), "names `nobody`"),
    ] {
        let Err(StartError::Mistakes(mistakes)) = builder.build().await else { panic!("{expected}") };
        assert!(mistakes.to_string().contains(expected), "{mistakes}");
    }
}

#[tokio::test]
async fn old_rows_are_removed_in_the_background() {
    for backend in EVERY {
        let audit = Audit::new().keep(Duration::from_secs(3600));
        let (engine, _, _database) = engine(backend, audit).await;
        for n in 0..3 {
            call(&engine, "add", &format!("{{\"n\": {n}}}"), OnDisconnect::Cancel).await.unwrap();
        }
        let mut tx = engine.db().begin().await.unwrap();
        query("UPDATE diptych_audit SET at = at - 7200000 WHERE arguments <> '{\"n\":2}'")
            .execute(&mut tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        engine.start_audit();
        while trail(engine.db()).await.len() > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(trail(engine.db()).await[0].arguments.as_ref().unwrap()["n"], 2);
    }
}

#[tokio::test]
async fn what_is_recorded_of_arguments_can_be_chosen() {
    let long = "x".repeat(300);
    let cut = format!("{}… (44 more)", "x".repeat(256));
    let given = json!({"name": "n", "password": "p", "pin": "1", "note": long});
    let redacted = json!({"name": "n", "password": "[redacted]", "pin": "[redacted]", "note": cut});
    let names = json!({"name": "string", "password": "string", "pin": "string", "note": "string"});
    for (audit, expected) in [
        (Audit::new(), redacted),
        (Audit::new().arguments(AuditArguments::None), Value::Null),
        (Audit::new().arguments(AuditArguments::Names), names.clone()),
        (Audit::new().arguments_of("accounts.open", AuditArguments::Names), names.clone()),
        // What is too long is recorded by its names.
        (Audit::new().longest(10, 200), names),
        (
            Audit::new().redact(["NA_ME"]).longest(2, 10_000),
            json!({"name": "[redacted]", "password": "[redacted]", "pin": "[redacted]", "note": "xx… (298 more)"}),
        ),
        (
            Audit::new().redact_only(["note"]),
            json!({"name": "n", "password": "p", "pin": "[redacted]", "note": "[redacted]"}),
        ),
    ] {
        let database = TestDatabase::sqlite();
        let server = application(&database, audit.clone()).build().await.unwrap();
        let ann = SurfaceClient::in_process(server.client(), Some("ann"), &SCOPES);
        ann.call("accounts.open", given.clone()).await.unwrap();
        let rows = trail(server.engine().db()).await;
        assert_eq!(rows[0].arguments.clone().map_or(Value::Null, Value::from), expected, "{audit:?}");
    }
}

/// Which of diptych's tables there are depends on what a server uses; the notes of what was migrated are in one place.
#[tokio::test]
async fn servers_with_and_without_a_trail_share_a_database() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let without = || MCPServer::builder("app", "1").database_url(database.url()).on_start(table_of_accounts);
        let importing = || {
            let import = ServiceSpec::from_fn("import", open_account).allow(Anyone).task(Task::optional());
            Operations::new().add(import)
        };
        without().audit(Audit::new()).build().await.unwrap();
        without().mount(importing()).build().await.unwrap();
        without().mount(importing()).audit(Audit::new()).build().await.unwrap();
        without().build().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_without_a_trail_has_no_table_for_one() {
    let app = App::on(Backend::Sqlite).await;
    app.engine.migrate_audit().await.unwrap();
    app.add(1).await.unwrap();
    let mut conn = app.engine.db().read().await.unwrap();
    let tables: i64 =
        query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'diptych%'").one(&mut conn).await.unwrap();
    assert_eq!(tables, 0);
}

//! Affordances: on lists, where a row is not the caller's, and what is wrong with them when the server is built.

use crate::counter::Stored;
use diptych::{
    Anyone, Conn, Db, Engine, Instance, MCPServer, Operations, Record, Result, Select, Tx, query, selector, service,
};
use diptych_spec::Mistakes;
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Record, Serialize, JsonSchema)]
struct Job {
    id: i64,
    done: bool,
    whose: String,
}

#[derive(Record, Serialize, JsonSchema)]
struct WithActions {
    id: i64,
    actions: String,
}

#[service("jobs.finish")]
async fn finish(tx: &mut Tx, Instance(job): Instance<Job>) -> Result<()> {
    query("UPDATE jobs SET done = TRUE WHERE id = $1").bind(job.id).execute(tx).await.map(drop)
}

#[service("jobs.none")]
async fn without_target(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

#[selector("jobs.get")]
async fn job(db: &mut Conn, #[arg] id: i64) -> Result<Option<Job>> {
    diptych::query_as("SELECT id, done, whose FROM jobs WHERE id = $1").bind(id).optional(db).await
}

#[selector("jobs.list")]
async fn jobs() -> Result<Select<Job>> {
    Ok(Select::sql("SELECT id, done, whose FROM jobs"))
}

#[selector("numbers.list")]
async fn numbers() -> Result<Select<Stored>> {
    Ok(Select::sql("SELECT id, n FROM numbers"))
}

#[selector("with.actions")]
async fn with_actions() -> Result<Select<WithActions>> {
    Ok(Select::sql("SELECT id, whose AS actions FROM jobs"))
}

fn services() -> Operations {
    let finish = finish::spec().allow(Anyone).target(job::spec());
    let finish =
        finish.permit(|_, job: &Job| job.whose == "ann").require("done", "the job is done", |job: &Job| !job.done);
    Operations::new().add(finish).add(without_target::spec().allow(Anyone))
}

#[tokio::test]
async fn each_row_of_a_list_has_its_own() {
    let database = TestDatabase::sqlite();
    let fill = async |db: Db| {
        let mut tx = db.begin().await?;
        query("CREATE TABLE jobs (id BIGINT NOT NULL, done BOOLEAN NOT NULL, whose TEXT NOT NULL)")
            .execute(&mut tx)
            .await?;
        query("INSERT INTO jobs VALUES (1, FALSE, 'ann'), (2, TRUE, 'ann'), (3, FALSE, 'bob')")
            .execute(&mut tx)
            .await?;
        tx.commit().await
    };
    let operations = services().add(jobs::spec().allow(Anyone).affordances(["jobs.finish"]));
    let server = MCPServer::builder("jobs", "1.0.0").database_url(database.url()).on_start(fill).mount(operations);
    let server = server.build().await.unwrap();
    let told = server.client().call_json("jobs.list", "{}").await.unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let told: Vec<_> = told["items"].as_array().unwrap().iter().map(|row| &row["actions"]["jobs.finish"]).collect();
    assert_eq!(
        told,
        [
            &json!({"available": true}),
            &json!({"available": false, "code": "done", "detail": "the job is done"}),
            &json!({"available": false, "code": "not_found", "detail": "there is no such row"}),
        ]
    );
    for (id, code) in [(3, "not_found"), (2, "done")] {
        let error = server.client().call_json("jobs.finish", &json!({"id": id}).to_string()).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    // What is switched off is not there.
    server.engine().operation("jobs.finish").unwrap().declaration().set_enabled(false);
    let told = server.client().call_json("jobs.list", "{}").await.unwrap();
    assert!(told.contains(r#""actions":{}"#), "{told}");
}

#[tokio::test]
async fn what_is_wrong_is_told_when_the_server_is_built() {
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    let operations = services()
        .add(jobs::spec().named("unknown").allow(Anyone).affordances(["jobs.finnish"]))
        .add(jobs::spec().named("twice").allow(Anyone).affordances(["jobs.finish", "jobs.finish"]))
        .add(jobs::spec().named("both").allow(Anyone).affordances(["jobs.finish"]).affordances(["jobs.finish"]))
        .add(jobs::spec().named("untargeted").allow(Anyone).affordances(["jobs.none"]))
        .add(numbers::spec().named("another").allow(Anyone).affordances(["jobs.finish"]))
        .add(with_actions::spec().named("taken").allow(Anyone).affordances_of(|row| row, []));
    let mistakes: Mistakes = Engine::builder(db).operations(operations).build().unwrap_err();
    let told = mistakes.to_string();
    for wrong in [
        "unknown: has the affordance `jobs.finnish`, and there is no such operation",
        "twice: has the affordance `jobs.finish` twice; leave one out",
        "both: has affordances twice; name all of the services in one",
        "untargeted: has the affordance `jobs.none`, which has no target; add `.target(…)` to it, or leave it out here",
        "another: has the affordance `jobs.finish`, whose target is it::affordances::Job, not it::counter::Stored; where that is a part of the row, write `.affordances_of(|row| &row.part, [\"jobs.finish\"])`",
        "taken: has affordances, which are shown as `actions`, and its rows have a field of that name already; call that one otherwise",
    ] {
        assert!(told.contains(wrong), "{wrong}\n\n{told}");
    }
}

//! Whose rows operations work on, as `app scopes` prints it.

use diptych_pipeline::{OperationScope, RowScoping};
use serde_json::{Value, json};

/// A table for people; no line break at the end.
pub(crate) fn table(scopes: &[OperationScope]) -> String {
    let width = scopes.iter().map(|one| one.operation.len()).max().unwrap_or_default();
    let lines = scopes.iter().map(|OperationScope { operation, rows, .. }| {
        let rows = match rows {
            RowScoping::Column(column) => format!("those of the caller, by {column}"),
            RowScoping::Unscoped(why) => format!("everybody's: {why}"),
            _ => "no row scope".to_owned(),
        };
        format!("{operation:width$}  {rows}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same for programs.
pub(crate) fn json(scopes: &[OperationScope]) -> Value {
    let one = |OperationScope { operation, rows, .. }: &OperationScope| match rows {
        RowScoping::Column(column) => json!({"operation": operation, "scope": column}),
        RowScoping::Unscoped(why) => json!({"operation": operation, "scope": null, "unscoped": why}),
        _ => json!({"operation": operation, "scope": null}),
    };
    json!({"operations": scopes.iter().map(one).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use diptych_pipeline::{Db, Engine, Operations, RowScope, Tx};
    use diptych_spec::{Anyone, Authenticated, Result, Scoped, ServiceSpec};

    async fn nothing(_: &mut Tx) -> Result<()> {
        Ok(())
    }

    async fn of_tenant(_: &mut Tx, _: Scoped<String>) -> Result<()> {
        Ok(())
    }

    #[tokio::test]
    async fn people_and_programs_read_the_same() {
        let file = std::env::temp_dir().join(format!("diptych-scopes-{}.db", uuid::Uuid::new_v4().simple()));
        let db = Db::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let tenants = Operations::new()
            .row_scope(RowScope::column("tenant_id").by_claim("tenant"))
            .add(ServiceSpec::from_fn("notes.add", of_tenant).allow(Authenticated))
            .add(ServiceSpec::from_fn("tick", nothing).allow(Anyone).unscoped("it touches no rows"));
        let beside = Operations::new().add(ServiceSpec::from_fn("beside", nothing).allow(Anyone));
        let engine = Engine::builder(db).operations(tenants).operations(beside).build().unwrap();
        let scopes = engine.row_scopes();
        assert_eq!(
            table(&scopes),
            "\
notes.add  those of the caller, by tenant_id
tick       everybody's: it touches no rows
beside     no row scope"
        );
        let operations = json!([
            {"operation": "notes.add", "scope": "tenant_id"},
            {"operation": "tick", "scope": null, "unscoped": "it touches no rows"},
            {"operation": "beside", "scope": null},
        ]);
        assert_eq!(json(&scopes), json!({"operations": operations}));
        engine.db().close().await;
        std::fs::remove_file(file).unwrap();
    }
}

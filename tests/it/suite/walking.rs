//! A list of customers with pages behind cursors. The example has numbered ones: OpenAPI cannot say that a text has to be one that the
//! server gave out, so tools that make up requests from the document take the refusal of any other for a mistake.

use diptych::{Filter, GET, Keyset, Operations, Ordering, Principal, Record, Result, Scope, Select, Total, selector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Record, Serialize, JsonSchema)]
struct Named {
    id: uuid::Uuid,
    name: String,
    created_at: chrono::DateTime<chrono::Utc>,
}

#[derive(Deserialize, JsonSchema, Filter)]
struct NamedFilter {
    #[filter(op = "contains")]
    name: Option<String>,
}

#[derive(Ordering)]
enum NamedOrder {
    Name,
    #[order(column = "created_at")]
    Created,
}

/// Your customers.
#[selector("customers.walk")]
async fn walk(who: &Principal) -> Result<Select<Named>> {
    Ok(Select::sql("SELECT id, name, created_at FROM customers WHERE owner = $1").bind(who.subject()))
}

/// The same for readers with little room.
#[selector("customers.stroll")]
async fn stroll(who: &Principal) -> Result<Select<Named>> {
    walk(who).await
}

/// What an answer of `customers.stroll` may be long: four customers, and two cursors.
pub(super) const ROOM: usize = 900;

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(
            walk::spec()
                .allow(Scope("invoices:read"))
                .filter::<NamedFilter>()
                .search(["name"])
                .order_by::<NamedOrder>("name")
                .paginate(Keyset { total: Total::Exact, ..Keyset::default() })
                .rest(GET, "/walk"),
        )
        .add(
            stroll::spec()
                .allow(Scope("invoices:read"))
                .order_by::<NamedOrder>("name")
                .paginate(Keyset::default())
                .max_bytes(ROOM)
                .rest(GET, "/stroll"),
        )
}

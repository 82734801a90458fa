//! The selector that reads the trail.

use super::settings::Audit;
use crate::{
    db::{Conn, Record, Row},
    select::Select,
};
use chrono::{DateTime, Utc};
use diptych_spec::{
    Call, Error, Filter, Handler, IntoValue, OneOf, Operand, Operator, Ordering, PageNumber, Predicate, Result,
    SelectorSpec, Signature,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The handler behind [`Audit::selector`].
#[derive(Debug, Clone, Copy)]
pub struct AuditList;

impl AuditList {
    pub(super) fn spec(name: impl Into<Cow<'static, str>>) -> SelectorSpec<Self> {
        SelectorSpec::new(name, "Who called what, and how it ended, newest first.", Self)
            .filter::<AuditFilter>()
            .order_by::<AuditOrder>("-at")
            .paginate(PageNumber::default())
    }
}

impl Handler for AuditList {
    type Connection = Conn;
    type Args = ();
    type Out = Select<AuditEntry>;

    fn describe(&self, signature: &mut Signature) {
        signature
            .provided::<Audit>("reads the audit trail, but there is none; add `.audit(Audit::new())` to the server");
    }

    async fn extract(&self, _: &mut Call) -> Result<()> {
        Ok(())
    }

    async fn invoke<'t>(&'t self, _: &'t mut Conn, (): ()) -> Result<Select<AuditEntry>> {
        Ok(Select::sql(
            "SELECT id, \"call\", at, operation, surface, mount, issuer, subject, client, address, arguments, outcome, code,
             duration_ms, trace_id FROM diptych_audit",
        ))
    }
}

/// A row of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The id of the row.
    pub id: String,
    /// The id that all rows of one call have.
    pub call: String,
    /// When the call began.
    pub at: DateTime<Utc>,
    /// The operation; empty for what is about the trail itself.
    pub operation: String,
    /// rest, mcp, in_process or task.
    pub surface: String,
    /// The path of the MCP mount.
    pub mount: String,
    /// Who vouched for the caller; empty for a caller who was not signed in.
    pub issuer: String,
    /// The caller's id at the issuer.
    pub subject: String,
    /// The client that the caller acted through.
    pub client: String,
    /// The caller's network address.
    pub address: String,
    /// The arguments, without secrets; null where they are not recorded.
    pub arguments: Option<serde_json::Map<String, serde_json::Value>>,
    /// committed, replayed, answered, begun, dropped, or the kind of the error.
    pub outcome: String,
    /// The code of the error.
    pub code: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The trace that shows the call, or the error's id in the log.
    pub trace_id: String,
}

#[diagnostic::do_not_recommend]
impl Record for AuditEntry {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "call",
        "at",
        "operation",
        "surface",
        "mount",
        "issuer",
        "subject",
        "client",
        "address",
        "arguments",
        "outcome",
        "code",
        "duration_ms",
        "trace_id",
    ];

    fn from_row(row: &Row<'_>) -> Result<Self> {
        let at = DateTime::from_timestamp_millis(row.get(2)?);
        Ok(Self {
            id: row.get(0)?,
            call: row.get(1)?,
            at: at.ok_or_else(|| Error::internal("a row of the audit trail has a time that is none"))?,
            operation: row.get(3)?,
            surface: row.get(4)?,
            mount: row.get(5)?,
            issuer: row.get(6)?,
            subject: row.get(7)?,
            client: row.get(8)?,
            address: row.get(9)?,
            arguments: serde_json::from_str(&row.get::<String>(10)?).ok(),
            outcome: row.get(11)?,
            code: row.get(12)?,
            duration_ms: row.get(13)?,
            trace_id: row.get(14)?,
        })
    }
}

/// By what the trail can be asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditFilter {
    /// Of these operations.
    operation: Option<OneOf<String>>,
    /// By this caller.
    subject: Option<String>,
    /// By callers of this issuer.
    issuer: Option<String>,
    /// Through this client.
    client: Option<String>,
    /// Over these surfaces: rest, mcp, in_process, task.
    surface: Option<OneOf<String>>,
    /// Ended like this: committed, replayed, answered, begun, dropped, or a kind of error.
    outcome: Option<OneOf<String>>,
    /// Of this call.
    call: Option<String>,
    /// With this trace or error id.
    trace_id: Option<String>,
    /// Begun at this time or later.
    since: Option<DateTime<Utc>>,
    /// Begun before this time.
    until: Option<DateTime<Utc>>,
}

#[diagnostic::do_not_recommend]
impl Filter for AuditFilter {
    const COLUMNS: &'static [&'static str] =
        &["operation", "subject", "issuer", "client", "surface", "outcome", "call", "trace_id", "at"];

    fn into_predicates(self) -> Vec<Predicate> {
        let text = |column, value: Option<String>| {
            value.map(|value| Predicate { column, operator: Operator::Equal, values: value.into_values() })
        };
        let list = |column, value: Option<OneOf<String>>| {
            value.map(|value| Predicate { column, operator: Operator::In, values: value.into_values() })
        };
        let time = |operator, value: Option<DateTime<Utc>>| {
            value.map(|time| Predicate { column: "at", operator, values: vec![time.timestamp_millis().into_value()] })
        };
        let given = [
            list("operation", self.operation),
            text("subject", self.subject),
            text("issuer", self.issuer),
            text("client", self.client),
            list("surface", self.surface),
            list("outcome", self.outcome),
            text("call", self.call),
            text("trace_id", self.trace_id),
            time(Operator::GreaterOrEqual, self.since),
            time(Operator::Less, self.until),
        ];
        given.into_iter().flatten().collect()
    }
}

/// In which order the trail can be asked for.
#[derive(Debug, Clone, Copy)]
pub enum AuditOrder {
    /// By when calls began.
    At,
    /// By how long they took.
    Duration,
}

#[diagnostic::do_not_recommend]
impl Ordering for AuditOrder {
    const KEYS: &'static [(&'static str, &'static str)] = &[("at", "at"), ("duration", "duration_ms")];
}

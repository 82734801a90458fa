//! Declare a service or a selector once; diptych serves it as a REST route with OpenAPI and as a tool or resource of an MCP
//! server, with the same validation, permissions, transaction, errors and limits on both.
//!
//! ```no_run
//! use diptych::{Anyone, Db, Input, MCPServer, Operations, POST, Result, Tx, query, query_scalar, service};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use validator::Validate;
//!
//! #[derive(Deserialize, JsonSchema, Validate)]
//! struct NewNote {
//!     /// What to remember.
//!     #[validate(length(min = 1, max = 280))]
//!     text: String,
//! }
//!
//! /// Remember something. Answers how many notes there are.
//! #[service("notes.add")]
//! async fn add_note(tx: &mut Tx, Input(note): Input<NewNote>) -> Result<i64> {
//!     query("INSERT INTO notes (text) VALUES ($1)").bind(note.text).execute(tx).await?;
//!     query_scalar("SELECT COUNT(*) FROM notes").one(tx).await
//! }
//!
//! async fn create_table(db: Db) -> Result<()> {
//!     let mut tx = db.begin().await?;
//!     query("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)").execute(&mut tx).await?;
//!     tx.commit().await
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     MCPServer::builder("notes", "1.0.0")
//!         .database_url_or("sqlite://notes.db")
//!         .on_start(create_table)
//!         .mount(Operations::new().add(add_note::spec().allow(Anyone).rest(POST, "/notes")))
//!         .main()
//! }
//! ```
//!
//! The other crates of the workspace are the inside of this one; only this crate's API is meant to be used.

mod builder;
mod client;
mod command;
mod configuration;
mod cost;
mod logging;
mod panics;
mod scopes;
mod server;
mod start;
mod stdio;
#[cfg(feature = "otel")]
mod telemetry;

pub use builder::MCPServer;
pub use builder::MCPServerBuilder;
pub use client::Client;
pub use cost::MountCost;
pub use server::Addresses;
pub use server::Listening;
pub use server::Server;
pub use start::StartError;
#[cfg(feature = "otel")]
pub use telemetry::Telemetry;
#[cfg(feature = "otel")]
pub use telemetry::TraceExporter;

// Declaring.
pub use diptych_macros::Column;
pub use diptych_macros::Filter;
pub use diptych_macros::Ordering;
pub use diptych_macros::Record;
pub use diptych_macros::ServiceError;
pub use diptych_macros::ValidateVariants;
pub use diptych_macros::migrations;
pub use diptych_macros::prompt;
pub use diptych_macros::selector;
pub use diptych_macros::service;
pub use diptych_spec::AllOf;
pub use diptych_spec::Annotations;
pub use diptych_spec::AnswerValue;
pub use diptych_spec::AnyOf;
pub use diptych_spec::Anyone;
pub use diptych_spec::App;
pub use diptych_spec::AppPermission;
pub use diptych_spec::AppVisibility;
pub use diptych_spec::Ask;
pub use diptych_spec::Audience;
pub use diptych_spec::Authenticated;
pub use diptych_spec::Between;
pub use diptych_spec::Blob;
pub use diptych_spec::By;
pub use diptych_spec::Call;
pub use diptych_spec::Capability;
pub use diptych_spec::Content;
pub use diptych_spec::Contents;
pub use diptych_spec::Cookie;
pub use diptych_spec::Counting;
pub use diptych_spec::DELETE;
pub use diptych_spec::Deadline;
pub use diptych_spec::Declaration;
pub use diptych_spec::DryRun;
pub use diptych_spec::Elicited;
pub use diptych_spec::EmbeddedResource;
pub use diptych_spec::Error;
pub use diptych_spec::ErrorKind;
pub use diptych_spec::FieldChange;
pub use diptych_spec::FieldChanges;
pub use diptych_spec::FieldError;
pub use diptych_spec::FieldSet;
pub use diptych_spec::Fields;
pub use diptych_spec::Filter;
pub use diptych_spec::Format;
pub use diptych_spec::FromCall;
pub use diptych_spec::GET;
pub use diptych_spec::Handler;
pub use diptych_spec::Icon;
pub use diptych_spec::IconTheme;
pub use diptych_spec::Idempotency;
pub use diptych_spec::IdempotencyKey;
pub use diptych_spec::Input;
pub use diptych_spec::Instance;
pub use diptych_spec::Instances;
pub use diptych_spec::IntoMessages;
pub use diptych_spec::IntoValue;
pub use diptych_spec::Isolation;
pub use diptych_spec::JsonFault;
pub use diptych_spec::JsonLimits;
pub use diptych_spec::Keyset;
pub use diptych_spec::KeysetPage;
pub use diptych_spec::Limit;
pub use diptych_spec::Lock;
pub use diptych_spec::Log;
pub use diptych_spec::LogLevel;
pub use diptych_spec::Many;
pub use diptych_spec::Message;
pub use diptych_spec::Messages;
pub use diptych_spec::Method;
pub use diptych_spec::Mistake;
pub use diptych_spec::Mistakes;
pub use diptych_spec::OneOf;
pub use diptych_spec::Operand;
pub use diptych_spec::Operator;
pub use diptych_spec::Ordering;
pub use diptych_spec::PATCH;
pub use diptych_spec::POST;
pub use diptych_spec::PUT;
pub use diptych_spec::Page;
pub use diptych_spec::PageNumber;
pub use diptych_spec::Patch;
pub use diptych_spec::Permission;
pub use diptych_spec::Predicate;
pub use diptych_spec::Principal;
pub use diptych_spec::Progress;
pub use diptych_spec::PromptSpec;
pub use diptych_spec::Question;
pub use diptych_spec::ResourceLink;
pub use diptych_spec::ResponseHead;
pub use diptych_spec::Result;
pub use diptych_spec::Retry;
pub use diptych_spec::Role;
pub use diptych_spec::Root;
pub use diptych_spec::SameSite;
pub use diptych_spec::Sampled;
pub use diptych_spec::Sampling;
pub use diptych_spec::Scope;
pub use diptych_spec::Scoped;
pub use diptych_spec::Search;
pub use diptych_spec::Secret;
pub use diptych_spec::SelectorSpec;
pub use diptych_spec::ServiceError;
pub use diptych_spec::ServiceSpec;
pub use diptych_spec::Signature;
pub use diptych_spec::State;
pub use diptych_spec::Step;
pub use diptych_spec::Streaming;
pub use diptych_spec::Task;
pub use diptych_spec::TaskStart;
pub use diptych_spec::Total;
pub use diptych_spec::Value;
pub use diptych_spec::ValueKind;
pub use diptych_spec::Version;
pub use diptych_spec::Versioned;

// Running.
pub use diptych_pipeline::Answers;
pub use diptych_pipeline::Append;
pub use diptych_pipeline::ArgumentsOf;
pub use diptych_pipeline::Audit;
pub use diptych_pipeline::AuditArguments;
pub use diptych_pipeline::AuditEntry;
pub use diptych_pipeline::AuditFilter;
pub use diptych_pipeline::AuditList;
pub use diptych_pipeline::AuditOrder;
pub use diptych_pipeline::Backend;
pub use diptych_pipeline::Built;
pub use diptych_pipeline::Calls;
pub use diptych_pipeline::Catalogue;
pub use diptych_pipeline::Cell;
pub use diptych_pipeline::Chain;
pub use diptych_pipeline::Changes;
pub use diptych_pipeline::Clock;
pub use diptych_pipeline::Column;
pub use diptych_pipeline::Conn;
pub use diptych_pipeline::Db;
pub use diptych_pipeline::DbOptions;
pub use diptych_pipeline::DeadLetter;
pub use diptych_pipeline::DeadLetters;
pub use diptych_pipeline::Delivery;
pub use diptych_pipeline::Ends;
pub use diptych_pipeline::Engine;
pub use diptych_pipeline::Fetched;
pub use diptych_pipeline::Include;
pub use diptych_pipeline::LastOutput;
pub use diptych_pipeline::LimitKey;
pub use diptych_pipeline::LimitStore;
pub use diptych_pipeline::Migrations;
pub use diptych_pipeline::NamedSelector;
pub use diptych_pipeline::NamedService;
pub use diptych_pipeline::OnDemand;
pub use diptych_pipeline::Operation;
pub use diptych_pipeline::OperationScope;
pub use diptych_pipeline::OperationStatistics;
pub use diptych_pipeline::Operations;
pub use diptych_pipeline::Outbox;
pub use diptych_pipeline::OutboxMessage;
pub use diptych_pipeline::OutboxStatistics;
pub use diptych_pipeline::Outgoing;
pub use diptych_pipeline::Query;
pub use diptych_pipeline::QueryAs;
pub use diptych_pipeline::QueryScalar;
pub use diptych_pipeline::Record;
pub use diptych_pipeline::Row;
pub use diptych_pipeline::RowScope;
pub use diptych_pipeline::RowScopeOf;
pub use diptych_pipeline::RowScoping;
pub use diptych_pipeline::Select;
pub use diptych_pipeline::Settings;
pub use diptych_pipeline::Standing;
pub use diptych_pipeline::Steps;
pub use diptych_pipeline::Takes;
pub use diptych_pipeline::TaskSettings;
pub use diptych_pipeline::Then;
pub use diptych_pipeline::Tx;
pub use diptych_pipeline::Update;
pub use diptych_pipeline::Wanted;
pub use diptych_pipeline::db_error;
pub use diptych_pipeline::query;
pub use diptych_pipeline::query_as;
pub use diptych_pipeline::query_scalar;
pub use diptych_pipeline::update;

// Serving.
pub use diptych_auth::ApiKey;
pub use diptych_auth::ApiKeys;
pub use diptych_auth::Authenticator;
pub use diptych_auth::Credentials;
pub use diptych_auth::DevelopmentTokens;
#[cfg(feature = "oauth")]
pub use diptych_auth::Issuer;
#[cfg(feature = "oauth")]
pub use diptych_auth::LocalIssuer;
pub use diptych_auth::NewApiKey;
#[cfg(feature = "oauth")]
pub use diptych_auth::ResourceServer;
#[cfg(feature = "oauth")]
pub use diptych_auth::SigningAlgorithm;
pub use diptych_mcp::Mount;
pub use diptych_mcp::ToolCost;
pub use diptych_transport_actix::Exposed;
pub use diptych_transport_actix::ForwardedBy;
pub use diptych_transport_actix::HostCheck;
pub use diptych_transport_actix::HttpSettings;
#[cfg(feature = "tls")]
pub use diptych_transport_actix::Tls;
#[cfg(feature = "tls")]
pub use diptych_transport_actix::TlsError;

#[doc(hidden)]
pub mod __private;

/// The documents, so that their code is compiled.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../docs/affordances.md")]
    mod affordances {}
    #[doc = include_str!("../../../docs/audit.md")]
    mod audit {}
    #[doc = include_str!("../../../docs/authentication.md")]
    mod authentication {}
    #[doc = include_str!("../../../docs/bulk.md")]
    mod bulk {}
    #[doc = include_str!("../../../docs/composing.md")]
    mod composing {}
    #[doc = include_str!("../../../docs/configuration.md")]
    mod configuration {}
    #[doc = include_str!("../../../docs/databases.md")]
    mod databases {}
    #[doc = include_str!("../../../docs/declaring.md")]
    mod declaring {}
    #[doc = include_str!("../../../docs/edge.md")]
    mod edge {}
    #[doc = include_str!("../../../docs/errors.md")]
    mod errors {}
    #[doc = include_str!("../../../docs/idempotency.md")]
    mod idempotency {}
    #[doc = include_str!("../../../docs/including.md")]
    mod including {}
    #[doc = include_str!("../../../docs/limits.md")]
    mod limits {}
    #[doc = include_str!("../../../docs/mcp.md")]
    mod mcp {}
    #[cfg(feature = "oauth")]
    #[doc = include_str!("../../../docs/oauth.md")]
    mod oauth {}
    #[doc = include_str!("../../../docs/outbox.md")]
    mod outbox {}
    #[doc = include_str!("../../../docs/recipes.md")]
    mod recipes {}
    #[doc = include_str!("../../../docs/responding.md")]
    mod responding {}
    #[doc = include_str!("../../../docs/rest.md")]
    mod rest {}
    #[doc = include_str!("../../../docs/selecting.md")]
    mod selecting {}
    #[cfg(feature = "oauth")]
    #[doc = include_str!("../../../docs/signing-in.md")]
    mod signing_in {}
    #[doc = include_str!("../../../docs/streaming.md")]
    mod streaming {}
    #[doc = include_str!("../../../docs/talking.md")]
    mod talking {}
    #[doc = include_str!("../../../docs/tasks.md")]
    mod tasks {}
    #[cfg(feature = "otel")]
    #[doc = include_str!("../../../docs/telemetry.md")]
    mod telemetry {}
    #[doc = include_str!("../../../docs/tenancy.md")]
    mod tenancy {}
    #[doc = include_str!("../../../docs/testing.md")]
    mod testing {}
    #[doc = include_str!("../../../docs/tokens.md")]
    mod tokens {}
    #[doc = include_str!("../../../docs/transactions.md")]
    mod transactions {}
    #[doc = include_str!("../../../docs/updating.md")]
    mod updating {}
    #[doc = include_str!("../../../docs/validation.md")]
    mod validation {}
    #[doc = include_str!("../../../docs/versions.md")]
    mod versions {}
    #[doc = include_str!("../../../docs/visibility.md")]
    mod visibility {}
}

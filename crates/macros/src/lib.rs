//! Long because the functions of a procedural macro stand in the root of its crate, and each shows what it expands to.
//!
//! The attributes and derives of diptych. Applications use them through the facade crate `diptych`.
//!
//! Each expands to something that could have been typed by hand, and its documentation shows it. A mistake is
//! reported where it was made, all mistakes of one item at once, and broken input still yields a stub, so that
//! nothing else complains.

mod argument;
mod column;
mod detail;
mod docs;
mod expand;
mod fallback;
mod filter;
mod function;
mod migrations;
mod mistakes;
mod name;
mod operation;
mod ordering;
mod place;
mod record;
mod serde_attrs;
mod service_error;
mod settings;
mod shape;
#[cfg(test)]
mod tests;
mod validate_variants;

use operation::Kind;
use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use syn::DeriveInput;

/// Makes an `async fn` a service: a write, in one transaction.
///
/// The function stays what it is and can be called. Beside it, in the namespace of types, stands a struct of the same
/// name that implements `Handler`; `create_invoice::spec()` is the declaration to complete and add to the operations.
///
/// Arguments are given by type, in any order, by value or by `&`. One may be `&mut Tx`, or a `&mut` connection of
/// sqlx. `#[arg] name: T` is one value by name: it may be an `Option`, its doc comment describes it to callers,
/// `#[arg(rename = "…")]` gives it another name, `#[arg(header = "Region")]` lets MCP clients repeat it as the header
/// `Mcp-Param-Region`, and `#[serde(…)]` and `#[schemars(…)]` beside it are passed on.
///
/// ```text
/// /// Create an invoice for the caller.
/// #[service("invoices.create")]
/// pub async fn create_invoice(
///     tx: &mut Tx,
///     Input(new): Input<NewInvoice>,
///     /** How often to remind. */ #[arg] reminders: Option<i32>,
///     who: &Principal,
/// ) -> Result<Uuid, InvoiceError> { … }
/// ```
///
/// expands to
///
/// ```text
/// pub async fn create_invoice(
///     tx: &mut Tx, Input(new): Input<NewInvoice>, reminders: Option<i32>, who: &Principal,
/// ) -> Result<Uuid, InvoiceError> { … }
///
/// pub struct create_invoice {}
///
/// #[derive(Deserialize, JsonSchema)]
/// pub struct create_invoice_arguments<Of_reminders> {
///     /** How often to remind. */
///     reminders: Option<Of_reminders>,
/// }
///
/// impl create_invoice {
///     pub fn spec() -> ServiceSpec<Self> {
///         ServiceSpec::new("invoices.create", "Create an invoice for the caller.", Self {})
///     }
/// }
///
/// impl Handler for create_invoice {
///     type Connection = Tx;
///     type Args = (Args<create_invoice_arguments<i32>>, Input<NewInvoice>, Principal);
///     type Out = Uuid;
///     fn describe(&self, signature: &mut Signature) {
///         Args::<create_invoice_arguments<i32>>::describe(signature);
///         Input::<NewInvoice>::describe(signature);
///         Principal::describe(signature);
///     }
///     fn errors(&self) -> &'static [(ErrorKind, &'static str)] {
///         InvoiceError::declared()
///     }
///     async fn extract(&self, call: &mut Call) -> Result<Self::Args> {
///         Ok((Args::take(call)?, Input::from_call(call).await?, Principal::from_call(call).await?))
///     }
///     async fn invoke<'t>(
///         &'t self, connection: &'t mut Tx, (Args(named), a1, a2): Self::Args,
///     ) -> Result<Uuid> {
///         create_invoice(connection, a1, named.reminders, &a2).await.map_err(Into::into)
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn service(attribute: TokenStream, item: TokenStream) -> TokenStream {
    operation::attribute(Kind::Service, attribute.into(), item.into()).into()
}

/// Makes an `async fn` a selector: a read, on a read-only connection.
///
/// As [`macro@service`], with `Conn` for `Tx` and `SelectorSpec` for `ServiceSpec`. What the function returns decides
/// what it is: `Result<Select<Row>>` is a list and `Result<Option<Row>>` is one row, 404 when there is none; anything
/// else is a plain value, which the expansion wraps:
///
/// ```text
/// #[selector("invoices.total")]
/// pub async fn total(db: &mut Conn, who: &Principal) -> Result<i64> { … }
/// ```
///
/// expands to
///
/// ```text
/// impl Handler for total {
///     type Connection = Conn;
///     type Args = (Principal,);
///     type Out = AnswerValue<i64>;
///     …
///     async fn invoke<'t>(&'t self, connection: &'t mut Conn, (a0,): Self::Args) -> Result<Self::Out> {
///         total(connection, &a0).await.map(AnswerValue).map_err(Into::into)
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn selector(attribute: TokenStream, item: TokenStream) -> TokenStream {
    operation::attribute(Kind::Selector, attribute.into(), item.into()).into()
}

/// Makes an `async fn` a prompt: messages for a model, made on a read-only connection.
///
/// As [`macro@service`], with `Conn` for `Tx` and `PromptSpec` for `ServiceSpec`. The function returns a `Result` of
/// `String` (one message of the user), `Message`, `Vec<Message>` or `Messages`. Its arguments are `#[arg]`s whose types are
/// written as one text, because text is all that a prompt is given.
///
/// ```text
/// /// A reminder for one invoice.
/// #[prompt("invoices.reminder")]
/// pub async fn reminder(db: &mut Conn, /** Its number. */ #[arg] number: String) -> Result<Vec<Message>> { … }
/// ```
///
/// expands to
///
/// ```text
/// impl Handler for reminder {
///     type Connection = Conn;
///     type Args = (Args<reminder_arguments<String>>,);
///     type Out = Messages;
///     …
///     async fn invoke<'t>(
///         &'t self, connection: &'t mut Conn, (Args(named),): Self::Args,
///     ) -> Result<Messages> {
///         reminder(connection, named.number).await.map(IntoMessages::into_messages).map_err(Into::into)
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn prompt(attribute: TokenStream, item: TokenStream) -> TokenStream {
    operation::attribute(Kind::Prompt, attribute.into(), item.into()).into()
}

/// The conditions a caller can ask a list for, one per field.
///
/// Each field is an `Option`: a condition that is not given does not count. `column` is the name of the field unless
/// said otherwise. `op` is one of `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `between`, `is null`, `contains` and
/// `starts with`; without it a list is `in`, a range `between` and everything else `=`. An operator that does not fit
/// the field's type does not compile.
///
/// ```text
/// #[derive(Deserialize, JsonSchema, Filter)]
/// pub struct InvoiceFilter {
///     status: Option<OneOf<Status>>,
///     /// Smallest amount, in cents.
///     #[filter(column = "amount_cents", op = ">=")]
///     min_amount: Option<i64>,
/// }
/// ```
///
/// expands to
///
/// ```text
/// impl Filter for InvoiceFilter {
///     const COLUMNS: &'static [&'static str] = &["status", "amount_cents"];
///     fn into_predicates(self) -> Vec<Predicate> {
///         let mut predicates = Vec::new();
///         if let Some(value) = self.status {
///             predicates.push(Predicate {
///                 column: "status", operator: Operator::In, values: value.into_values(),
///             });
///         }
///         if let Some(value) = self.min_amount {
///             predicates.push(Predicate {
///                 column: "amount_cents", operator: Operator::GreaterOrEqual, values: value.into_values(),
///             });
///         }
///         predicates
///     }
/// }
/// ```
#[proc_macro_derive(Filter, attributes(filter))]
pub fn filter(item: TokenStream) -> TokenStream {
    derive(item, filter::derive)
}

/// The orders a caller can ask a list for, one per variant of a field-less enum.
///
/// The public name is the variant in snake_case, or `#[order(rename = "…")]`; the column is `#[order(column = "…")]`,
/// or the variant in snake_case.
///
/// ```text
/// #[derive(Ordering)]
/// pub enum InvoiceOrder {
///     #[order(column = "created_at")]
///     Created,
///     Number,
/// }
/// ```
///
/// expands to
///
/// ```text
/// impl Ordering for InvoiceOrder {
///     const KEYS: &'static [(&'static str, &'static str)] = &[("created", "created_at"), ("number", "number")];
/// }
/// ```
#[proc_macro_derive(Ordering, attributes(order))]
pub fn ordering(item: TokenStream) -> TokenStream {
    derive(item, ordering::derive)
}

/// A type that can be a column: a field-less enum, stored as text, or a newtype, stored as what it holds.
///
/// The text of a variant is the one that serde uses: `#[serde(rename = "…")]` and `#[serde(rename_all = "…")]` count,
/// so that a caller reads what the database holds.
///
/// ```text
/// #[derive(Serialize, Deserialize, JsonSchema, Column)]
/// #[serde(rename_all = "snake_case")]
/// pub enum Status { Draft, Sent }
/// ```
///
/// expands to
///
/// ```text
/// impl Column for Status {
///     fn decode(cell: &Cell<'_>) -> Result<Self> {
///         let text = String::decode(cell)?;
///         match text.as_str() {
///             "draft" => Ok(Self::Draft),
///             "sent" => Ok(Self::Sent),
///             _ => Err(unknown_variant("Status")),
///         }
///     }
/// }
///
/// impl IntoValue for Status {
///     const KIND: ValueKind = ValueKind::Text;
///     fn into_value(self) -> Value {
///         Value::Text(Cow::Borrowed(match self { Self::Draft => "draft", Self::Sent => "sent" }))
///     }
/// }
///
/// impl Operand for Status { … }  // so that it can be filtered by
/// ```
#[proc_macro_derive(Column, attributes(serde))]
pub fn column(item: TokenStream) -> TokenStream {
    derive(item, column::derive)
}

/// A row: the fields are read from the columns of their names, or of `#[record(column = "…")]`, in this order.
///
/// ```text
/// #[derive(Record)]
/// pub struct Invoice {
///     id: Uuid,
///     #[record(column = "amount_cents")]
///     amount: i64,
/// }
/// ```
///
/// expands to
///
/// ```text
/// impl Record for Invoice {
///     const COLUMNS: &'static [&'static str] = &["id", "amount_cents"];
///     const NULLABLE: &'static [bool] = &[false, false];
///     fn from_row(row: &Row<'_>) -> Result<Self> {
///         Ok(Self { id: row.get(0)?, amount: row.get(1)? })
///     }
/// }
/// ```
#[proc_macro_derive(Record, attributes(record))]
pub fn record(item: TokenStream) -> TokenStream {
    derive(item, record::derive)
}

/// The error of a service: what each variant of an enum is to the caller.
///
/// `#[problem(kind)]` is one of `bad_request`, `invalid`, `unauthenticated`, `forbidden`, `not_found`, `conflict`,
/// `precondition_failed`, `precondition_required`, `rate_limited`, `too_large`, `deadline`, `unavailable` and `internal`.
/// `code` is what a client switches on, the variant in snake_case unless said otherwise. `detail` is a format string over the fields, `{max}` or `{0}`; without
/// it, the first paragraph of the doc comment is the detail, as it stands. The detail of an `internal` problem is for
/// the log; the caller learns nothing.
///
/// `#[problem(transparent)]` on a variant with one field passes on what the field says, and makes `?` work for it.
///
/// ```text
/// #[derive(Debug, ServiceError)]
/// pub enum InvoiceError {
///     /// the number is taken
///     #[problem(conflict)]
///     NumberTaken,
///     #[problem(invalid, code = "too_large", detail = "an invoice is at most {max} cents")]
///     TooLarge { max: i64 },
///     #[problem(transparent)]
///     Other(Error),
/// }
/// ```
///
/// expands to
///
/// ```text
/// impl From<InvoiceError> for Error {
///     fn from(error: InvoiceError) -> Self {
///         match error {
///             InvoiceError::NumberTaken => Error::new(ErrorKind::Conflict, "number_taken", "the number is taken"),
///             InvoiceError::TooLarge { max } =>
///                 Error::new(ErrorKind::Invalid, "too_large", format!("an invoice is at most {max} cents")),
///             InvoiceError::Other(source) => source.into(),
///         }
///     }
/// }
///
/// impl ServiceError for InvoiceError {
///     fn declared() -> &'static [(ErrorKind, &'static str)] {
///         &[(ErrorKind::Conflict, "number_taken"), (ErrorKind::Invalid, "too_large")]
///     }
/// }
///
/// impl From<Error> for InvoiceError {
///     fn from(source: Error) -> Self {
///         Self::Other(source)
///     }
/// }
/// ```
#[proc_macro_derive(ServiceError, attributes(problem))]
pub fn service_error(item: TokenStream) -> TokenStream {
    derive(item, service_error::derive)
}

/// Makes the rules of an input that is one of several things those of the one at hand: `validator` derives them for structs only.
///
/// A variant holds one type with rules of its own, or nothing that has rules: `#[validate(skip)]` says so of one type. What is broken is told where
/// serde has it: beside the tag, under the `content`, under the variant's name.
///
/// ```text
/// #[derive(Deserialize, JsonSchema, ValidateVariants)]
/// #[serde(tag = "method", rename_all = "snake_case")]
/// enum Means {
///     Card(Card),
///     Transfer(Transfer),
///     Cash,
/// }
/// ```
///
/// expands to
///
/// ```text
/// impl Validate for Means {
///     fn validate(&self) -> Result<(), ValidationErrors> {
///         match self {
///             Self::Card(held) => held.validate(),
///             Self::Transfer(held) => held.validate(),
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
#[proc_macro_derive(ValidateVariants, attributes(validate))]
pub fn validate_variants(item: TokenStream) -> TokenStream {
    derive(item, validate_variants::derive)
}

/// The migrations in a folder of the package, compiled in.
///
/// The folder has a sub-folder for each dialect, `sqlite`, `postgres` or `mysql`, and in each the same versions, as
/// `0001_create_invoices.sql`. Cargo sees when a file changes, but not when one is added: where that matters, let a
/// `build.rs` print `cargo::rerun-if-changed=migrations`.
///
/// ```text
/// diptych::migrations!("migrations")
/// ```
///
/// expands to
///
/// ```text
/// Migrations::new(&[(
///     1,
///     "create invoices",
///     Backend::Sqlite,
///     include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/0001_create_invoices.sql")),
/// )])
/// ```
#[proc_macro]
pub fn migrations(input: TokenStream) -> TokenStream {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    migrations::expand(root.as_ref(), input.into()).into()
}

fn derive(item: TokenStream, expand: fn(&DeriveInput) -> Tokens) -> TokenStream {
    syn::parse(item).map_or_else(|error| error.into_compile_error(), |input| expand(&input)).into()
}

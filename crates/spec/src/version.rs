//! The version of a row: by it a caller says which state of the row they know, and the database whether it is still that one
//! (optimistic concurrency; RFC 9110, section 13).

use crate::{
    Bulk, Call, Cardinality, Declaration, Error, ErrorKind, FieldError, Form, IntoValue, ItemCalls, Lock, Owner,
    Result, Value, ValueKind, arguments::ArgumentSet, schema,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, value::RawValue};
use std::{borrow::Cow, collections::HashMap, fmt};

/// The name of the argument by which a caller says which version they know.
const ARGUMENT: &str = "expected_version";

/// The version of a row: a number that is another one after every change of the row.
///
/// The column is a `BIGINT NOT NULL`; every statement that changes the row writes [`Version::next`], or `version = version + 1`. In what
/// callers are shown it is an integer, and makes the answer one with an entity tag: see `docs/versions.md`.
///
/// ```
/// use diptych_spec::Version;
///
/// assert_eq!(Version::FIRST.next(), Version::new(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(i64);

impl Version {
    /// That of a new row.
    pub const FIRST: Self = Self(1);

    /// The version of this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// That after the next change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl IntoValue for Version {
    const KIND: ValueKind = ValueKind::I64;
    fn into_value(self) -> Value {
        Value::I64(self.0)
    }
}

/// That of an integer, marked: a field of an answer is found by it.
impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "format": "int64",
            "description": "Another one after every change.",
            (schema::VERSION): true,
        })
    }
}

/// A row that has a version; written once for each type of row.
///
/// ```
/// use diptych_spec::{Version, Versioned};
///
/// struct Invoice {
///     number: String,
///     version: Version,
/// }
///
/// impl Versioned for Invoice {
///     fn version(&self) -> Version {
///         self.version
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no version",
    label = "callers cannot say which version of this row they know",
    note = "give the row a column `version: Version`, and write `impl Versioned for …` with `fn version(&self) -> Version`, which returns it"
)]
pub trait Versioned {
    /// The version that the row has now.
    fn version(&self) -> Version;
}

/// The version of the row that a caller knows, and wants to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Whatever version it has.
    Any,
    /// One of these.
    OneOf(Vec<Version>),
}

impl ExpectedVersion {
    fn is(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(known) => known.contains(&version),
        }
    }
}

/// What a declaration says of versions.
#[derive(Default)]
pub(crate) struct Versioning {
    expectation: Option<Expectation>,
    /// The field of the answer that is the version.
    field: Option<String>,
}

/// Callers may say which version of the target they know.
struct Expectation {
    required: bool,
    /// The version of the target, which is in the call.
    of: fn(&Call) -> Option<Version>,
}

impl Versioning {
    pub(crate) fn expect(&mut self, required: bool, of: fn(&Call) -> Option<Version>) {
        self.expectation = Some(Expectation { required, of });
    }
}

/// What was given as the argument.
struct Given(Option<Version>);

impl Call {
    /// The same call, of a caller who knows this version of the row.
    #[must_use]
    pub fn expecting(mut self, expected: Option<ExpectedVersion>) -> Self {
        if let Some(expected) = expected {
            self.put(expected);
        }
        self
    }

    /// Whether this is the version that the caller knows; `None` when they did not say which one they do. Who says it twice, in a
    /// header field and as an argument, means both.
    fn knows(&self, version: impl FnOnce() -> Option<Version>) -> Option<bool> {
        let expected = self.get::<ExpectedVersion>();
        let given = self.get::<Given>().and_then(|Given(given)| *given);
        if expected.is_none() && given.is_none() {
            return None;
        }
        let is = |version| {
            expected.is_none_or(|expected| expected.is(version)) && given.is_none_or(|given| given == version)
        };
        Some(version().is_some_and(is))
    }
}

impl Declaration {
    /// Whether callers may say which version of the target they know.
    #[must_use]
    pub fn expects_version(&self) -> bool {
        self.versioning.expectation.is_some()
    }

    /// Whether callers have to say which version of the target they know.
    #[must_use]
    pub fn requires_version(&self) -> bool {
        self.versioning.expectation.as_ref().is_some_and(|expectation| expectation.required)
    }

    /// The argument by which they say it, where it is one.
    #[must_use]
    pub fn version_argument(&self) -> Option<&'static str> {
        self.expects_version().then_some(ARGUMENT)
    }

    /// Whether answers have a version.
    #[must_use]
    pub fn answers_version(&self) -> bool {
        self.versioning.field.is_some()
    }

    /// The version in an answer; `None` where there is none.
    #[must_use]
    pub fn version_in(&self, json: &str) -> Option<Version> {
        let field = self.versioning.field.as_deref()?;
        let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
        serde_json::from_str::<Option<Version>>(members.get(field)?.get()).ok()?
    }

    /// Whether the caller said which version they know, where they have to.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionRequired`]: they did not.
    pub fn check_expected(&self, call: &Call) -> Result<()> {
        if let (Some(item), Some(ItemCalls(calls))) = (self.bulk().and_then(Bulk::item), call.get()) {
            let each = calls.iter().enumerate().filter_map(|(index, call)| Some((index, call.as_ref().ok()?)));
            let mut checked = each.map(|(index, call)| item.check_expected(call).map_err(|error| error.at_item(index)));
            return checked.find(Result::is_err).filter(|_| !self.is_per_item()).unwrap_or(Ok(()));
        }
        if self.requires_version() && call.knows(|| None).is_none() { Err(required()) } else { Ok(()) }
    }

    /// Whether the target, which is in the call, has a version that the caller knows.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`]: it has another one. As [`Declaration::check_expected`].
    pub fn check_version(&self, call: &Call) -> Result<()> {
        self.check_expected(call)?;
        let Some(expectation) = &self.versioning.expectation else { return Ok(()) };
        if call.knows(|| (expectation.of)(call)) == Some(false) { Err(changed()) } else { Ok(()) }
    }

    /// Adds the argument, and finds the version in the answer, once all else is known.
    pub(crate) fn finish_version<View: JsonSchema>(&mut self) {
        if self.expects_version() {
            self.signature.arguments(Ok(argument()));
        }
        if self.cardinality == Cardinality::List || self.form() != Form::Json {
            return;
        }
        let mut found = schema::versions::<View>();
        self.versioning.field = found.pop();
        if !found.is_empty() {
            let mistake = "answers with two versions, and an answer has one entity tag; write one of them as an `i64`";
            self.mistakes.push(mistake.to_owned());
        }
    }

    /// The field of the answer that is its version.
    pub(crate) fn version_field(&self) -> Option<&str> {
        self.versioning.field.as_deref()
    }

    pub(crate) fn check_versioning(&self, found: &mut Vec<String>) {
        if self.expects_version() && !matches!(self.lock, Lock::Update | Lock::NoKeyUpdate) {
            found.push(
                "compares the version of a row that others can lock as well, so that two calls could both find the one they know; leave out `.lock(…)`, or write `Lock::NoKeyUpdate`"
                    .to_owned(),
            );
        }
    }
}

fn argument() -> ArgumentSet {
    #[derive(Deserialize)]
    struct Asked {
        expected_version: Option<Version>,
    }
    let schema = serde_json::json!({
        "type": "integer",
        "format": "int64",
        "description": "The version that you read. If it has changed since, nothing is done: read again.",
    });
    let properties = Map::from_iter([(ARGUMENT.to_owned(), schema)]);
    let convert = |asked: Asked| Ok::<_, Vec<FieldError>>(Given(asked.expected_version));
    ArgumentSet::custom(Owner::Version, properties, convert)
}

fn changed() -> Error {
    let detail = "this was changed since you read it, and nothing was done; read it again, look at what it says now, and send the version of that";
    Error::new(ErrorKind::PreconditionFailed, "precondition_failed", detail)
}

fn required() -> Error {
    let detail = "this has to say which version it is meant for, so that it undoes nobody's change: read first, then send the `ETag` of the answer as the header `If-Match`; over MCP the `version` as the argument `expected_version`";
    Error::new(ErrorKind::PreconditionRequired, "precondition_required", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Serialize, JsonSchema)]
    struct Inner {
        id: i64,
        /// Which one.
        revision: Version,
    }

    #[derive(Serialize, JsonSchema)]
    struct View {
        #[serde(flatten)]
        inner: Inner,
        lines: Vec<Inner>,
        last: Option<Inner>,
    }

    #[test]
    fn a_version_of_an_answer_is_found_by_its_type() {
        assert_eq!(schema::versions::<Inner>(), ["revision"]);
        assert_eq!(schema::versions::<View>(), ["revision"], "not those of what is in it");
        assert!(schema::versions::<Vec<Inner>>().is_empty());
        let shown = schema::output::<View>();
        assert!(!shown.to_string().contains(schema::VERSION), "{shown}");
        let expected = json!({"type": "integer", "format": "int64", "description": "Which one."});
        assert_eq!(shown["properties"]["revision"], expected);
    }

    #[test]
    fn a_version_is_a_number() {
        assert_eq!(serde_json::to_string(&Version::new(7)).unwrap(), "7");
        assert_eq!(serde_json::from_str::<Version>("-7").unwrap(), Version::new(-7));
        assert_ne!(Version::new(i64::MAX).next(), Version::new(i64::MAX));
    }
}

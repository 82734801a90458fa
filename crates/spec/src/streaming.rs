//! Lists that can be read whole, row by row.

use crate::{ACTIONS, Declaration, Error, FieldError, Form, Hidden, Owner, Result, arguments::Arguments, schema};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, sync::LazyLock, time::Duration};

static NO_DEFINITIONS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// How a list is read whole, declared with `.stream(…)`: by clients that ask for `application/x-ndjson`, `application/jsonl` or
/// `text/csv`, over REST.
///
/// ```
/// use diptych_spec::Streaming;
/// use std::time::Duration;
///
/// let export = Streaming::default().max_rows(5_000_000).deadline(Duration::from_secs(30 * 60)).file_name("invoices");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it does nothing until it is given to `.stream(…)`"]
pub struct Streaming {
    max_rows: u64,
    deadline: Duration,
    file_name: Option<Cow<'static, str>>,
    exact_text: bool,
}

impl Default for Streaming {
    fn default() -> Self {
        Self { max_rows: 1_000_000, deadline: Duration::from_secs(10 * 60), file_name: None, exact_text: false }
    }
}

impl Streaming {
    /// The most rows; 1,000,000 unless said otherwise. A stream that would have more is broken off, never ended as if it were whole.
    pub fn max_rows(mut self, rows: u64) -> Self {
        self.max_rows = rows;
        self
    }

    /// How long it may take until the client has the last row; 10 minutes unless said otherwise. Then it is broken off.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The name of the file as which a browser saves the CSV, without `.csv`; the operation's unless said otherwise.
    pub fn file_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Writes texts into the CSV as they are. Unless this is said, one that a spreadsheet would take for a formula (it begins with `=`,
    /// `+`, `-`, `@`, a tab or a line break) has a `'` in front. For CSV that programs read.
    pub fn exact_text(mut self) -> Self {
        self.exact_text = true;
        self
    }

    /// The most rows.
    #[must_use]
    pub fn most_rows(&self) -> u64 {
        self.max_rows
    }

    /// How long it may take.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.deadline
    }

    /// Whether texts that a spreadsheet would take for formulas are changed.
    #[must_use]
    pub fn quotes_formulas(&self) -> bool {
        !self.exact_text
    }
}

impl Declaration {
    /// How it is read whole, if it can be.
    #[must_use]
    pub fn streaming(&self) -> Option<&Streaming> {
        self.list.streaming.as_ref()
    }

    /// The name of the file as which its CSV is saved.
    #[must_use]
    pub fn stream_file_name(&self) -> String {
        let name = self.streaming().and_then(|streaming| streaming.file_name.as_deref());
        format!("{}.csv", name.unwrap_or(&self.name))
    }

    /// The JSON Schema of all of its rows, as an array, by that of its answer.
    #[must_use]
    pub fn rows_schema(&self, output: &Value) -> Option<Value> {
        let definitions = output.get("$defs").and_then(Value::as_object).unwrap_or(&NO_DEFINITIONS);
        let row = schema::items(schema::properties(output, definitions)?.get("items")?, definitions)?;
        let mut rows = json!({"type": "array", "items": row});
        if let Some(defs) = output.get("$defs") {
            rows["$defs"] = defs.clone();
        }
        Some(rows)
    }

    /// The columns of its rows as CSV: the fields that are not hidden, in order of declaration. `None` where a row is not always an object of the same fields.
    #[must_use]
    pub fn csv_columns(&self, hidden: Hidden) -> Option<Vec<&str>> {
        let row = schema::resolve(self.row_schema()?, self.definitions()).as_object()?;
        let open = row.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false));
        let varies = ["anyOf", "oneOf", "allOf", "patternProperties"].iter().any(|keyword| row.contains_key(*keyword));
        let fields = row.get("properties")?.as_object().filter(|fields| !fields.is_empty())?;
        let hidden: Vec<_> = self.hidden_fields(hidden).collect();
        // What is only shown in pages: related rows, and what can be done.
        let beside = |name: &&str| *name == ACTIONS || self.includes.iter().any(|included| included.name() == *name);
        let names = fields.keys().map(String::as_str).filter(|name| !hidden.contains(name) && !beside(name));
        (!open && !varies).then(|| names.collect())
    }

    /// Whether these arguments say nothing of pages and related rows, of which a stream has none.
    ///
    /// # Errors
    /// They do; each field that does.
    pub fn check_unpaged(&self, arguments: &Arguments<'_>) -> Result<()> {
        let why = "a stream has all rows, and nothing besides; leave it out, or ask for application/json";
        let arguments_of = self.arguments().arguments().iter();
        let pages =
            arguments_of.filter(|argument| matches!(argument.owner, Owner::Page | Owner::Include | Owner::Fields));
        let given = pages.filter(|argument| arguments.text(&argument.name).is_some());
        let wrong: Vec<_> = given.map(|page| FieldError::new(format!("/{}", page.name), "stream", why)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
    }

    pub(crate) fn check_streaming(&self, found: &mut Vec<String>) {
        let Some(streaming) = self.streaming() else { return };
        if self.routes.is_empty() {
            found.push(
                "is streamed over REST alone, but has no route; add `.rest(GET, \"/…\")` or leave out `.stream(…)`"
                    .to_owned(),
            );
        }
        if streaming.max_rows == 0 || i64::try_from(streaming.max_rows).is_err() {
            found.push("a stream has at least one row; write `.max_rows(1_000_000)`".to_owned());
        }
        if streaming.deadline.is_zero() {
            found.push("a stream takes some time; write `.deadline(Duration::from_secs(600))`".to_owned());
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if let Some(name) = streaming.file_name.as_deref().filter(|name| name.is_empty() || !name.chars().all(is_plain))
        {
            found.push(format!("`.file_name(\"{name}\")` has to be A-Z, a-z, 0-9, `_`, `-` and `.`"));
        }
        if self.form() != Form::Json {
            found
                .push("is streamed as rows, but answers no JSON; leave out `.stream(…)` or `.mime_type(…)`".to_owned());
        }
    }

    fn row_schema(&self) -> Option<&Value> {
        schema::items(schema::properties(&self.output, self.definitions())?.get("items")?, self.definitions())
    }

    fn definitions(&self) -> &Map<String, Value> {
        self.output.get("$defs").and_then(Value::as_object).unwrap_or(&NO_DEFINITIONS)
    }
}

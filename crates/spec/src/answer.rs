//! The three things a selector can answer, told apart by its return type.

/// A value that is neither a row nor a list: a report, a count.
///
/// `#[selector]` wraps what it is not told to be a row (`Option<Row>`) or a list (`Select<Row>`); with `from_fn` you
/// write it yourself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<T>(pub T);

/// What a selector returns: `Select<Row>` is a list, `Option<Row>` one row or 404, [`Value`] anything else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a selector returns",
    label = "not a selector's answer",
    note = "a selector returns `Result<Select<Row>>` (a list), `Result<Option<Row>>` (one row, 404 when `None`) or `Result<AnswerValue<T>>` (any other value; `#[selector]` adds the `AnswerValue` itself)"
)]
pub trait Answer: Send + 'static {
    /// The row, or the value.
    type Item: Send + 'static;
}

impl<T: Send + 'static> Answer for Option<T> {
    type Item = T;
}

impl<T: Send + 'static> Answer for Value<T> {
    type Item = T;
}

/// An answer that is one row or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one row",
    label = "this is for one row, which is an `Option<Row>`",
    note = "a selector with `.permit(…)` or `.allow_none()`, and one that can be a `.target(…)`, returns `Result<Option<Row>>`"
)]
pub trait OneRow: Answer {
    /// The row.
    type Row: Send + 'static;
    /// The row, if it was found.
    fn into_row(self) -> Option<Self::Row>;
}

impl<T: Send + 'static> OneRow for Option<T> {
    type Row = T;
    fn into_row(self) -> Self {
        self
    }
}

/// An answer of rows, one or several: those of other lists can be shown with them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made of rows",
    label = "this is for rows, which are a `Select<Row>` or an `Option<Row>`",
    note = "`.include(…)` shows related rows with each row of an answer; return `Result<Select<Row>>` or `Result<Option<Row>>` from the selector"
)]
pub trait OfRows: Answer {}

impl<T: Send + 'static> OfRows for Option<T> {}

/// An answer that is a list: only lists can be filtered, ordered and paginated.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list",
    label = "this is for lists, which are a `Select<Row>`",
    note = "to filter, order or paginate, return `Result<Select<Row>>` from the selector; `.output(…)` takes a function that returns `Select<Row>`"
)]
pub trait List: Answer {
    /// The columns of a row, in order.
    const COLUMNS: &'static [&'static str];
    /// The list itself; naming it like this, what is no list is no other error either.
    type Query: Send + 'static;
    /// The list itself.
    fn into_query(self) -> Self::Query;
}

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
    note = "a selector returns `Result<Select<Row>>` (a list), `Result<Option<Row>>` (one row, 404 when `None`) or `Result<Value<T>>` (any other value; `#[selector]` adds the `Value` itself)"
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

/// An answer that is a list: only lists can be filtered, ordered and paginated.
#[diagnostic::on_unimplemented(
    message = "only a list can be filtered, ordered and paginated",
    label = "this selector does not return `Select<Row>`",
    note = "return `Result<Select<Row>>` from the selector"
)]
pub trait List: Answer {
    /// The columns of a row, in order.
    const COLUMNS: &'static [&'static str];
}

//! The output serializer: from what an operation computed to what a caller sees.

use crate::AnswerData;
use std::marker::PhantomData;

/// Turns a value into its view.
#[diagnostic::on_unimplemented(
    message = "`{T}` has no output serializer",
    label = "callers cannot be shown a `{T}`",
    note = "add `.present::<View>()` to the spec, where `View` is `From<{T}>`, `Serialize` and `JsonSchema`, or put `#[derive(Serialize, JsonSchema)]` on `{T}`"
)]
pub trait Presenter<T>: Send + Sync + 'static {
    /// What the caller sees.
    type View: AnswerData;
    /// The view of a value.
    fn present(value: T) -> Self::View;
}

/// The value is its own view.
#[derive(Debug, Clone, Copy)]
pub struct AsIs;

#[diagnostic::do_not_recommend]
impl<T: AnswerData> Presenter<T> for AsIs {
    type View = T;
    fn present(value: T) -> T {
        value
    }
}

/// The view is a `V`, made with `V::from`.
#[derive(Debug, Clone, Copy)]
pub struct As<V>(PhantomData<fn() -> V>);

impl<T, V: From<T> + AnswerData> Presenter<T> for As<V> {
    type View = V;
    fn present(value: T) -> V {
        V::from(value)
    }
}

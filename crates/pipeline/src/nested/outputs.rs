//! What the steps of a chain gave back: a tuple that grows.

/// A tuple that one more value fits into.
#[diagnostic::on_unimplemented(
    message = "a chain has at most 8 steps",
    label = "one step too many",
    note = "write a function under `#[service]` that takes a `Calls`, and call them one after the other"
)]
pub trait Append<T>: Sized {
    /// The longer one.
    type All: Send + Sync + 'static;
    #[doc(hidden)]
    fn append(self, value: T) -> Self::All;
}

/// A tuple that has a last value.
#[diagnostic::on_unimplemented(
    message = "a chain without steps has no answer",
    label = "no step",
    note = "add a step: `.then::<create_invoice, _>(|new, ()| Input(…))`"
)]
pub trait Ends {
    /// Its type.
    type Last: Send + 'static;
    #[doc(hidden)]
    fn last(self) -> Self::Last;
}

macro_rules! tuples {
    ($($($name:ident),* => $last:ident;)+) => {$(
        impl<$($name,)* $last> Append<$last> for ($($name,)*)
        where
            $($name: Send + Sync + 'static,)*
            $last: Send + Sync + 'static,
        {
            type All = ($($name,)* $last,);
            #[expect(non_snake_case, reason = "a value is named after its type")]
            fn append(self, $last: $last) -> Self::All {
                let ($($name,)*) = self;
                ($($name,)* $last,)
            }
        }

        impl<$($name,)* $last: Send + 'static> Ends for ($($name,)* $last,) {
            type Last = $last;
            #[allow(non_snake_case, unused_variables, reason = "a value is named after its type, and only the last is needed")]
            fn last(self) -> $last {
                let ($($name,)* $last,) = self;
                $last
            }
        }
    )+};
}
tuples! {
    => A;
    A => B;
    A, B => C;
    A, B, C => D;
    A, B, C, D => E;
    A, B, C, D, E => F;
    A, B, C, D, E, F => G;
    A, B, C, D, E, F, G => H;
}

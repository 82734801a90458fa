//! Filters as values: which rows a caller asks for. The pipeline writes the SQL.

use crate::{IntoValue, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The comparisons a filter can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// One of a list; an empty list matches nothing.
    In,
    /// Between two bounds, both included.
    Between,
    /// `IS NULL` for `true`, `IS NOT NULL` for `false`.
    IsNull,
    /// The text contains this, ignoring case; `%` and `_` have no special meaning.
    Contains,
    /// The text starts with this, ignoring case; `%` and `_` have no special meaning.
    StartsWith,
}

/// One condition on one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// The column. From the source code, never from a request.
    pub column: &'static str,
    /// The comparison.
    pub operator: Operator,
    /// The operands: one, two for [`Operator::Between`], any number for [`Operator::In`].
    pub values: Vec<Value>,
}

/// What a filter field may be, and what it compares with.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperandKind {
    Scalar,
    Text,
    Flag,
    List,
    Range,
}

/// The type of a filter field, without its `Option`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be filtered by",
    label = "not a filter operand",
    note = "a filter field is `Option<T>` where `T` is a portable column type, `OneOf<T>` or `Between<T>`"
)]
pub trait Operand: Send {
    #[doc(hidden)]
    const OPERAND: OperandKind;
    /// The values to bind.
    fn into_values(self) -> Vec<Value>;
}

macro_rules! scalar_operands {
    ($($ty:ty => $kind:ident),* $(,)?) => {$(
        impl Operand for $ty {
            const OPERAND: OperandKind = OperandKind::$kind;
            fn into_values(self) -> Vec<Value> {
                vec![self.into_value()]
            }
        }
    )*};
}
scalar_operands! {
    bool => Flag, i16 => Scalar, i32 => Scalar, i64 => Scalar, f32 => Scalar, f64 => Scalar, String => Text,
    uuid::Uuid => Scalar, chrono::DateTime<chrono::Utc> => Scalar, chrono::NaiveDateTime => Scalar,
    chrono::NaiveDate => Scalar, chrono::NaiveTime => Scalar,
}

/// The operator of a field that declares none.
#[doc(hidden)]
#[must_use]
pub const fn default_operator(kind: OperandKind) -> Operator {
    match kind {
        OperandKind::Scalar | OperandKind::Text | OperandKind::Flag => Operator::Equal,
        OperandKind::List => Operator::In,
        OperandKind::Range => Operator::Between,
    }
}

/// Whether `operator` makes sense for the field's type; asserted at compile time by `derive(Filter)`.
#[doc(hidden)]
#[must_use]
pub const fn accepts(kind: OperandKind, operator: Operator) -> bool {
    match operator {
        Operator::Equal | Operator::NotEqual => {
            matches!(kind, OperandKind::Scalar | OperandKind::Text | OperandKind::Flag)
        }
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            matches!(kind, OperandKind::Scalar | OperandKind::Text)
        }
        Operator::In => matches!(kind, OperandKind::List),
        Operator::Between => matches!(kind, OperandKind::Range),
        Operator::IsNull => matches!(kind, OperandKind::Flag),
        Operator::Contains | Operator::StartsWith => matches!(kind, OperandKind::Text),
    }
}

/// Any of these values: `?status=draft&status=sent`, `{"status": ["draft", "sent"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OneOf<T>(pub Vec<T>);

impl<T: JsonSchema> JsonSchema for OneOf<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOf_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": generator.subschema_for::<T>(), "maxItems": MAX_OPERANDS})
    }
}

/// A list operand longer than this is refused: every element is a bound parameter.
pub(crate) const MAX_OPERANDS: usize = 100;

impl<T: IntoValue> Operand for OneOf<T> {
    const OPERAND: OperandKind = OperandKind::List;
    fn into_values(self) -> Vec<Value> {
        self.0.into_iter().map(IntoValue::into_value).collect()
    }
}

/// Between two bounds, both included: `?amount=10&amount=20`, `{"amount": [10, 20]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Between<T>(pub T, pub T);

impl<T: JsonSchema> JsonSchema for Between<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Between_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": generator.subschema_for::<T>(), "minItems": 2, "maxItems": 2})
    }
}

impl<T: IntoValue> Operand for Between<T> {
    const OPERAND: OperandKind = OperandKind::Range;
    fn into_values(self) -> Vec<Value> {
        vec![self.0.into_value(), self.1.into_value()]
    }
}

/// The filters of a list, declared with `#[derive(Filter)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a filter",
    label = "not a filter",
    note = "put `#[derive(Deserialize, JsonSchema, Filter)]` on a struct whose fields are all `Option<…>`"
)]
pub trait Filter: Send + Sync + 'static {
    /// The columns that are filtered by, for the check when the server is built.
    const COLUMNS: &'static [&'static str];
    /// The conditions of the fields that were given; all have to hold.
    fn into_predicates(self) -> Vec<Predicate>;
}

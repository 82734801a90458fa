//! Many items in one call: all or nothing, or each for itself.
//!
//! A service of one item is divided in two: what is declared of one item, and the call with the list `items`, in which each item is the
//! arguments of one call. A function that takes the list itself ([`Many`]) is not divided.

mod checks;
mod divide;
mod share;

pub(crate) use share::Share;

use crate::{ArgumentSet, Call, Declaration, FromCall, InputData, ItemCalls, Result, Signature, call::misplaced};
use std::{ops::Deref, ops::RangeInclusive, sync::Arc};

/// How many items there are unless the spec says otherwise.
pub(crate) const USUAL: (usize, usize) = (1, 100);

/// The items of a call, each validated: the list `items`, on every surface. For a service that works on a set at once.
///
/// Between 1 and 100 unless [`crate::ServiceSpec::bulk`] says otherwise. Every broken rule of every item is told at once
/// (`/items/3/cents`). An error that one item is the cause of is returned with [`crate::Error::at_item`].
///
/// ```
/// # use diptych_spec::{Error, Many, Result};
/// # use schemars::JsonSchema;
/// # use serde::Deserialize;
/// # use validator::Validate;
/// #[derive(Deserialize, JsonSchema, Validate)]
/// struct NewTag {
///     #[validate(length(min = 1, max = 40))]
///     name: String,
/// }
///
/// async fn add_tags(Many(tags): Many<NewTag>) -> Result<()> {
///     match tags.iter().position(|tag| tag.name == "all") {
///         Some(index) => Err(Error::conflict("reserved", "this name is taken").at_item(index)),
///         None => Ok(()),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Many<T>(pub Vec<T>);

impl<T: InputData> FromCall for Many<T> {
    fn describe(signature: &mut Signature) {
        signature.many::<T>();
    }

    async fn from_call(call: &mut Call) -> Result<Self> {
        let ItemCalls(items) = call.take().ok_or_else(|| misplaced::<T>("Many"))?;
        let values = items.into_iter().map(|item| item?.take::<T>().ok_or_else(|| misplaced::<T>("Many")));
        values.collect::<Result<_>>().map(Self)
    }
}

impl<T> Deref for Many<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// What a declaration says of its items.
#[derive(Debug)]
pub struct Bulk {
    least: usize,
    most: usize,
    is_per_item: bool,
    item: Option<Arc<Declaration>>,
}

impl Bulk {
    pub(crate) fn new(items: RangeInclusive<usize>, is_per_item: bool) -> Self {
        Self { least: *items.start(), most: *items.end(), is_per_item, item: None }
    }

    /// The fewest items of a call.
    #[must_use]
    pub fn least(&self) -> usize {
        self.least
    }

    /// The most items of a call.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether each item is kept or undone for itself, and answered for itself.
    #[must_use]
    pub fn is_per_item(&self) -> bool {
        self.is_per_item
    }

    /// What is declared of one item, where the function is one of one item.
    #[must_use]
    pub fn item(&self) -> Option<&Arc<Declaration>> {
        self.item.as_ref()
    }
}

impl Declaration {
    /// What it says of its items, where a call has a list of them.
    #[must_use]
    pub fn bulk(&self) -> Option<&Bulk> {
        self.bulk.as_ref()
    }

    /// Whether each of its items is kept or undone for itself.
    #[must_use]
    pub fn is_per_item(&self) -> bool {
        self.bulk.as_ref().is_some_and(Bulk::is_per_item)
    }

    /// The most that a call counts for every limit: its cost, for each of its items.
    #[must_use]
    pub fn most_cost(&self) -> u32 {
        let items = self.bulk.as_ref().map_or(1, |bulk| u32::try_from(bulk.most).unwrap_or(u32::MAX));
        self.cost.saturating_mul(items.max(1))
    }
}

impl Signature {
    /// The handler takes a list of items, each a `T`.
    pub(crate) fn many<T: InputData>(&mut self) {
        self.takes_many = true;
        let table = ArgumentSet::validated::<T>().map(|set| {
            let mut table = crate::ArgumentTable::default();
            self.mistakes.extend(table.add(set));
            table
        });
        self.arguments(table.map(|table| ArgumentSet::items(Arc::new(table), USUAL, false)));
    }
}

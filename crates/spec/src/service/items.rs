//! A service of one item, called with many.

use super::ServiceSpec;
use crate::bulk::Bulk;
use std::{borrow::Cow, ops::RangeInclusive};

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// Another name than that of the function: for one that is declared twice, for one item and for many.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.name = name.into();
        self
    }

    /// A call has a list of so many `items`, in one transaction, **all or nothing**.
    ///
    /// A function of one item runs for each, in order; an item is the arguments of one call, its target's included. The answer is
    /// `{"items": […]}`, one for each. Every wrong field of every item is told at once, before a transaction is opened; an error of item
    /// 3 names `/items/3`, and nothing of any item is kept. A function that takes the list itself ([`crate::Many`]) runs once.
    ///
    /// Every item counts for limits as a call of its own.
    ///
    /// ```
    /// # use diptych_spec::{Args, Result, ServiceSpec};
    /// # #[derive(serde::Deserialize, schemars::JsonSchema)] struct New { n: i64 }
    /// let add = async |_: &mut (), Args(New { n }): Args<New>| -> Result<()> { Ok(()) };
    /// let spec = ServiceSpec::from_fn("numbers.add", add).named("numbers.add_many").bulk(1..=100);
    /// ```
    pub fn bulk(mut self, items: RangeInclusive<usize>) -> Self {
        self.declare_items(Bulk::new(items, false));
        self
    }

    /// A call has a list of so many `items`, in one transaction, **each for itself**: an item that fails is undone alone, to its
    /// savepoint, and the others are kept.
    ///
    /// The answer says of each item what a call of it alone would have answered, as `{"succeeded": 1, "failed": 1, "items": [{"index":
    /// 0, "status": 201, "value": {…}}, {"index": 1, "status": 409, "problem": {…}}]}`; over REST under 207. What is no item's fault
    /// fails the whole call: a lost connection, a serialization failure, the deadline, a fault of the server.
    ///
    /// Every item counts for limits as a call of its own.
    pub fn per_item(mut self, items: RangeInclusive<usize>) -> Self {
        self.declare_items(Bulk::new(items, true));
        self
    }

    fn declare_items(&mut self, bulk: Bulk) {
        if self.declaration.bulk.replace(bulk).is_some() {
            let mistake = "says twice how its items are taken; leave out one of `.bulk(…)` and `.per_item(…)`";
            self.declaration.mistakes.push(mistake.to_owned());
        }
    }
}

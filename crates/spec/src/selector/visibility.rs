//! Fields of the answer that are not for everybody.

use super::SelectorSpec;
use crate::{
    Audience, FieldSet, Permission,
    visibility::{ShownTo, Visibility},
};
use std::sync::Arc;

impl<H, V> SelectorSpec<H, V> {
    /// Shows these fields, of the answer or of the rows of a list, only to callers with this permission: to others they are neither in
    /// the answer nor in its schema, and no filter or order tells of them. May be called several times.
    pub fn visible(mut self, fields: impl Into<FieldSet>, permission: impl Permission) -> Self {
        let shown_to = ShownTo::Allowed(Arc::new(permission));
        self.declaration.visibility.push(Visibility { fields: fields.into(), shown_to });
        self
    }

    /// Shows these fields only to people, or only to agents; see [`Audience`]. May be called several times.
    pub fn audience(mut self, fields: impl Into<FieldSet>, audience: Audience) -> Self {
        let shown_to = ShownTo::Only(audience);
        self.declaration.visibility.push(Visibility { fields: fields.into(), shown_to });
        self
    }
}

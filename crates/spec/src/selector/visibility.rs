//! Fields of the answer that are not for everybody.

use super::SelectorSpec;
use crate::{Audience, FieldSet, Permission, visibility::ShownTo};
use std::sync::Arc;

impl<H, V> SelectorSpec<H, V> {
    /// Shows these fields, of the answer or of the rows of a list, only to callers with this permission: to others they are neither in
    /// the answer nor in its schema, and no filter or order tells of them. May be called several times.
    pub fn visible(mut self, fields: impl Into<FieldSet>, permission: impl Permission) -> Self {
        self.declaration.show(fields.into(), ShownTo::Allowed(Arc::new(permission)));
        self
    }

    /// Shows these fields only to people, or only to agents; see [`Audience`]. May be called several times.
    pub fn audience(mut self, fields: impl Into<FieldSet>, audience: Audience) -> Self {
        self.declaration.show(fields.into(), ShownTo::Only(audience));
        self
    }
}

//! What a selector's answer over REST can say beside itself.

use super::SelectorSpec;
use std::{borrow::Cow, sync::Arc};

impl<H, V> SelectorSpec<H, V> {
    /// Another status of success, which the function says with [`crate::ResponseHead::status`], and what it means.
    pub fn or_status(mut self, status: u16, means: impl Into<Cow<'static, str>>) -> Self {
        Arc::make_mut(&mut self.declaration.responding).statuses.push((status, means.into()));
        self
    }

    /// A header field that the answer can have, which the function says with [`crate::ResponseHead::header`], and what it says.
    pub fn response_header(mut self, name: impl Into<Cow<'static, str>>, says: impl Into<Cow<'static, str>>) -> Self {
        Arc::make_mut(&mut self.declaration.responding).headers.push((name.into(), says.into()));
        self
    }

    /// A cookie that the answer can set, which the function does with [`crate::ResponseHead::cookie`], and what it is for.
    pub fn response_cookie(mut self, name: impl Into<Cow<'static, str>>, is_for: impl Into<Cow<'static, str>>) -> Self {
        Arc::make_mut(&mut self.declaration.responding).cookies.push((name.into(), is_for.into()));
        self
    }
}

//! Icons of servers, tools and resources (MCP 2025-11-25, basic, Icons).

use serde::Serialize;
use std::borrow::Cow;

/// A picture that clients may show beside a name.
///
/// ```
/// use diptych_spec::Icon;
///
/// let icon = Icon::new("https://example.com/invoice.svg", "image/svg+xml").sizes(["any"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    src: Cow<'static, str>,
    mime_type: Cow<'static, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sizes: Vec<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<IconTheme>,
}

/// The background that an icon is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IconTheme {
    /// A light one.
    Light,
    /// A dark one.
    Dark,
}

/// What clients have to be able to show, and two more that most do.
const MIME_TYPES: [&str; 5] = ["image/png", "image/jpeg", "image/jpg", "image/svg+xml", "image/webp"];

impl Icon {
    /// The picture at an `https:` URL, or in a `data:` URL. Its media type is `image/png`, `image/jpeg`, `image/svg+xml` or
    /// `image/webp`.
    pub fn new(src: impl Into<Cow<'static, str>>, mime_type: impl Into<Cow<'static, str>>) -> Self {
        Self { src: src.into(), mime_type: mime_type.into(), sizes: Vec::new(), theme: None }
    }

    /// The sizes that it is good for, such as `48x48`, or `any` for what can be scaled. Without, it is good for all.
    #[must_use]
    pub fn sizes<S: Into<Cow<'static, str>>>(mut self, sizes: impl IntoIterator<Item = S>) -> Self {
        self.sizes.extend(sizes.into_iter().map(Into::into));
        self
    }

    /// The background that it is made for. Without, it fits every one.
    #[must_use]
    pub fn theme(mut self, theme: IconTheme) -> Self {
        self.theme = Some(theme);
        self
    }

    /// What is wrong with it, for whoever declared it.
    #[doc(hidden)]
    #[must_use]
    pub fn mistake(&self) -> Option<String> {
        // The start of it: a picture can be inside.
        let src: String = self.src.chars().take(60).collect();
        if !["https://", "data:"].iter().any(|scheme| self.src.starts_with(scheme)) {
            return Some(format!("the icon `{src}` has to be at an `https:` URL, or in a `data:` URL"));
        }
        if !MIME_TYPES.contains(&&*self.mime_type) {
            return Some(format!(
                "the icon `{src}` is of `{}`; clients show image/png, image/jpeg, image/svg+xml and image/webp",
                self.mime_type
            ));
        }
        let wrong = self.sizes.iter().find(|size| !is_size(size))?;
        Some(format!("the icon `{src}` has the size `{wrong}`; write it as `48x48`, or `any`"))
    }
}

fn is_size(size: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    size == "any" || size.split_once('x').is_some_and(|(width, height)| number(width) && number(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_clients_may_fetch_and_show() {
        let icon = |src, mime_type, size| Icon::new(src, mime_type).sizes([size]).mistake().is_none();
        for (src, mime_type, size, good) in [
            ("https://a.example/i.png", "image/png", "48x48", true),
            ("data:image/svg+xml;base64,AA", "image/svg+xml", "any", true),
            ("http://a.example/i.png", "image/png", "any", false),
            ("javascript:alert(1)", "image/png", "any", false),
            ("file:///i.png", "image/png", "any", false),
            ("https://a.example/i.gif", "image/gif", "any", false),
            ("https://a.example/i.png", "image/png", "48", false),
            ("https://a.example/i.png", "image/png", "48x", false),
        ] {
            assert_eq!(icon(src, mime_type, size), good, "{src} {mime_type} {size}");
        }
    }
}

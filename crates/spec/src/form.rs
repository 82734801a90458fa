//! In which form an answer goes out: JSON, content blocks, or a body of a media type of its own.

use crate::{Blob, Content, Contents};
use std::any::TypeId;

/// The form of an answer, by what it is shown as and the media type that was declared.
///
/// An answer is encoded as JSON in each of them; the form says what a surface makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'d> {
    /// JSON. Over MCP it is structured content.
    Json,
    /// A JSON array of content blocks.
    Contents,
    /// A JSON string whose text is of this media type.
    Text(&'d str),
    /// A JSON string whose base64 stands for bytes of this media type.
    Blob(&'d str),
}

impl<'d> Form<'d> {
    /// The media type of the answer itself.
    #[must_use]
    pub fn mime_type(self) -> &'d str {
        match self {
            Self::Json | Self::Contents => "application/json",
            Self::Text(mime_type) | Self::Blob(mime_type) => mime_type,
        }
    }
}

/// What the type of an answer makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Json,
    Contents,
    Text,
    Blob,
}

impl Shown {
    pub(crate) fn of<View: 'static>() -> Self {
        let view = TypeId::of::<View>();
        if view == TypeId::of::<Contents>() || view == TypeId::of::<Content>() {
            Self::Contents
        } else if view == TypeId::of::<String>() {
            Self::Text
        } else if view == TypeId::of::<Blob>() {
            Self::Blob
        } else {
            Self::Json
        }
    }

    /// The form of it under the media type that was declared, if one was. What does not fit is JSON, and a mistake.
    pub(crate) fn form(self, mime_type: Option<&str>) -> Form<'_> {
        match (self, mime_type) {
            (Self::Contents, _) => Form::Contents,
            (Self::Text, Some(mime_type)) => Form::Text(mime_type),
            (Self::Blob, Some(mime_type)) => Form::Blob(mime_type),
            (Self::Json | Self::Text | Self::Blob, _) => Form::Json,
        }
    }

    /// Why an answer cannot be of this media type.
    pub(crate) fn misfit(self, mime_type: &str) -> Option<String> {
        if !is_media_type(mime_type) {
            return Some(format!(
                "`{mime_type}` is not a media type; write it as `type/subtype`, such as `text/plain`"
            ));
        }
        match self {
            Self::Json => Some(format!(
                "answers JSON, which is not `{mime_type}`; answer a `String` (text) or a `Blob` (bytes), or remove `.mime_type(…)`"
            )),
            Self::Contents => {
                Some("answers content blocks, each with a media type of its own; remove `.mime_type(…)`".to_owned())
            }
            Self::Text if is_binary(mime_type) => {
                Some(format!("answers text, which is not `{mime_type}`; answer a `Blob`"))
            }
            Self::Text | Self::Blob => None,
        }
    }
}

/// RFC 9110, section 8.3.1; parameters may be anything that fits into a header field.
fn is_media_type(text: &str) -> bool {
    let token = |text: &str| !text.is_empty() && text.bytes().all(is_token);
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let named = essence.trim_end().split_once('/').is_some_and(|(ty, subtype)| token(ty) && token(subtype));
    named && parameters.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Types that no text is of.
fn is_binary(mime_type: &str) -> bool {
    let text_inside = mime_type.contains("+xml");
    let binary = ["image/", "audio/", "video/", "application/octet-stream", "application/pdf", "application/zip"];
    !text_inside && binary.iter().any(|start| mime_type.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_fits_what_is_shown() {
        for (shown, mime_type, fits) in [
            (Shown::Text, "text/plain", true),
            (Shown::Text, "text/plain; charset=utf-8", true),
            (Shown::Text, "image/svg+xml", true),
            (Shown::Text, "image/png", false),
            (Shown::Text, "text", false),
            (Shown::Text, "text/", false),
            (Shown::Text, "text/a b", false),
            (Shown::Text, "text/plain; a=\n", false),
            (Shown::Blob, "image/png", true),
            (Shown::Blob, "text/plain", true),
            (Shown::Json, "text/plain", false),
            (Shown::Contents, "text/plain", false),
        ] {
            assert_eq!(shown.misfit(mime_type).is_none(), fits, "{shown:?} {mime_type}");
        }
    }
}

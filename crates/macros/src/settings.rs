//! Our own attributes: `#[filter(column = "amount_cents", op = ">=")]`, `#[problem(conflict, code = "too_large")]`.

use crate::{mistakes::Mistakes, name};
use proc_macro2::Span;
use syn::{Attribute, Ident, LitStr, Meta, Token, spanned::Spanned};

/// What the attributes of one name say: words, and texts by key.
#[derive(Default)]
pub(crate) struct Settings {
    words: Vec<Ident>,
    texts: Vec<(String, LitStr)>,
    place: Option<Span>,
    broken: bool,
}

impl Settings {
    /// Reads `#[name(word, key = "text")]`, of which there may be several.
    pub(crate) fn read(
        attrs: &[Attribute],
        attribute: &str,
        words: &[&str],
        keys: &[&str],
        mistakes: &mut Mistakes,
    ) -> Self {
        let mut settings = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(attribute)) {
            settings.place.get_or_insert(attr.path().span());
            if matches!(attr.meta, Meta::Path(_)) {
                continue;
            }
            let read = attr.parse_nested_meta(|meta| {
                let Some(ident) = meta.path.get_ident() else {
                    return Err(meta.error("expected a word or `key = \"text\"`"));
                };
                let key = name::plain(ident);
                if words.contains(&key.as_str()) && !meta.input.peek(Token![=]) {
                    settings.words.push(ident.clone());
                    return Ok(());
                }
                if !keys.contains(&key.as_str()) {
                    return Err(meta.error(name::unknown(&key, &[words, keys].concat())));
                }
                let text: LitStr = meta.value()?.parse()?;
                if settings.text(&key).is_some() {
                    return Err(meta.error(format!("`{key}` is given twice")));
                }
                settings.texts.push((key, text));
                Ok(())
            });
            settings.broken |= mistakes.take(read).is_none();
        }
        settings
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str) -> Option<&LitStr> {
        self.texts.iter().find(|(known, _)| known == key).map(|(_, text)| text)
    }

    /// The words that stand alone.
    pub(crate) fn words(&self) -> &[Ident] {
        &self.words
    }

    /// Whether something in them could not be read, so that what is missing may just be misspelt.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Where the first of the attributes is.
    pub(crate) fn place(&self) -> Option<Span> {
        self.place
    }

    /// The text of `column`, or `default`; a mistake if it cannot be a column.
    pub(crate) fn column(&self, default: &Ident, fallback: String, mistakes: &mut Mistakes) -> String {
        let given = self.text("column");
        let column = given.map_or(fallback, LitStr::value);
        if !name::is_column(&column) {
            let span = given.map_or(default.span(), LitStr::span);
            mistakes.here(span, format!("`{column}` cannot be a column: write a letter or `_`, then letters, digits and `_`, as in `column = \"amount_cents\"`"));
        }
        column
    }
}

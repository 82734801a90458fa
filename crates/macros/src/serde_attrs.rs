//! What serde calls a variant: a column stores the same text that a caller sends and reads, and a rule that is broken is told by it.

use crate::{mistakes::Mistakes, name};
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Token, Variant, punctuated::Punctuated};

/// The conventions of `#[serde(rename_all = "…")]`.
#[derive(Clone, Copy)]
pub(crate) enum Convention {
    AsWritten,
    Lower,
    Upper,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const CONVENTIONS: [(&str, Convention); 8] = [
    ("PascalCase", Convention::AsWritten),
    ("lowercase", Convention::Lower),
    ("UPPERCASE", Convention::Upper),
    ("camelCase", Convention::Camel),
    ("snake_case", Convention::Snake),
    ("SCREAMING_SNAKE_CASE", Convention::ScreamingSnake),
    ("kebab-case", Convention::Kebab),
    ("SCREAMING-KEBAB-CASE", Convention::ScreamingKebab),
];

impl Convention {
    /// The convention of an enum.
    pub(crate) fn of(attrs: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let Some(text) = text(attrs, "rename_all", mistakes) else {
            return Self::AsWritten;
        };
        let given = text.value();
        if let Some((_, convention)) = CONVENTIONS.iter().find(|(name, _)| *name == given) {
            return *convention;
        }
        mistakes.here(text.span(), name::unknown(&given, &CONVENTIONS.map(|(name, _)| name)));
        Self::AsWritten
    }

    /// What serde calls this variant.
    pub(crate) fn name(self, variant: &Variant, mistakes: &mut Mistakes) -> String {
        match text(&variant.attrs, "rename", mistakes) {
            Some(text) => text.value(),
            None => self.apply(&variant.ident),
        }
    }

    fn apply(self, ident: &Ident) -> String {
        let written = name::plain(ident);
        let snake = name::snake_case(ident);
        match self {
            Self::AsWritten => written,
            Self::Lower => written.to_ascii_lowercase(),
            Self::Upper => written.to_ascii_uppercase(),
            Self::Camel => {
                let (first, rest) = written.split_at(written.chars().next().map_or(0, char::len_utf8));
                first.to_ascii_lowercase() + rest
            }
            Self::Snake => snake,
            Self::ScreamingSnake => snake.to_ascii_uppercase(),
            Self::Kebab => snake.replace('_', "-"),
            Self::ScreamingKebab => snake.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// The text of one key of `#[serde(…)]`. Everything else in there is serde's to check.
pub(crate) fn text(attrs: &[Attribute], key: &str, mistakes: &mut Mistakes) -> Option<LitStr> {
    let mut found = None;
    for meta in metas(attrs).filter(|meta| meta.path().is_ident(key)) {
        match &meta {
            Meta::NameValue(pair) => {
                if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value {
                    found = Some(text.clone());
                }
            }
            _ => mistakes
                .at(&meta, format!("there is one name, the same for reading and writing: write `{key} = \"…\"`")),
        }
    }
    found
}

/// Whether `#[serde(…)]` says this.
pub(crate) fn has(attrs: &[Attribute], key: &str) -> bool {
    metas(attrs).any(|meta| meta.path().is_ident(key))
}

fn metas(attrs: &[Attribute]) -> impl Iterator<Item = Meta> {
    let serde = attrs.iter().filter(|attr| attr.path().is_ident("serde"));
    serde.filter_map(|attr| attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()).flatten()
}

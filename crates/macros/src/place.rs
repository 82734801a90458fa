//! Where a generated use of a type is: exactly at that type, from its first token to its last.
//!
//! Two errors that say the same of the same place are one to rustc, so that a wrong type is reported once however
//! often the expansion uses it.

use crate::shape;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

/// The first and the last token of a type. There is no span from one to the other on stable Rust, but what begins with
/// one and ends with the other is in the right place.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Place {
    /// The place of a type.
    pub(crate) fn of(ty: &impl ToTokens) -> Self {
        let mut spans = ty.to_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self { first, last: spans.last().unwrap_or(first) }
    }
}

/// A type as if all of it were written where its name is. rustc asks for a type's trait again where the future is
/// awaited that the trait gave, and only where both are in the same place is that one error.
pub(crate) fn at_name(ty: &Type) -> TokenStream {
    let name = shape::outer_name(ty).map_or_else(|| Place::of(ty).first, Ident::span);
    moved(name, ty.to_token_stream())
}

fn moved(place: Span, tokens: TokenStream) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = TokenTree::Group(Group::new(group.delimiter(), moved(place, group.stream())));
        }
        // What a name means is up to the place where it was written.
        token.set_span(place.resolved_at(token.span()));
        token
    });
    moved.collect()
}

/// `<T as Trait>::member…`, in the place of `T`.
pub(crate) fn member(ty: &impl ToTokens, path: &TokenStream, member: TokenStream) -> TokenStream {
    let Place { first, last } = Place::of(ty);
    let begin = quote_spanned!(first=> <#ty as #path>::);
    let member = at(last, member);
    quote!(#begin #member)
}

/// These tokens, at this place; groups keep what is inside them.
pub(crate) fn at(span: Span, tokens: TokenStream) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    moved.collect()
}

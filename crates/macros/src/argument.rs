//! One argument of a service, selector or prompt: lent, named or injected by its type.

use crate::{docs, mistakes::Mistakes, name, operation::Kind, settings::Settings, shape};
use quote::{format_ident, quote};
use syn::{Attribute, Ident, Pat, PatType, Type, TypeReference, parse_quote, parse_quote_spanned, spanned::Spanned};

/// One argument.
pub(crate) enum Argument {
    /// `tx: &mut Tx`: lent while the function runs.
    Connection(Type),
    /// `who: &Principal`: taken from the call by its type.
    Injected(Owned),
    /// `#[arg] id: Uuid`: one value by name.
    Named(Owned, NamedArgument),
}

/// The type that is stored, and whether the function gets a reference to it.
pub(crate) struct Owned {
    pub(crate) ty: Type,
    pub(crate) by_ref: bool,
}

/// The field of the hidden struct that `#[arg]`s are gathered in.
pub(crate) struct NamedArgument {
    pub(crate) field: Ident,
    /// What the caller sends.
    pub(crate) wire: String,
    /// Doc comment, `#[serde]` and `#[schemars]`.
    pub(crate) attrs: Vec<Attribute>,
    /// What stands for the type in that struct, unless the attributes speak of the type.
    pub(crate) parameter: Option<Ident>,
}

impl Argument {
    /// Reads one argument; `attrs` are those that were taken from it.
    pub(crate) fn read(kind: Kind, argument: &PatType, attrs: Vec<Attribute>, mistakes: &mut Mistakes) -> Option<Self> {
        for attr in argument.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
            mistakes.at(attr, "an argument is always there: put `#[cfg]` on the function");
        }
        let marked = attrs.iter().any(|attr| attr.path().is_ident("arg"));
        match shape::peel(&argument.ty) {
            Type::Reference(reference) if reference.mutability.is_some() && !marked => {
                connection(kind, reference, mistakes)
            }
            Type::Reference(reference) if reference.mutability.is_some() => {
                mistakes.at(reference, "an `#[arg]` is taken by value or by `&`: remove `mut`");
                None
            }
            ty if marked => named(argument, owned(ty, mistakes)?, attrs, mistakes),
            ty if is_connection(ty) => {
                mistakes.at(ty, lent(kind));
                None
            }
            ty => {
                for attr in attrs.iter().filter(|attr| !docs::is_doc(attr)) {
                    mistakes.at(attr, "this belongs to a named argument: write `#[arg]` before it");
                }
                owned(ty, mistakes).map(Self::Injected)
            }
        }
    }
}

/// `Tx` or `&Tx`.
fn is_connection(ty: &Type) -> bool {
    let inner = if let Type::Reference(reference) = ty { &reference.elem } else { ty };
    shape::outer_name(inner).is_some_and(|name| name == "Tx" || name == "Conn")
}

fn lent(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => "a service is lent its transaction: write `&mut Tx`",
        Kind::Selector => "a selector is lent its connection: write `&mut Conn`",
        Kind::Prompt => "a prompt is lent its connection: write `&mut Conn`",
    }
}

fn connection(kind: Kind, reference: &TypeReference, mistakes: &mut Mistakes) -> Option<Argument> {
    let name = shape::outer_name(&reference.elem).map(Ident::to_string);
    match (kind, name.as_deref()) {
        (Kind::Service, Some("Conn")) => {
            mistakes.at(reference, "a service is lent `&mut Tx`: it runs in a transaction")
        }
        (Kind::Selector, Some("Tx")) => mistakes.at(reference, "a selector only reads: take `&mut Conn`"),
        (Kind::Prompt, Some("Tx")) => mistakes.at(reference, "a prompt only reads: take `&mut Conn`"),
        _ => match shape::borrows(&reference.elem) {
            Some(span) => mistakes.here(span, "the connection's type borrows: name it without lifetimes"),
            None => return Some(Argument::Connection((*reference.elem).clone())),
        },
    }
    None
}

fn named(argument: &PatType, owned: Owned, mut attrs: Vec<Attribute>, mistakes: &mut Mistakes) -> Option<Argument> {
    let field = match &*argument.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => pat.ident.clone(),
        pat => {
            mistakes.at(pat, "`#[arg]` needs a plain name, the one that callers use: write `#[arg] id: T`");
            return None;
        }
    };
    let settings = Settings::read(&attrs, "arg", &[], &["rename", "header"], mistakes);
    attrs.retain(|attr| !attr.path().is_ident("arg"));
    let parameter = attrs.iter().all(docs::is_doc).then(|| format_ident!("Of_{}", name::plain(&field)));
    let rename = settings.text("rename");
    if let Some(rename) = rename {
        attrs.push(parse_quote_spanned!(rename.span()=> #[serde(rename = #rename)]));
    }
    if let Some(header) = settings.text("header") {
        attrs.push(parse_quote_spanned!(header.span()=> #[schemars(extend("x-mcp-header" = #header))]));
    }
    let wire = rename.map_or_else(|| name::plain(&field), |rename| rename.value());
    Some(Argument::Named(owned, NamedArgument { field, wire, attrs, parameter }))
}

/// `&T` is stored as `T`, `&str` as `String`, `&[T]` as `Vec<T>`.
fn owned(ty: &Type, mistakes: &mut Mistakes) -> Option<Owned> {
    let (inner, by_ref) = match ty {
        Type::Reference(reference) => {
            if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident != "_") {
                mistakes.at(lifetime, "an argument lives as long as the call: leave the lifetime out");
            }
            (&*reference.elem, true)
        }
        ty => (ty, false),
    };
    if let Some(span) = shape::impl_trait(inner) {
        mistakes.here(span, "an argument is found by its type: name a concrete type instead of `impl Trait`");
        return None;
    }
    if let Some(span) = shape::borrows(inner) {
        mistakes.here(span, "an argument owns what it holds: write an owned type, or `&` before the whole type");
        return None;
    }
    let ty = match shape::peel(inner) {
        Type::Slice(slice) if by_ref => {
            let item = &slice.elem;
            parse_quote!(::std::vec::Vec<#item>)
        }
        Type::Path(path) if by_ref && path.path.is_ident("str") => {
            parse_quote_spanned!(inner.span()=> ::std::string::String)
        }
        ty => ty.clone(),
    };
    Some(Owned { ty, by_ref })
}

impl Owned {
    /// How `value` is passed to the function.
    pub(crate) fn pass(&self, value: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
        if self.by_ref { quote!(&#value) } else { value }
    }
}

//! The shape of what a macro is put on: a struct's named fields, an enum's variants, a type's outermost name.

use crate::mistakes::Mistakes;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Data, DeriveInput, Field, Fields, GenericArgument, Ident, PathArguments, Type, Variant, parse_quote};

/// A named field.
pub(crate) struct NamedField<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) field: &'a Field,
}

/// The fields of a struct that has names for them and no generics.
pub(crate) fn named_fields<'a>(input: &'a DeriveInput, derive: &str, mistakes: &mut Mistakes) -> Vec<NamedField<'a>> {
    refuse_generics(input, derive, mistakes);
    let named = match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => data.fields.iter(),
        _ => {
            mistakes.at(
                &input.ident,
                format!("`derive({derive})` goes on a struct with named fields: `struct {} {{ … }}`", input.ident),
            );
            return Vec::new();
        }
    };
    named.filter_map(|field| Some(NamedField { ident: field.ident.as_ref()?, field })).collect()
}

/// The variants of an enum without fields and generics.
pub(crate) fn plain_variants<'a>(input: &'a DeriveInput, derive: &str, mistakes: &mut Mistakes) -> Vec<&'a Variant> {
    refuse_generics(input, derive, mistakes);
    let Data::Enum(data) = &input.data else {
        mistakes
            .at(&input.ident, format!("`derive({derive})` goes on a field-less enum: `enum {} {{ … }}`", input.ident));
        return Vec::new();
    };
    if data.variants.is_empty() {
        mistakes.at(&input.ident, format!("`{}` has no variants: write at least one", input.ident));
    }
    for variant in data.variants.iter().filter(|variant| !matches!(variant.fields, Fields::Unit)) {
        mistakes.at(
            &variant.fields,
            format!("`derive({derive})` needs variants without fields: write `{}`", variant.ident),
        );
    }
    data.variants.iter().collect()
}

/// A mistake at the generics, if there are any.
pub(crate) fn refuse_generics(input: &DeriveInput, derive: &str, mistakes: &mut Mistakes) {
    if !input.generics.params.is_empty() {
        mistakes.at(
            &input.generics.params,
            format!("`derive({derive})` is not for generic types: write the concrete type"),
        );
    }
}

/// `diptych::Tx` → `Tx`.
pub(crate) fn outer_name(ty: &Type) -> Option<&Ident> {
    match peel(ty) {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// `Option<T>` → the first type in the angle brackets.
pub(crate) fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel(ty) else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The `T` of `Option<T>` and `Vec<T>`, however deep, or the type itself.
pub(crate) fn content(ty: &Type) -> &Type {
    first_argument(ty).filter(|_| is_container(ty)).map_or(ty, content)
}

fn is_container(ty: &Type) -> bool {
    outer_name(ty).is_some_and(|name| name == "Option" || name == "Vec")
}

/// The same type with another content.
pub(crate) fn with_content(ty: &Type, new: &Ident) -> Type {
    let mut ty = peel(ty).clone();
    if is_container(&ty)
        && let Some(inner) = first_argument_mut(&mut ty)
    {
        *inner = with_content(inner, new);
        return ty;
    }
    parse_quote!(#new)
}

fn first_argument_mut(ty: &mut Type) -> Option<&mut Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &mut path.path.segments.last_mut()?.arguments else {
        return None;
    };
    arguments.args.iter_mut().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The type inside the parentheses that `macro_rules!` and people put around types.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        ty => ty,
    }
}

/// Where a type borrows something that is not `'static`.
pub(crate) fn borrows(ty: impl ToTokens) -> Option<Span> {
    find(ty.to_token_stream(), &|tokens| match tokens {
        [TokenTree::Punct(and), rest @ ..] if and.as_char() == '&' => {
            !matches!(rest, [TokenTree::Punct(tick), ..] if tick.as_char() == '\'')
        }
        [TokenTree::Punct(tick), TokenTree::Ident(name), ..] => tick.as_char() == '\'' && name != "static",
        _ => false,
    })
}

/// Where a type says `impl Trait`.
pub(crate) fn impl_trait(ty: impl ToTokens) -> Option<Span> {
    find(ty.to_token_stream(), &|tokens| matches!(tokens, [TokenTree::Ident(name), ..] if name == "impl"))
}

fn find(tokens: TokenStream, found: &dyn Fn(&[TokenTree]) -> bool) -> Option<Span> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    (0..tokens.len()).find_map(|at| match &tokens[at] {
        _ if found(&tokens[at..]) => Some(tokens[at].span()),
        TokenTree::Group(group) if group.delimiter() != Delimiter::Brace => find(group.stream(), found),
        _ => None,
    })
}

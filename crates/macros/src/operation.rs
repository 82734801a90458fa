//! `#[service("name")]`, `#[selector("name")]` and `#[prompt("name")]`: what the attribute reads off an `async fn`, every mistake at once.

use crate::{argument::Argument, docs, expand, fallback, function::Function, mistakes::Mistakes, name, shape};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use std::fmt;
use syn::{FnArg, LitStr, ReturnType, Safety, Signature, Type};

/// A write, a read, or a read that makes messages for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Service,
    Selector,
    Prompt,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Selector => "selector",
            Self::Prompt => "prompt",
        })
    }
}

/// What is known of a service, selector or prompt that has no mistake a macro can see.
pub(crate) struct Operation<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: LitStr,
    pub(crate) description: String,
    pub(crate) function: &'a Function,
    pub(crate) arguments: Vec<Argument>,
    /// The return type, as written.
    pub(crate) returns: &'a Type,
}

/// The expansion of the attribute.
pub(crate) fn attribute(kind: Kind, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let message = format!("`#[{kind}]` goes on an `async fn`");
            let error = syn::Error::new_spanned(&item, message).into_compile_error();
            return quote!(#error #item);
        }
    };
    let attrs = function.take_argument_attrs();
    match Operation::read(kind, attribute, &function, attrs) {
        Ok(operation) => expand::operation(&operation),
        Err(error) => fallback::operation(kind, &function, &error),
    }
}

impl<'a> Operation<'a> {
    fn read(
        kind: Kind,
        attribute: TokenStream,
        function: &'a Function,
        attrs: Vec<Vec<syn::Attribute>>,
    ) -> syn::Result<Self> {
        let mut mistakes = Mistakes::default();
        let name = mistakes.take(operation_name(kind, attribute));
        check_qualifiers(kind, &function.sig, &mut mistakes);
        let mut arguments = Vec::new();
        for (argument, attrs) in function.sig.inputs.iter().zip(attrs) {
            match argument {
                FnArg::Typed(argument) => {
                    arguments.extend(Argument::read(kind, argument, attrs, &mut mistakes).map(|read| (argument, read)));
                }
                FnArg::Receiver(receiver) => mistakes.at(
                    receiver,
                    format!(
                        "a {kind} is a free function: move it out of the `impl` and take `State<T>` instead of `self`"
                    ),
                ),
            }
        }
        check_connections(&arguments, &mut mistakes);
        check_names(&arguments, &mut mistakes);
        let returns = return_type(kind, &function.sig, &mut mistakes);
        let (Some(name), Some(returns)) = (name, returns) else {
            return mistakes.or(()).and(Err(syn::Error::new(Span::call_site(), "not an operation")));
        };
        mistakes.or(Self {
            kind,
            name,
            description: docs::text(&function.attrs),
            function,
            arguments: arguments.into_iter().map(|(_, argument)| argument).collect(),
            returns,
        })
    }

    /// The type that is lent while the function runs, if it asks for one.
    pub(crate) fn connection(&self) -> Option<&Type> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::Connection(ty) => Some(ty),
            _ => None,
        })
    }

    /// Whether it is a selector that answers with neither a row nor a list.
    pub(crate) fn answers_value(&self) -> bool {
        self.kind == Kind::Selector && !is_row_or_list(self.returns)
    }
}

fn operation_name(kind: Kind, attribute: TokenStream) -> syn::Result<LitStr> {
    let example = match kind {
        Kind::Service => "invoices.create",
        Kind::Selector => "invoices.list",
        Kind::Prompt => "invoices.reminder",
    };
    let missing = format!("write the name: `#[{kind}(\"{example}\")]`");
    if attribute.is_empty() {
        return Err(syn::Error::new(Span::call_site(), missing));
    }
    let name: LitStr = syn::parse2(attribute.clone()).map_err(|_| syn::Error::new_spanned(attribute, missing))?;
    if name::is_public(&name.value()) {
        Ok(name)
    } else {
        let message =
            "a name is 1 to 64 characters of A-Z, a-z, 0-9, `_`, `-` and `.`, because no MCP client accepts others";
        Err(syn::Error::new(name.span(), message))
    }
}

fn check_qualifiers(kind: Kind, sig: &Signature, mistakes: &mut Mistakes) {
    let plain = |word| format!("a {kind} is a plain `async fn`: remove `{word}`");
    if let Some(token) = &sig.constness {
        mistakes.at(token, plain("const"));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        mistakes.at(token, plain("unsafe"));
    }
    if let Some(abi) = &sig.abi {
        mistakes.at(abi, plain("extern"));
    }
    if sig.asyncness.is_none() {
        mistakes.at(sig.fn_token, format!("a {kind} is async: write `async fn {}`", sig.ident));
    }
    if !sig.generics.params.is_empty() {
        mistakes.at(
            &sig.generics.params,
            format!("a {kind} is not generic, because its schema is one: write the concrete types, and `&T` without a lifetime"),
        );
    }
}

fn check_connections(arguments: &[(&syn::PatType, Argument)], mistakes: &mut Mistakes) {
    let lent = arguments.iter().filter(|(_, argument)| matches!(argument, Argument::Connection(_)));
    for (written, _) in lent.skip(1) {
        mistakes.at(&written.ty, "one `&mut` connection at most: take every other argument by value or by `&`");
    }
}

fn check_names(arguments: &[(&syn::PatType, Argument)], mistakes: &mut Mistakes) {
    let mut seen = Vec::new();
    for (written, argument) in arguments {
        let Argument::Named(_, named) = argument else {
            continue;
        };
        if seen.contains(&&named.wire) {
            mistakes.at(
                &written.pat,
                format!("another argument is called `{}`: give one of them another name", named.wire),
            );
        }
        seen.push(&named.wire);
    }
}

fn return_type<'a>(kind: Kind, sig: &'a Signature, mistakes: &mut Mistakes) -> Option<&'a Type> {
    let ReturnType::Type(_, ty) = &sig.output else {
        let message = match kind {
            Kind::Prompt => "a prompt returns a `Result` of messages: write `-> diptych::Result<String>`".to_owned(),
            _ => {
                format!(
                    "a {kind} returns a `Result`: write `-> diptych::Result<()>`, or what it answers instead of `()`"
                )
            }
        };
        mistakes.at(&sig.ident, message);
        return None;
    };
    if let Some(span) = shape::impl_trait(ty) {
        mistakes
            .here(span, format!("what a {kind} returns has a schema: name a concrete type instead of `impl Trait`"));
        return None;
    }
    if let Some(span) = shape::borrows(ty) {
        mistakes.here(span, format!("what a {kind} returns outlives the call: return an owned type"));
        return None;
    }
    Some(ty)
}

/// Whether a selector answers with a row or a list, which is passed on as it is. Anything else is wrapped.
pub(crate) fn is_row_or_list(returns: &Type) -> bool {
    shape::first_argument(returns).and_then(shape::outer_name).is_some_and(|name| name == "Option" || name == "Select")
}

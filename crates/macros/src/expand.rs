//! A service, selector or prompt as the `impl diptych::Handler` that could have been typed by hand.
//!
//! The function stays as it is. Beside it, in the namespace of types, stands a struct of the same name; everything
//! else is inside `const _`, where it cannot be named and cannot collide.
//!
//! Every use of a type carries that type's own span and asks for the same trait in the same way, so that one wrong
//! type is one error, at that type.

use crate::{
    argument::{Argument, NamedArgument, Owned},
    function::Function,
    operation::{Kind, Operation},
    place::{self, Place},
    shape,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{LitStr, Type};

/// The function and its handler.
pub(crate) fn operation(operation: &Operation<'_>) -> TokenStream {
    let Operation { kind, name, description, function, returns, .. } = operation;
    let ident = &function.sig.ident;
    let handler = handler_struct(function);
    let cfgs = function.cfgs();
    let spec = spec(*kind, function, name, description);
    let arguments = ArgumentCode::of(operation);
    let named_struct = &arguments.named_struct;
    let types = &arguments.types;
    let args = quote_spanned!(function.sig.paren_token.span.join()=> type Args = (#(#types,)*););
    let connection = match (operation.connection(), kind) {
        (Some(ty), _) => quote!(#ty),
        (None, Kind::Service) => quote!(::diptych::Tx),
        (None, Kind::Selector | Kind::Prompt) => quote!(::diptych::Conn),
    };
    let describe = arguments.describe();
    let result = if *kind == Kind::Prompt { is_messages() } else { is_result() };
    let declared = place::member(returns, &result, quote!(declared()));
    let extract = arguments.extract();
    let out = out(operation);
    let invoke = invoke(operation, &arguments);
    let named = named_operation(*kind, function, name);
    let takes = takes(operation);

    quote! {
        #function

        #handler

        #(#cfgs)*
        const _: () = {
            #named_struct

            #spec

            #[automatically_derived]
            impl ::diptych::Handler for #ident {
                type Connection = #connection;
                #args
                #out

                #describe

                fn errors(&self) -> &'static [(::diptych::ErrorKind, &'static str)] {
                    #declared
                }

                #extract

                #invoke
            }

            #named

            #takes
        };
    }
}

/// The struct that stands for the function where a type is asked for.
pub(crate) fn handler_struct(function: &Function) -> TokenStream {
    let (ident, vis, cfgs) = (&function.sig.ident, &function.vis, function.cfgs());
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it has the name of its function")]
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
        #vis struct #ident {}
    }
}

/// `spec()`, with the name and the doc comment filled in.
pub(crate) fn spec(kind: Kind, function: &Function, name: &LitStr, description: &str) -> TokenStream {
    let (ident, vis) = (&function.sig.ident, &function.vis);
    let spec = spec_type(kind);
    let doc = format!("The {kind} `{}`, to be completed and added to the operations.", name.value());
    quote! {
        impl #ident {
            #[doc = #doc]
            #vis fn spec() -> #spec<Self> {
                #spec::new(#name, #description, Self {})
            }
        }
    }
}

/// What other operations call it by.
pub(crate) fn named_operation(kind: Kind, function: &Function, name: &LitStr) -> TokenStream {
    let ident = &function.sig.ident;
    let named = match kind {
        Kind::Service => quote!(NamedService),
        Kind::Selector => quote!(NamedSelector),
        Kind::Prompt => return TokenStream::new(),
    };
    quote! {
        #[automatically_derived]
        impl ::diptych::#named for #ident {
            const NAME: &'static str = #name;
        }
    }
}

/// The type of its input, for those who call it.
fn takes(operation: &Operation<'_>) -> TokenStream {
    let ident = &operation.function.sig.ident;
    let input = operation.arguments.iter().find_map(|argument| match argument {
        Argument::Injected(owned) if shape::outer_name(&owned.ty).is_some_and(|name| name == "Input") => {
            shape::first_argument(&owned.ty)
        }
        _ => None,
    });
    let input = input.filter(|_| operation.kind != Kind::Prompt);
    input.map_or_else(TokenStream::new, |input| {
        quote! {
            #[automatically_derived]
            impl ::diptych::Takes<#input> for #ident {}
        }
    })
}

fn spec_type(kind: Kind) -> TokenStream {
    match kind {
        Kind::Service => quote!(::diptych::ServiceSpec),
        Kind::Selector => quote!(::diptych::SelectorSpec),
        Kind::Prompt => quote!(::diptych::PromptSpec),
    }
}

fn is_result() -> TokenStream {
    quote!(::diptych::__private::IsResult)
}

/// Its `Ok` is what a prompt returns.
fn is_messages() -> TokenStream {
    quote!(::diptych::__private::IsMessages)
}

/// `type Out`: a plain value is wrapped, so that it is told from a row; what a prompt returns becomes messages.
fn out(operation: &Operation<'_>) -> TokenStream {
    if operation.kind == Kind::Prompt {
        return quote!(
            type Out = ::diptych::Messages;
        );
    }
    let Place { first, last } = Place::of(operation.returns);
    let ok = place::member(operation.returns, &is_result(), quote!(Ok));
    let (begin, end) = if operation.answers_value() {
        (quote_spanned!(first=> type Out = ::diptych::__private::AnswerValue<), quote_spanned!(last=> >;))
    } else {
        (quote_spanned!(first=> type Out =), quote_spanned!(last=> ;))
    };
    quote!(#begin #ok #end)
}

/// Calls the function.
fn invoke(operation: &Operation<'_>, arguments: &ArgumentCode) -> TokenStream {
    let ident = &operation.function.sig.ident;
    let ArgumentCode { lent, patterns, pass, .. } = arguments;
    let Place { first, last } = Place::of(operation.returns);
    let call = quote_spanned!(ident.span()=> ::diptych::__private::assert_send(#ident(#(#pass),*)).await);
    let done = match operation.kind {
        Kind::Prompt => place::member(operation.returns, &is_messages(), quote!(messages(#call))),
        Kind::Service | Kind::Selector => place::member(operation.returns, &is_result(), quote!(done(#call))),
    };
    let value = operation.answers_value().then(|| quote_spanned!(last=> .map(::diptych::__private::AnswerValue)));
    let begin = quote_spanned!(first=> ::diptych::Result<);
    let end = quote_spanned!(last=> Self::Out>);
    quote! {
        async fn invoke<'t>(
            &'t self,
            #lent: &'t mut Self::Connection,
            (#(#patterns,)*): Self::Args,
        ) -> #begin #end {
            #done #value
        }
    }
}

/// The arguments, in the order of the function.
struct ArgumentCode {
    /// The hidden struct of the `#[arg]`s.
    named_struct: TokenStream,
    /// The types that are taken from the call.
    types: Vec<TokenStream>,
    /// A statement for each that says what it needs.
    describe: Vec<TokenStream>,
    /// An expression for each that takes it.
    extract: Vec<TokenStream>,
    /// What each is called once it is there.
    patterns: Vec<TokenStream>,
    /// What the function is called with.
    pass: Vec<TokenStream>,
    /// The name of the connection.
    lent: Ident,
}

impl ArgumentCode {
    fn of(operation: &Operation<'_>) -> Self {
        let named: Vec<_> = operation.arguments.iter().filter_map(named).collect();
        let connection = local("connection");
        let values = local("named");
        let mut code = Self {
            named_struct: TokenStream::new(),
            types: Vec::new(),
            describe: Vec::new(),
            extract: Vec::new(),
            patterns: Vec::new(),
            pass: Vec::new(),
            lent: if operation.connection().is_some() { connection.clone() } else { local("_connection") },
        };
        if let [(first, _), ..] = named.as_slice() {
            let last = named.last().map_or(first, |(last, _)| last);
            let place = Place { first: Place::of(&first.ty).first, last: Place::of(&last.ty).last };
            code.gather(&format_ident!("{}_arguments", operation.function.sig.ident), &named, place);
            code.patterns.push(quote!(::diptych::__private::Args(#values)));
        }
        for argument in &operation.arguments {
            let passed = match argument {
                Argument::Connection(_) => quote!(#connection),
                Argument::Named(owned, named) => {
                    let field = &named.field;
                    owned.pass(quote!(#values.#field))
                }
                Argument::Injected(owned) => {
                    let value = local(&format!("a{}", code.types.len()));
                    code.inject(&owned.ty);
                    code.patterns.push(quote!(#value));
                    owned.pass(quote!(#value))
                }
            };
            code.pass.push(passed);
        }
        code
    }

    /// The `#[arg]`s, all at once.
    fn gather(&mut self, gathered: &Ident, named: &[(&Owned, &NamedArgument)], Place { first, last }: Place) {
        let types =
            named.iter().filter_map(|(owned, named)| named.parameter.as_ref().map(|_| shape::content(&owned.ty)));
        let (signature, call) = (local("signature"), local("call"));
        let begin = quote_spanned!(first=> ::diptych::__private::Args<#gathered<);
        let end = quote_spanned!(last=> >>);
        let ty = quote!(#begin #(#types),* #end);
        self.named_struct = named_struct(gathered, named);
        self.describe.push(place::member(&ty, &from_call(), quote!(describe(#signature);)));
        self.extract.push(quote!(::diptych::__private::Args::take(#call)?,));
        self.types.push(ty);
    }

    /// An argument that is found by its type.
    fn inject(&mut self, ty: &Type) {
        let (signature, call, there) = (local("signature"), local("call"), place::at_name(ty));
        self.describe.push(place::member(&there, &from_call(), quote!(describe(#signature);)));
        self.extract.push(place::member(&there, &from_call(), quote!(from_call(#call).await?,)));
        self.types.push(quote!(#ty));
    }

    /// A parameter, `_` if no argument needs it.
    fn used(&self, name: &str) -> TokenStream {
        let local = local(name);
        if self.types.is_empty() { quote!(_) } else { quote!(#local) }
    }

    fn describe(&self) -> TokenStream {
        let (signature, describe) = (self.used("signature"), &self.describe);
        quote! {
            fn describe(&self, #signature: &mut ::diptych::Signature) {
                #(#describe)*
            }
        }
    }

    fn extract(&self) -> TokenStream {
        let (call, extract) = (self.used("call"), &self.extract);
        quote! {
            async fn extract(&self, #call: &mut ::diptych::Call) -> ::diptych::Result<Self::Args> {
                ::core::result::Result::Ok((#(#extract)*))
            }
        }
    }
}

fn from_call() -> TokenStream {
    quote!(::diptych::FromCall)
}

fn named(argument: &Argument) -> Option<(&Owned, &NamedArgument)> {
    match argument {
        Argument::Named(owned, named) => Some((owned, named)),
        _ => None,
    }
}

/// The types are parameters, so that it is not the derives that ask for their traits, each for every use, but
/// `describe`, once. A type that the user's own `#[serde]` speaks of stays where it is.
fn named_struct(gathered: &Ident, named: &[(&Owned, &NamedArgument)]) -> TokenStream {
    let parameters: Vec<_> = named.iter().filter_map(|(_, named)| named.parameter.as_ref()).collect();
    let bound = parameters.iter().map(|parameter| format!("{parameter}: ::diptych::__private::ArgumentData"));
    let bound = bound.collect::<Vec<_>>().join(", ");
    let fields = named.iter().map(|(owned, NamedArgument { field, attrs, parameter, .. })| {
        let ty = match parameter {
            Some(parameter) => shape::with_content(&owned.ty, parameter),
            None => owned.ty.clone(),
        };
        quote!(#(#attrs)* #field: #ty)
    });
    quote! {
        #[allow(non_camel_case_types, reason = "it has the name of its function")]
        #[derive(::diptych::__private::serde::Deserialize, ::diptych::__private::schemars::JsonSchema)]
        #[serde(crate = "::diptych::__private::serde", bound = #bound)]
        #[schemars(crate = "::diptych::__private::schemars", bound = #bound)]
        pub struct #gathered<#(#parameters),*> {
            #(#fields,)*
        }
    }
}

/// A local variable that no name of the user's can mean.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

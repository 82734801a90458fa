//! A function as it was written: attributes, signature, and a body that nobody here looks into.

use crate::docs;
use proc_macro2::TokenStream;
use quote::{ToTokens, TokenStreamExt};
use syn::{
    Attribute, FnArg, Signature, Token, Visibility,
    parse::{Parse, ParseStream},
};

/// A free function. Its body is not parsed: rustc has done so, and knows newer syntax.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let starts = [
            input.peek(Token![async]),
            input.peek(Token![const]),
            input.peek(Token![unsafe]),
            input.peek(Token![extern]),
            input.peek(Token![fn]),
        ];
        if !starts.contains(&true) {
            return Err(input.error("expected an `async fn`"));
        }
        Ok(Self { attrs, vis, sig: input.parse()?, body: input.parse()? })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attrs);
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

impl Function {
    /// Takes from each argument the attributes that rustc would refuse there: `#[arg]`, what goes with it, and doc
    /// comments. What is left is a plain function.
    pub(crate) fn take_argument_attrs(&mut self) -> Vec<Vec<Attribute>> {
        self.sig.inputs.iter_mut().map(take_attrs).collect()
    }

    /// The `#[cfg]`s, which have to be repeated on everything that is generated.
    pub(crate) fn cfgs(&self) -> Vec<&Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect()
    }
}

fn take_attrs(argument: &mut FnArg) -> Vec<Attribute> {
    let FnArg::Typed(argument) = argument else {
        return Vec::new();
    };
    let ours = |attr: &Attribute| {
        let names = ["arg", "serde", "schemars"];
        docs::is_doc(attr) || names.iter().any(|name| attr.path().is_ident(name))
    };
    let (taken, kept) = std::mem::take(&mut argument.attrs).into_iter().partition(ours);
    argument.attrs = kept;
    taken
}

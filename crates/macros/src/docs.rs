//! Doc comments as text: what a person reads in the source is what OpenAPI and the tool's description say.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The whole doc comment: every line trimmed, joined with `\n`, no empty line first or last.
pub(crate) fn text(attrs: &[Attribute]) -> String {
    let comments: Vec<_> = attrs.iter().filter_map(comment).collect();
    comments.join("\n").trim().to_owned()
}

/// The first paragraph of the doc comment, on one line.
pub(crate) fn first_paragraph(attrs: &[Attribute]) -> String {
    let text = text(attrs);
    let lines: Vec<_> = text.lines().take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

/// Whether this is a doc comment.
pub(crate) fn is_doc(attr: &Attribute) -> bool {
    attr.path().is_ident("doc")
}

fn comment(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attr.meta else {
        return None;
    };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else {
        return None;
    };
    is_doc(attr).then(|| lines(&text.value()))
}

/// `/** … */` is one text whose lines may begin with a star that is not part of it.
fn lines(text: &str) -> String {
    let mut rest = text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).peekable();
    let starred = rest.peek().is_some() && rest.all(|line| line.starts_with('*'));
    let lines = text.lines().enumerate().map(|(i, line)| match line.trim() {
        line if starred && i > 0 => line.trim_start_matches('*').trim(),
        line => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

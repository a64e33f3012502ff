//! Patterns that speak of Unicode: typify compiles patterns without the flag `u`, under which `\p{L}` is a letter and an
//! astral character is one. The document's patterns have it, as the server checks them, so their types must.

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};
use serde_json::Value;

/// Whether there is such a pattern inside the schema.
pub(crate) fn needed(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(key, value)| match value {
            Value::String(pattern) => key == "pattern" && depends(&Literal::string(pattern)),
            value => needed(value),
        }),
        Value::Array(items) => items.iter().any(needed),
        _ => false,
    }
}

/// The types, whose patterns that depend on the flag have it.
pub(crate) fn flagged(types: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    for token in types {
        let TokenTree::Group(group) = token else {
            out.push(token);
            continue;
        };
        let pattern = match group.delimiter() {
            Delimiter::Parenthesis if calls_regex(&out) => only_literal(&group),
            _ => None,
        };
        let mut inside = match pattern.filter(depends) {
            Some(pattern) => {
                out.pop();
                out.push(TokenTree::Ident(crate::names::ident("with_flags")));
                let flag = Literal::string("u");
                Group::new(Delimiter::Parenthesis, quote::quote!(#pattern, #flag))
            }
            None => Group::new(group.delimiter(), flagged(group.stream())),
        };
        inside.set_span(group.span());
        out.push(TokenTree::Group(inside));
    }
    out.into_iter().collect()
}

/// Whether what was read last is `Regex::new`.
fn calls_regex(read: &[TokenTree]) -> bool {
    let word = |at: usize, wanted: &str| {
        let at = read.len().checked_sub(at).and_then(|at| read.get(at));
        matches!(at, Some(TokenTree::Ident(word)) if word == wanted)
    };
    word(1, "new") && word(4, "Regex")
}

fn only_literal(group: &Group) -> Option<Literal> {
    let mut tokens = group.stream().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Literal(literal)), None) => Some(literal),
        _ => None,
    }
}

/// Whether the pattern, as Rust writes it, means something else without the flag.
fn depends(pattern: &Literal) -> bool {
    let written = pattern.to_string();
    let escapes = [r"\\p{", r"\\P{", r"\\u{", r"\u{"];
    !written.is_ascii() || escapes.iter().any(|escape| written.contains(escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_patterns_that_depend_on_the_flag_have_it() {
        let types = quote::quote! {
            fn a() { ::regress::Regex::new("^[a-z]+$").unwrap(); ::regress::Regex::new(r"x").unwrap(); }
            fn b() { ::regress::Regex::new("^\\p{L}$").unwrap(); ::regress::Regex::new("^é$").unwrap(); }
        };
        let flagged = flagged(types).to_string();
        assert_eq!(flagged.matches("with_flags").count(), 2, "{flagged}");
        assert!(flagged.contains("Regex :: new (\"^[a-z]+$\")"), "{flagged}");
    }
}

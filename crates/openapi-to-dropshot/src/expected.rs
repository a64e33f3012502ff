//! What a text may be, told by the conversion of an enum that refuses it: typify says that it is invalid.

use crate::items::items;
use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};
use quote::quote;

/// How many values are named.
const MOST: usize = 12;

/// The types, whose enums say which values they have.
pub(crate) fn told(types: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    for mut item in items(types) {
        if is_conversion(&item)
            && let Some(TokenTree::Group(body)) = item.pop()
        {
            item.push(within(&body));
        }
        out.append(&mut item);
    }
    out.into_iter().collect()
}

/// Whether the item is `impl ::std::str::FromStr for T { .. }`.
fn is_conversion(item: &[TokenTree]) -> bool {
    let word =
        |token: &TokenTree, wanted: &str| matches!(token, TokenTree::Ident(w) if w == wanted);
    item.first().is_some_and(|first| word(first, "impl"))
        && item.iter().any(|token| word(token, "FromStr"))
        && matches!(item.last(), Some(TokenTree::Group(_)))
}

/// The brackets, in which the last arm of a `match` on texts names those of the others.
fn within(group: &Group) -> TokenTree {
    let mut texts: Vec<String> = Vec::new();
    let mut inside: Vec<TokenTree> = Vec::new();
    for token in group.stream() {
        let inner = match token {
            TokenTree::Group(inner) => inner,
            other => {
                if let TokenTree::Literal(text) = &other {
                    texts.push(text.to_string());
                }
                inside.push(other);
                continue;
            }
        };
        let refuses = matches!(inside.last(), Some(TokenTree::Ident(word)) if word == "Err");
        let all = (refuses && inner.delimiter() == Delimiter::Parenthesis).then(|| all(&texts));
        inside.push(match all.flatten() {
            Some(all) => Group::new(Delimiter::Parenthesis, quote!(#all.into())).into(),
            None => within(&inner),
        });
    }
    let mut regrouped = Group::new(group.delimiter(), inside.into_iter().collect());
    regrouped.set_span(group.span());
    regrouped.into()
}

/// The literals, as Rust writes them, in one that names them all, or the first of them.
fn all(texts: &[String]) -> Option<Literal> {
    let bare = |text: &String| Some(format!("`{}`", text.strip_prefix('"')?.strip_suffix('"')?));
    let named: Option<Vec<String>> = texts.iter().take(MOST).map(bare).collect();
    let named = named.filter(|named| !named.is_empty())?.join(", ");
    let more = match texts.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let one = if texts.len() == 1 { "" } else { "one of " };
    format!("\"must be {one}{named}{more}\"").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_with(texts: &[&str]) -> String {
        let types = quote! {
            pub enum Kind { A }
            impl ::std::str::FromStr for Kind {
                type Err = self::error::ConversionError;
                fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
                    match value {
                        #(#texts => Ok(Self::A),)*
                        _ => Err("invalid value".into()),
                    }
                }
            }
            impl ::std::convert::TryFrom<u8> for Kind {
                fn try_from(value: u8) -> Self { Err("invalid value".into()) }
            }
        };
        told(types).to_string()
    }

    #[test]
    fn a_text_that_is_refused_is_answered_with_those_that_are_not() {
        let said = refused_with(&["large", "small", "a \"b\""]);
        let expected = r#"Err ("must be one of `large`, `small`, `a \"b\"`" . into ())"#;
        assert!(said.contains(expected), "{said}");
        assert_eq!(said.matches("invalid value").count(), 1, "{said}");
        assert!(refused_with(&["only"]).contains(r#"("must be `only`" . into ())"#));
    }

    #[test]
    fn of_many_values_the_first_are_named() {
        let many: Vec<String> = (0..20).map(|n| format!("v{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let said = refused_with(&many);
        assert!(said.contains("`v11` and 8 more\""), "{said}");
        assert_eq!(said.matches("invalid value").count(), 1, "{said}");
    }
}

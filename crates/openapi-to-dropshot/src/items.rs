//! The items of a file, one after the other, without a parser.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The items of `tokens`.
pub(crate) fn items(tokens: TokenStream) -> impl Iterator<Item = Vec<TokenTree>> {
    Items(tokens.into_iter())
}

struct Items(proc_macro2::token_stream::IntoIter);

impl Iterator for Items {
    type Item = Vec<TokenTree>;

    fn next(&mut self) -> Option<Vec<TokenTree>> {
        let mut item = Vec::new();
        // `const A: B = C { .. };` ends with the semicolon, `struct A { .. }` with the braces.
        let mut is_value = false;
        for token in self.0.by_ref() {
            let ends = match &token {
                TokenTree::Ident(word) => {
                    is_value |= ["const", "static", "type", "use"]
                        .iter()
                        .any(|value| word == value);
                    false
                }
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_value,
                TokenTree::Punct(mark) => mark.as_char() == ';',
                TokenTree::Literal(_) => false,
            };
            item.push(token);
            if ends {
                break;
            }
        }
        (!item.is_empty()).then_some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{ToTokens as _, quote};

    #[test]
    fn the_items_of_a_file_are_those_that_a_parser_finds() {
        let tokens = quote! {
            #[doc = " A."] #[derive(Debug)] pub struct A { a: u8 }
            pub struct B(u8);
            pub const C: A = A { a: 1 };
            pub static D: &[A] = &[A { a: 2 }, A { a: 3 }];
            impl From<A> for B { fn from(a: A) -> B { B(a.a) } }
            use std::fmt;
            pub mod e { pub fn f() {} }
            pub type G = fn(A) -> B;
            fn h() -> [u8; { 1 }] { [0] }
        };
        let whole = syn::parse2::<syn::File>(tokens.clone()).expect("it is Rust");
        let found: Vec<_> = items(tokens).collect();
        assert_eq!(found.len(), whole.items.len());
        for (item, whole) in found.into_iter().zip(whole.items) {
            let item = syn::parse2::<syn::Item>(item.into_iter().collect()).expect("each is one");
            let text = |item: syn::Item| item.to_token_stream().to_string();
            assert_eq!(text(item), text(whole));
        }
    }
}

//! What is printed is what was given, and reads as if rustfmt had been at it.

use super::*;
use crate::{Options, api, client, stub, types};
use openapi_document::{Document, Folder};
use proc_macro2::{Delimiter, TokenTree};
use std::path::{Path, PathBuf};

/// The tokens as words, apart from how they are printed: documentation by lines, no comma at the end of a list, no
/// blanks at the ends of lines.
fn words(tokens: TokenStream, out: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let brackets = match group.delimiter() {
                    Delimiter::Parenthesis => ["(", ")"],
                    Delimiter::Brace => ["{", "}"],
                    Delimiter::Bracket => ["[", "]"],
                    Delimiter::None => ["", ""],
                };
                out.extend((!brackets[0].is_empty()).then(|| brackets[0].to_owned()));
                words(group.stream(), out);
                if out.last().is_some_and(|last| last == ",") && brackets[1] == "}" {
                    out.pop();
                }
                out.extend((!brackets[1].is_empty()).then(|| brackets[1].to_owned()));
            }
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                let text = match tokens.peek() {
                    Some(TokenTree::Group(group)) => documentation(group.stream()),
                    _ => None,
                };
                match text {
                    Some(text) => {
                        tokens.next();
                        out.extend(
                            text.split('\n')
                                .map(|line| format!("///{}", visible(line.trim_end()))),
                        );
                    }
                    None => out.push("#".to_owned()),
                }
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                match text.strip_prefix('-') {
                    Some(rest) => out.extend(["-".to_owned(), rest.to_owned()]),
                    None => out.push(text),
                }
            }
            other => out.push(other.to_string()),
        }
    }
}

fn documentation(attribute: TokenStream) -> Option<String> {
    let mut tokens = attribute.into_iter();
    match (tokens.next()?, tokens.nth(1)?) {
        (TokenTree::Ident(word), TokenTree::Literal(text)) if word == "doc" => {
            let text: syn::LitStr = syn::parse_str(&text.to_string()).ok()?;
            let text = text.value();
            (!text.split('\n').any(|line| line.starts_with('/'))).then_some(text)
        }
        _ => None,
    }
}

fn same(name: &str, items: Items) {
    let Items { text, given, .. } = items;
    let again: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let (mut before, mut after) = (Vec::new(), Vec::new());
    words(given, &mut before);
    words(again, &mut after);
    let differs = before.iter().zip(&after).position(|(a, b)| a != b);
    if let Some(at) = differs {
        let around = at.saturating_sub(9)..(at + 9).min(before.len()).min(after.len());
        panic!(
            "{name}: {:?} became {:?}",
            &before[around.clone()],
            &after[around]
        );
    }
    assert_eq!(before.len(), after.len(), "{name}");
    for (number, line) in text.lines().enumerate() {
        assert_eq!(line.trim_end(), line, "{name}:{}", number + 1);
    }
}

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder)
        .expect("the folder is there")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            documents(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| ["yaml", "json"].iter().any(|e| end == *e))
        {
            found.push(path);
        }
    }
}

#[test]
fn the_tokens_that_are_read_from_a_file_are_those_that_were_printed() {
    let options = Options {
        source: "document.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::types".to_owned(),
        trait_name: "PrintedApi".to_owned(),
        schemars_feature: Some("schemars".to_owned()),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accept");
    let mut paths = Vec::new();
    documents(&folder, &mut paths);
    let mut seen = 0;
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("it is text");
        let name = path.display().to_string();
        let read = Document::examine_with(&name, &text, &Folder::of(&path));
        let (Some(document), found) = read else {
            continue;
        };
        if !found.only_warnings() {
            continue;
        }
        let Ok(types) = types::generate(&document, &options) else {
            continue;
        };
        let api = api::generate(&document, &options, &types).expect("the trait");
        let (client, _) = client::generate(&document, &options, &types).expect("the client");
        same(&name, api);
        same(&name, client.into());
        let mock = stub::generate(&document, &options, &quote!(super::api), true);
        same(&name, mock.into());
        same(&name, types.items);
        seen += 1;
    }
    assert!(seen > 30, "only {seen} documents were printed");
}

fn printed(tokens: TokenStream) -> String {
    Items::from(tokens).text
}

#[test]
fn what_fits_is_on_one_line_and_what_does_not_is_broken_as_by_rustfmt() {
    let tokens = quote! {
        use ::a::{B, C};
        #[doc = " Says."] #[derive(Clone, Debug)] pub struct A<T: 'static> { pub a: &'static [T], b: Vec<Option<u8>> }
        pub struct B(pub u8);
        impl<'de> ::serde::Deserialize<'de> for A<'de> {
            const MAX: i8 = -1;
            fn a<D>(&mut self, d: D) -> ::std::result::Result<Self, D::Error> where D: ::serde::Deserializer<'de>, T: Copy {
                let x = if a.b < 3usize && !c { &*d } else { return Err(A { a: 1, ..b }); };
                match value { A::B { a, .. } | A::C => Some(|e| e + 1), _ if x > y => { vec![1, 2] } }
            }
        }
    };
    let expected = "\
use ::a::{B, C};

/// Says.
#[derive(Clone, Debug)]
pub struct A<T: 'static> {
    pub a: &'static [T],
    b: Vec<Option<u8>>,
}

pub struct B(pub u8);

impl<'de> ::serde::Deserialize<'de> for A<'de> {
    const MAX: i8 = -1;
    fn a<D>(&mut self, d: D) -> ::std::result::Result<Self, D::Error>
    where
        D: ::serde::Deserializer<'de>,
        T: Copy
    {
        let x = if a.b < 3usize && !c {
            &*d
        } else {
            return Err(A { a: 1, ..b });
        };
        match value {
            A::B { a, .. } | A::C => Some(|e| e + 1),
            _ if x > y => {
                vec![1, 2]
            }
        }
    }
}
";
    assert_eq!(printed(tokens), expected);
}

#[test]
fn long_calls_are_broken_before_their_dots_and_long_lists_into_their_parts() {
    let tokens = quote! {
        fn a(first: ::std::collections::BTreeMap<String, String>, second: ::std::collections::BTreeMap<String, String>) -> u8 {
            let thing = self.something.try_into().map_err(|_| "it could not be made".to_string()).unwrap_or_default();
            Some(Thing { first: "a long text that takes its place", second: "a long text that takes its place", third: 3 })
        }
    };
    let expected = "\
fn a(
    first: ::std::collections::BTreeMap<String, String>,
    second: ::std::collections::BTreeMap<String, String>
) -> u8 {
    let thing = self.something
        .try_into()
        .map_err(|_| \"it could not be made\".to_string())
        .unwrap_or_default();
    Some(Thing {
        first: \"a long text that takes its place\",
        second: \"a long text that takes its place\",
        third: 3
    })
}
";
    assert_eq!(printed(tokens), expected);
}

#[test]
fn documentation_that_would_be_none_stays_an_attribute() {
    let tokens = quote!(
        #[doc = "/a"]
        #[doc = " b\n c"]
        #[doc = "\u{202e}"]
        pub struct A;
    );
    let expected = "#[doc = \"/a\"]\n/// b\n/// c\n///\\u{202e}\npub struct A;\n";
    assert_eq!(printed(tokens), expected);
}

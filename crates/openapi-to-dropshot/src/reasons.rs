//! Why an argument is not sent: progenitor drops what a conversion says, and tells only that it failed. And what is not to
//! be sent in a [path](crate::segments).

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;

/// The client, whose builders say which bound an argument breaks.
pub(crate) fn given(client: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    // After a `where`, until its body: the type that it is about, once that is read.
    let mut bounded: Option<Option<Ident>> = None;
    for token in client {
        let group = match token {
            TokenTree::Group(group) => group,
            other => {
                if let TokenTree::Ident(word) = &other {
                    if word == "where" {
                        bounded = Some(None);
                    } else if let Some(about @ None) = &mut bounded {
                        *about = Some(word.clone());
                    }
                }
                out.push(other);
                continue;
            }
        };
        if matches!(out.last(), Some(TokenTree::Ident(word)) if word == "encode_path")
            && group.delimiter() == Delimiter::Parenthesis
        {
            out.pop();
            out.extend(crate::segments::checked(&group.stream()));
            continue;
        }
        let body = group.delimiter() == Delimiter::Brace;
        let about = if body { bounded.take().flatten() } else { None };
        let converts = about.and_then(|about| Some((about, conversion(group.stream())?)));
        let inside = match converts {
            Some((about, converts)) => {
                let ends = matches!(out.last(), Some(TokenTree::Punct(p)) if p.as_char() == ',');
                let comma = (!ends).then(|| quote!(,));
                out.extend(quote!(#comma #about::Error: ::std::fmt::Display,));
                converts
            }
            None => given(group.stream()),
        };
        let mut regrouped = Group::new(group.delimiter(), inside);
        regrouped.set_span(group.span());
        out.push(regrouped.into());
    }
    out.into_iter().collect()
}

/// The body of a builder's method, if it is one that converts its argument:
/// `.map_err(|_| "conversion to `T` for name failed".to_string())`.
fn conversion(body: TokenStream) -> Option<TokenStream> {
    let mut name = None;
    let mut converted = TokenStream::new();
    for token in body {
        let said = match &token {
            TokenTree::Group(group) => failure(group),
            _ => None,
        };
        match said {
            Some(argument) => {
                let text = format!("{argument}: {{why}}");
                let said = Group::new(Delimiter::Parenthesis, quote!(|why| format!(#text)));
                converted.extend([TokenTree::from(said)]);
                name = Some(argument);
            }
            None => converted.extend([token]),
        }
    }
    name.map(|_| converted)
}

/// The argument whose conversion failed, if the brackets hold what progenitor says then.
fn failure(group: &Group) -> Option<String> {
    let mut tokens = group.stream().into_iter();
    let closure = [tokens.next()?, tokens.next()?, tokens.next()?];
    let [
        TokenTree::Punct(_),
        TokenTree::Ident(ignored),
        TokenTree::Punct(_),
    ] = &closure
    else {
        return None;
    };
    let TokenTree::Literal(said) = tokens.next().filter(|_| ignored == "_")? else {
        return None;
    };
    let said = said.to_string();
    let name = said.strip_suffix(" failed\"")?.rsplit(' ').next()?;
    said.starts_with("\"conversion to `")
        .then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_says_why_and_nothing_else_changes() {
        let client = quote! {
            impl<'a> Get<'a> {
                pub fn depth<V>(mut self, value: V) -> Self
                where
                    V: std::convert::TryInto<Depth>,
                {
                    self.depth = value.try_into().map(Some)
                        .map_err(|_| "conversion to `Depth` for depth failed".to_string());
                    self
                }
                fn body<B>(self, value: B) -> Self where B: TryInto<Body> {
                    self.body = value.try_into()
                        .map_err(|_| "conversion to `Body` for body failed".to_string());
                    self
                }
                fn other<V>(self) where V: Clone, { x.map_err(|_| "failed".to_string()) }
                fn url(self) { format!("{}/{}", base, encode_path(&type_.to_string()),) }
            }
        };
        let expected = quote! {
            impl<'a> Get<'a> {
                pub fn depth<V>(mut self, value: V) -> Self
                where
                    V: std::convert::TryInto<Depth>, V::Error: ::std::fmt::Display,
                {
                    self.depth = value.try_into().map(Some)
                        .map_err(|why| format!("depth: {why}"));
                    self
                }
                fn body<B>(self, value: B) -> Self
                where B: TryInto<Body>, B::Error: ::std::fmt::Display, {
                    self.body = value.try_into().map_err(|why| format!("body: {why}"));
                    self
                }
                fn other<V>(self) where V: Clone, { x.map_err(|_| "failed".to_string()) }
                fn url(self) {
                    format!(
                        "{}/{}",
                        base,
                        super::segments::segment("type", &type_.to_string()).map_err(Error::InvalidRequest)?,
                    )
                }
            }
        };
        assert_eq!(given(client).to_string(), expected.to_string());
    }
}

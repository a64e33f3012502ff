//! What a caller of the client shows: a value for each security scheme of the document, and which of them each call needs.
//! progenitor knows nothing of security; what is shown is added to its code.

use crate::calls::regroup;
use crate::print::docs;
use crate::security::{self, Carrier};
use crate::{case, names};
use openapi_document::Document;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};
use std::collections::BTreeSet;

/// A security scheme that some operation asks for.
struct Scheme<'a> {
    /// As the document calls it.
    name: &'a str,
    /// The field, and the method that sets it.
    ident: Ident,
    carrier: Carrier<'a>,
    description: &'a str,
}

/// What `Credentials` has methods of already.
const RESERVED: [&str; 4] = ["clone", "default", "fmt", "new"];

/// The client with the credentials that its calls show; as it was where no operation asks for any.
pub(crate) fn held(document: &Document, client: TokenStream) -> TokenStream {
    let schemes = schemes(document);
    if schemes.is_empty() {
        return client;
    }
    let mut client = with_field(client);
    client.extend(credentials(&schemes));
    client.extend(shown(&schemes));
    client
}

fn schemes(document: &Document) -> Vec<Scheme<'_>> {
    let mut names: Vec<&str> = Vec::new();
    for operation in document.operations() {
        for name in security::alternatives(document, operation).concat() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut used: BTreeSet<String> = RESERVED.map(str::to_owned).into();
    let each = names.into_iter().filter_map(|name| {
        let scheme = security::scheme(document, name)?;
        let snake = case::snake(name);
        let first = if snake.is_empty() {
            "scheme".to_owned()
        } else {
            snake
        };
        let numbered = (2..).map(|number| format!("{first}_{number}"));
        let mut free = std::iter::once(first.clone()).chain(numbered);
        let free = free.find(|name| used.insert(name.clone()))?;
        Some(Scheme {
            name,
            ident: names::ident(&free),
            carrier: Carrier::of(scheme)?,
            description: security::description(scheme),
        })
    });
    each.collect()
}

/// The client, with a field for what it shows.
fn with_field(client: TokenStream) -> TokenStream {
    let mut before = [String::new(), String::new()];
    let mut out = TokenStream::new();
    for token in client {
        let word = match &token {
            TokenTree::Ident(word) => word.to_string(),
            _ => String::new(),
        };
        let [first, second] = &before;
        out.extend([match &token {
            TokenTree::Group(group) if first == "struct" && second == "Client" => {
                let fields = group.stream();
                regroup(group, quote!(#fields pub(crate) credentials: Credentials,))
            }
            TokenTree::Group(group) if first == "impl" && second == "Client" => {
                regroup(group, begun(group.stream()))
            }
            _ => token,
        }]);
        before.rotate_left(1);
        before[1] = word;
    }
    out
}

/// The functions of the client, of which one makes it, `Self { baseurl, ... }`: it begins with nothing to show.
fn begun(code: TokenStream) -> TokenStream {
    let mut itself = false;
    let each = code.into_iter().map(|token| {
        let TokenTree::Group(group) = token else {
            itself = matches!(&token, TokenTree::Ident(word) if word == "Self");
            return token;
        };
        let inside = group.stream();
        let first = inside.clone().into_iter().next();
        let made = itself && first.is_some_and(|token| token.to_string() == "baseurl");
        itself = false;
        let inside = if made {
            quote!(#inside credentials: Credentials::default(),)
        } else {
            begun(inside)
        };
        regroup(&group, inside)
    });
    each.collect()
}

/// The type, and the method of the client that takes it.
fn credentials(schemes: &[Scheme<'_>]) -> TokenStream {
    let fields = schemes.iter().map(|scheme| {
        let ident = &scheme.ident;
        match scheme.carrier {
            Carrier::Basic => quote!(#ident: ::std::option::Option<(String, String)>),
            _ => quote!(#ident: ::std::option::Option<String>),
        }
    });
    let methods = schemes.iter().map(|scheme| {
        let (name, ident) = (scheme.name, &scheme.ident);
        let says = match scheme.carrier {
            Carrier::Bearer => format!("The token of `{name}`, sent as `Authorization: Bearer`."),
            Carrier::Basic => {
                format!("The user and the password of `{name}`, sent as `Authorization: Basic`.")
            }
            Carrier::Header(header) => format!("The key of `{name}`, sent in the header `{header}`."),
            Carrier::Query(parameter) => format!(
                "The key of `{name}`, sent in the query as `{parameter}`, where whoever logs a URL reads it. Errors of calls \
                 that show it have no URL, and an answer whose status is not declared is an `Error::Custom`."
            ),
        };
        let doc = docs(format!("{says}\n\n{}", scheme.description).trim_end());
        if matches!(scheme.carrier, Carrier::Basic) {
            return quote! {
                #doc
                #[must_use]
                pub fn #ident(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
                    self.#ident = Some((user.into(), password.into()));
                    self
                }
            };
        }
        let argument = match scheme.carrier {
            Carrier::Bearer => format_ident!("token"),
            _ => format_ident!("key"),
        };
        quote! {
            #doc
            #[must_use]
            pub fn #ident(mut self, #argument: impl Into<String>) -> Self {
                self.#ident = Some(#argument.into());
                self
            }
        }
    });
    let debug = schemes.iter().map(|scheme| {
        let (name, ident) = (scheme.name, &scheme.ident);
        quote!(.field(#name, &self.#ident.is_some()))
    });
    quote! {
        /// What a caller shows, by the security schemes of the document. A call shows the first alternative that the document
        /// gives it and of which everything is here; without one it shows nothing. `Debug` tells what is here, and not its
        /// value.
        #[derive(Clone, Default)]
        pub struct Credentials {
            #(#fields),*
        }

        impl Credentials {
            /// Nothing to show.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }
            #(#methods)*
        }

        impl ::std::fmt::Debug for Credentials {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct("Credentials")#(#debug)*.finish()
            }
        }

        impl Client {
            /// The client whose calls show these credentials, in place of others.
            #[must_use]
            pub fn with_credentials(mut self, credentials: Credentials) -> Self {
                self.credentials = credentials;
                self
            }
        }
    }
}

/// How a request shows them.
fn shown(schemes: &[Scheme<'_>]) -> TokenStream {
    let has = schemes.iter().map(|scheme| {
        let (name, ident) = (scheme.name, &scheme.ident);
        quote!(#name => given.#ident.is_some())
    });
    let shows = schemes.iter().map(|scheme| {
        let (name, ident) = (scheme.name, &scheme.ident);
        let (pattern, shows) = match scheme.carrier {
            Carrier::Bearer => (quote!(token), quote!(self.bearer_auth(token))),
            Carrier::Basic => (
                quote!((user, password)),
                quote!(self.basic_auth(user, Some(password))),
            ),
            Carrier::Header(header) => (quote!(key), quote!(keyed(self, #header, key))),
            Carrier::Query(parameter) => (quote!(key), quote!(self.query(&[(#parameter, key)]))),
        };
        quote!((#name, Credentials { #ident: Some(#pattern), .. }) => #shows)
    });
    let in_header = schemes
        .iter()
        .any(|scheme| matches!(scheme.carrier, Carrier::Header(_)));
    // What no header can hold is told when the request is built.
    let keyed = in_header.then(|| {
        quote! {
            /// With a key in a header.
            fn keyed(request: ::reqwest::RequestBuilder, name: &'static str, key: &str) -> ::reqwest::RequestBuilder {
                match ::reqwest::header::HeaderValue::from_str(key) {
                    Ok(mut value) => {
                        value.set_sensitive(true);
                        request.header(name, value)
                    }
                    Err(_) => request.header(name, key),
                }
            }
        }
    });
    let in_query = schemes
        .iter()
        .any(|scheme| matches!(scheme.carrier, Carrier::Query(_)));
    let quietly = in_query.then(quietly);
    quote! {
        /// What calls show.
        mod credentials {
            use super::Credentials;

            /// A request that shows credentials.
            pub(super) trait Show: Sized {
                /// With the first of the alternatives of which everything is given; as it was without one.
                fn show(self, given: &Credentials, alternatives: &[&[&str]]) -> Self;
            }

            impl Show for ::reqwest::RequestBuilder {
                fn show(mut self, given: &Credentials, alternatives: &[&[&str]]) -> Self {
                    let mut alternatives = alternatives.iter();
                    let shown = alternatives.find(|all| all.iter().all(|scheme| has(given, scheme)));
                    for scheme in shown.copied().unwrap_or_default() {
                        self = match (*scheme, given) {
                            #(#shows,)*
                            _ => self,
                        };
                    }
                    self
                }
            }

            fn has(given: &Credentials, scheme: &str) -> bool {
                match scheme {
                    #(#has,)*
                    _ => false,
                }
            }

            #keyed
            #quietly
        }
    }
}

/// reqwest's errors and answers show their URL.
fn quietly() -> TokenStream {
    quote! {
        /// A call whose URL holds a key: its errors do not show it.
        pub(super) async fn quietly<T, E>(
            call: impl ::std::future::Future<
                Output = Result<super::ResponseValue<T>, super::Error<E>>,
            >,
        ) -> Result<super::ResponseValue<T>, super::Error<E>> {
            use super::Error;
            call.await.map_err(|error| match error {
                Error::CommunicationError(error) => Error::CommunicationError(error.without_url()),
                Error::InvalidUpgrade(error) => Error::InvalidUpgrade(error.without_url()),
                Error::ResponseBodyError(error) => Error::ResponseBodyError(error.without_url()),
                Error::UnexpectedResponse(answer) => {
                    Error::Custom(format!("the answer is {}, which is not declared", answer.status()))
                }
                other => other,
            })
        }
    }
}

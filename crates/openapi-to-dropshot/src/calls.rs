//! Calls that progenitor would send otherwise than the document says: JSON under a vendor's media type, lists in one text,
//! lists in forms, and without credentials. The builders are progenitor's; what is sent is corrected in their code.

use crate::kind::{self, Body};
use crate::optional;
use crate::security::{self, Carrier};
use crate::wire_names::rust_name;
use openapi_document::openapiv3::{Parameter, ParameterSchemaOrContent, ReferenceOr, Response};
use openapi_document::{Document, OperationRef, draft};
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};

/// By the name of the operation in the client, what its call has to say.
pub(crate) struct Calls(BTreeMap<String, Call>);

#[derive(Default, PartialEq)]
struct Call {
    /// The media type of a JSON body that is a vendor's.
    content_type: Option<String>,
    /// The media types of JSON answers, when one of them is a vendor's.
    accept: Option<String>,
    /// Whether the body is a form.
    form: bool,
    /// Whether the body, JSON or a form, may be left out.
    optional: bool,
    /// The media type of such a body of JSON.
    maybe_json: Option<String>,
    /// The parameters of the query that are lists in one text.
    query: BTreeSet<String>,
    /// The headers that are lists.
    headers: BTreeSet<String>,
    /// The security schemes of each alternative of what it shows.
    shown: Vec<Vec<String>>,
    /// Whether one of them is shown in the query.
    quietly: bool,
    /// Whether some errors have a body, and some have none.
    bodiless: bool,
    /// Whether its path or a header has a date with a time, which is shown otherwise than it is written.
    dated: bool,
}

impl Calls {
    /// Of all operations, which progenitor is told are `called` so.
    pub(crate) fn of(document: &Document, called: &BTreeMap<String, String>) -> Calls {
        let each = document.operations().filter_map(|operation| {
            let called = called.get(operation.id())?;
            Some((rust_name(called), Call::of(document, operation)))
        });
        Calls(each.filter(|(_, call)| *call != Call::default()).collect())
    }

    /// The client, whose calls say what the document does.
    pub(crate) fn correct(&self, client: TokenStream) -> TokenStream {
        if self.0.is_empty() {
            return client;
        }
        let client = self.within(client);
        let lists = |call: &Call| !call.query.is_empty() || !call.headers.is_empty();
        let commas = self.0.values().any(lists).then(commas);
        let fields = self.0.values().any(|call| call.form).then(fields);
        let optional = self.0.values().any(|call| call.maybe_json.is_some());
        let optional = optional.then(optional::sender);
        let text = (commas.is_some() || fields.is_some()).then(text_of);
        let error = self.0.values().any(|call| call.bodiless).then(error);
        let written = self.0.values().any(|call| call.dated).then(written);
        if text.is_none() && optional.is_none() && error.is_none() && written.is_none() {
            return client;
        }
        quote! {
            #client
            /// Values as they are sent and read, where progenitor would send or read them otherwise.
            mod wire {
                #optional
                #error
                #text
                #commas
                #fields
                #written
            }
        }
    }

    fn within(&self, tokens: TokenStream) -> TokenStream {
        let call = |stream: &TokenStream| operation(stream).and_then(|id| self.0.get(&id));
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        // The functions of one builder stand beside each other.
        let optional = tokens.iter().any(|token| match token {
            TokenTree::Group(group) => call(&group.stream()).is_some_and(|call| call.optional),
            _ => false,
        });
        let inside = |stream: TokenStream| match call(&stream) {
            Some(call) => call.corrected(stream),
            None if optional => optional::unset(stream),
            None => self.within(stream),
        };
        tokens
            .into_iter()
            .map(|token| match token {
                TokenTree::Group(group) => regroup(&group, inside(group.stream())),
                other => other,
            })
            .collect()
    }
}

impl Call {
    fn of(document: &Document, operation: OperationRef<'_>) -> Call {
        let vendor = |name: &str| kind::is_json(name) && kind::essence(name) != "application/json";
        let (body, media) = kind::body(document, operation);
        let media_type = media.map(|(name, _)| name);
        let optional = kind::is_optional(operation);
        let optional = optional && matches!(body, Body::Json | Body::Form);
        let maybe_json = media_type.filter(|_| optional && body == Body::Json);
        let content_type = media_type.filter(|name| vendor(name) && !optional);
        let mut call = Call {
            content_type: content_type.map(str::to_owned),
            accept: accept(operation, &vendor),
            form: body == Body::Form,
            optional,
            maybe_json: maybe_json.map(str::to_owned),
            bodiless: kind::errors(operation)
                .iter()
                .any(|(_, response)| json_of(response).next().is_none())
                && kind::errors_differ(operation),
            ..Call::default()
        };
        for schemes in security::alternatives(document, operation) {
            let mut carriers = schemes
                .iter()
                .filter_map(|name| Carrier::of(security::scheme(document, name)?));
            call.quietly |= carriers.any(|carrier| matches!(carrier, Carrier::Query(_)));
            let schemes = schemes.into_iter().map(str::to_owned);
            call.shown.push(schemes.collect());
        }
        for parameter in &operation.operation.parameters {
            let ReferenceOr::Item(parameter) = parameter else {
                continue;
            };
            let data = parameter.parameter_data_ref();
            let ParameterSchemaOrContent::Schema(schema) = &data.format else {
                continue;
            };
            let schema = draft::json(schema);
            let list = is_list(document, &schema);
            let query = matches!(parameter, Parameter::Query { .. });
            call.dated |= !query && !list && is_dated(document, &schema);
            match parameter {
                Parameter::Query { .. } if list && data.explode == Some(false) => {
                    call.query.insert(data.name.clone());
                }
                Parameter::Header { .. } if list => {
                    call.headers.insert(data.name.clone());
                }
                _ => {}
            }
        }
        call
    }

    /// The code of one call, from its beginning.
    fn corrected(&self, code: TokenStream) -> TokenStream {
        let mut code = self.correct(code);
        if self.maybe_json.is_some() {
            code = quote!(use super::wire::MaybeJson as _; #code);
        }
        if self.dated {
            code = quote!(use super::wire::Written as _; #code);
        }
        if !self.shown.is_empty() {
            code = quote!(use super::credentials::Show as _; #code);
        }
        if self.quietly {
            code = quote!(super::credentials::quietly(async move { #code }).await);
        }
        code
    }

    /// The code of one call.
    fn correct(&self, code: TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = code.into_iter().collect();
        let mut corrected = TokenStream::new();
        let mut before = String::new();
        for (index, token) in tokens.iter().enumerate() {
            if let TokenTree::Group(group) = token {
                let inside = self.argument(&before, group.stream());
                corrected.extend([regroup(group, inside)]);
                before.clear();
                continue;
            }
            before = token.to_string();
            if self.maybe_json.is_some() && before == "json" && is_call(tokens.get(index + 1)) {
                corrected.extend([TokenTree::from(format_ident!("maybe_json"))]);
                continue;
            }
            if before == "build"
                && is_call(tokens.get(index + 1))
                && let (false, Some(client)) = (self.shown.is_empty(), sender(&tokens))
            {
                let alternatives = self.shown.iter().map(|schemes| quote!(&[#(#schemes),*]));
                corrected.extend(quote!(show(&#client.credentials, &[#(#alternatives),*]).));
            }
            // reqwest's `json` leaves a media type that is there.
            if let Some(media_type) = &self.content_type
                && before == "json"
                && is_call(tokens.get(index + 1))
            {
                corrected.extend(quote! {
                    header(
                        ::reqwest::header::CONTENT_TYPE,
                        ::reqwest::header::HeaderValue::from_static(#media_type),
                    ).
                });
            }
            corrected.extend([token.clone()]);
        }
        corrected
    }

    /// What is in the brackets after `name`.
    fn argument(&self, name: &str, argument: TokenStream) -> TokenStream {
        let literal = first_text(&argument);
        let among =
            |names: &BTreeSet<String>| literal.as_ref().filter(|name| names.contains(*name));
        match name {
            "header" if self.accept.is_some() && argument.to_string().contains("ACCEPT") => {
                let accept = &self.accept;
                quote!(::reqwest::header::ACCEPT, ::reqwest::header::HeaderValue::from_static(#accept))
            }
            "json" if self.maybe_json.is_some() => {
                let media_type = &self.maybe_json;
                quote!(#media_type, #argument)
            }
            "form_urlencoded" if self.form => {
                quote!(&super::wire::fields(&body).map_err(Error::InvalidRequest)?)
            }
            // `Error::ErrorResponse(ResponseValue::from_response(response).await?)`
            "ErrorResponse" if self.bodiless => match called(&argument, "from_response") {
                Some(response) => quote!(super::wire::error(#response).await?),
                None => argument,
            },
            // `QueryParam::new("name", &value)`
            "new" => match (among(&self.query), variable(&argument, '&')) {
                (Some(name), Some(value)) => {
                    quote!(#name, &super::wire::commas(#name, &#value).map_err(Error::InvalidRequest)?)
                }
                _ => argument,
            },
            // `header_map.append("Name", value.to_string().try_into()?)`
            "append" => match (among(&self.headers), variable(&argument, ',')) {
                (Some(name), Some(value)) => quote! {
                    #name,
                    super::wire::commas(#name, &#value)
                        .map_err(Error::InvalidRequest)?
                        .unwrap_or_default()
                        .try_into()?
                },
                _ if self.dated => as_written(argument),
                _ => argument,
            },
            // `encode_path(&value.to_string())`
            "encode_path" if self.dated => as_written(argument),
            _ => self.correct(argument),
        }
    }
}

/// What the call says that it takes, when it takes a vendor's JSON.
fn accept(operation: OperationRef<'_>, vendor: &dyn Fn(&str) -> bool) -> Option<String> {
    let responses = &operation.operation.responses;
    let declared = responses.responses.values().chain(&responses.default);
    let mut media_types: Vec<&str> = Vec::new();
    for name in declared.filter_map(ReferenceOr::as_item).flat_map(json_of) {
        if !media_types.contains(&name) {
            media_types.push(name);
        }
    }
    let special = media_types.iter().any(|name| vendor(name));
    special.then(|| media_types.join(", "))
}

fn json_of(response: &Response) -> impl Iterator<Item = &str> {
    let names = response.content.keys().map(String::as_str);
    names.filter(|name| kind::answers_json(name))
}

/// Whether values of the schema are lists.
pub(crate) fn is_list(document: &Document, schema: &serde_json::Value) -> bool {
    let schema = draft::resolved(document, schema);
    schema.get("type").and_then(serde_json::Value::as_str) == Some("array")
}

/// Whether values of the schema may be dates with a time: chrono shows them with a blank, and JSON has them as RFC 3339.
pub(crate) fn is_dated(document: &Document, schema: &serde_json::Value) -> bool {
    fn within(document: &Document, schema: &serde_json::Value, depth: usize) -> bool {
        let schema = draft::resolved(document, schema);
        let members = ["allOf", "oneOf", "anyOf"].map(|key| schema.get(key)?.as_array());
        schema.get("format").and_then(serde_json::Value::as_str) == Some("date-time")
            || depth > 0
                && members
                    .into_iter()
                    .flatten()
                    .flatten()
                    .any(|member| within(document, member, depth - 1))
    }
    within(document, schema, 8)
}

/// The same code, with values as they are written in place of as they are shown.
fn as_written(code: TokenStream) -> TokenStream {
    let tokens = code.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "to_string" => format_ident!("written").into(),
        other => other,
    });
    tokens.collect()
}

/// The operation whose call this code is: it has `OperationInfo { operation_id: "name" }`.
fn operation(code: &TokenStream) -> Option<String> {
    let mut info = false;
    for token in code.clone() {
        match token {
            TokenTree::Group(group) if info => {
                let name = group.stream().into_iter().find_map(text)?;
                return Some(rust_name(&name));
            }
            TokenTree::Ident(name) => info = name == "OperationInfo",
            _ => info = false,
        }
    }
    None
}

/// What the function is called with.
fn called(code: &TokenStream, function: &str) -> Option<TokenStream> {
    let is = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == function);
    let mut after = code.clone().into_iter().skip_while(|token| !is(token));
    match after.nth(1)? {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    }
}

/// What the call calls its client: `client.exec(...)`.
fn sender(code: &[TokenTree]) -> Option<&Ident> {
    let sends = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "exec");
    match code.get(code.iter().position(sends)?.checked_sub(2)?)? {
        TokenTree::Ident(client) => Some(client),
        _ => None,
    }
}

/// The variable after the first `mark`.
fn variable(argument: &TokenStream, mark: char) -> Option<Ident> {
    let is_mark = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == mark);
    let mut after = argument.clone().into_iter().skip_while(|t| !is_mark(t));
    match after.nth(1)? {
        TokenTree::Ident(variable) => Some(variable),
        _ => None,
    }
}

fn first_text(tokens: &TokenStream) -> Option<String> {
    tokens.clone().into_iter().next().and_then(text)
}

fn text(token: TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else {
        return None;
    };
    let text: syn::LitStr = syn::parse_str(&literal.to_string()).ok()?;
    Some(text.value())
}

fn is_call(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(_)))
}

pub(crate) fn regroup(group: &Group, stream: TokenStream) -> TokenTree {
    let mut regrouped = Group::new(group.delimiter(), stream);
    regrouped.set_span(group.span());
    TokenTree::Group(regrouped)
}

/// What lists and forms are made of.
fn text_of() -> TokenStream {
    quote! {
        use ::serde_json::Value;

        /// The text of what has no parts.
        fn text(value: &Value) -> Option<String> {
            match value {
                Value::String(text) => Some(text.clone()),
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                _ => None,
            }
        }
    }
}

/// progenitor takes what is empty for JSON that is broken, and the status is lost.
fn error() -> TokenStream {
    quote! {
        /// An error whose body may not be there: null then.
        pub(super) async fn error<E>(
            response: ::reqwest::Response,
        ) -> Result<super::ResponseValue<::serde_json::Value>, super::Error<E>> {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response.bytes().await.map_err(super::Error::ResponseBodyError)?;
            let value = match body.is_empty() {
                true => ::serde_json::Value::Null,
                false => ::serde_json::from_slice(&body)
                    .map_err(|error| super::Error::InvalidResponsePayload(body, error))?,
            };
            Ok(super::ResponseValue::new(value, status, headers))
        }
    }
}

/// What JSON has as a text is sent as that.
fn written() -> TokenStream {
    quote! {
        /// Values as JSON writes them.
        pub(super) trait Written {
            /// The text.
            fn written(&self) -> String;
        }

        impl<T: ::serde::Serialize + ::std::fmt::Display> Written for T {
            fn written(&self) -> String {
                match ::serde_json::to_value(self) {
                    Ok(::serde_json::Value::String(text)) => text,
                    _ => self.to_string(),
                }
            }
        }
    }
}

/// What a server would read as another list is not sent.
fn commas() -> TokenStream {
    quote! {
        /// A list as one text, its items between commas; `None` for null.
        pub(super) fn commas(name: &str, list: &impl ::serde::Serialize) -> Result<Option<String>, String> {
            let items = match ::serde_json::to_value(list).map_err(|error| error.to_string())? {
                Value::Null => return Ok(None),
                Value::Array(items) if !items.is_empty() => items,
                _ => return Err(format!("`{name}` is empty, which one text cannot say")),
            };
            let mut texts = Vec::with_capacity(items.len());
            for item in &items {
                match text(item).filter(|text| !text.contains(',') && text.trim() == text) {
                    Some(text) => texts.push(text),
                    None => return Err(format!("an item of `{name}` has a comma, or a blank at an end, which one text cannot say")),
                }
            }
            Ok(Some(texts.join(",")))
        }
    }
}

/// serde's forms have no lists.
fn fields() -> TokenStream {
    quote! {
        /// The fields of a form; a list repeats its name.
        pub(super) fn fields(form: &impl ::serde::Serialize) -> Result<Vec<(String, String)>, String> {
            let members = match ::serde_json::to_value(form).map_err(|error| error.to_string())? {
                Value::Object(members) => members,
                // A form that is left out.
                Value::Null => return Ok(Vec::new()),
                _ => return Err("a form has fields".to_owned()),
            };
            let mut fields = Vec::new();
            for (name, value) in members {
                let values = match value {
                    Value::Null => continue,
                    Value::Array(items) if items.is_empty() => {
                        return Err(format!("`{name}` is empty, which a form cannot say"));
                    }
                    Value::Array(items) => items,
                    one => vec![one],
                };
                for value in &values {
                    let text = text(value).ok_or_else(|| format!("`{name}` has parts, which a form cannot say"))?;
                    fields.push((name.clone(), text));
                }
            }
            Ok(fields)
        }
    }
}

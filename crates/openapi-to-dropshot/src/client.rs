//! The client: progenitor's, on the types of the types crate.
//!
//! progenitor knows less than dropshot does: one error body per operation, few media types. What it cannot say is put
//! in plainer words first, and an operation that it cannot call at all is left out and named.

use crate::calls::{self, Calls};
use crate::kind;
use crate::quiet::quietly;
use crate::types::Types;
use crate::wire_names::{WireNames, rust_name};
use crate::{Options, credentials, gave_up, optional, reasons, segments};
use heck::ToSnakeCase;
use openapi_document::openapiv3::{
    OpenAPI, Operation, Parameter, ParameterSchemaOrContent, PathItem, ReferenceOr, Response,
    StatusCode,
};
use openapi_document::{Diagnostics, Document, OperationRef, draft};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, InterfaceStyle, TagStyle};
use quote::quote;
use std::collections::{BTreeMap, BTreeSet};
use typify::TypeSpaceImpl;

/// Operations that are left out, each with the reason.
type Lacks = Vec<(String, String)>;

/// Generates the client crate's file.
pub(crate) fn generate(
    document: &Document,
    options: &Options,
    types: &Types,
) -> Result<(TokenStream, Lacks), Diagnostics> {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_map_type("::std::collections::BTreeMap");
    for (name, component) in &types.components {
        let path = format!("{}::{}", options.types_name(), component.name);
        let name = crate::names::camel(name);
        settings.with_replacement(name, path, component.impls.iter().cloned());
    }
    let called = called(document);
    let mut openapi = plainer(document, types, &called);
    for (name, inner) in optional::bodies(&mut openapi) {
        let inner = types
            .components
            .get(&inner)
            .map(|component| &component.name);
        let path = format!(
            "::std::option::Option<{}::{}>",
            options.types_name(),
            inner.unwrap_or(&name)
        );
        settings.with_replacement(&name, path, [TypeSpaceImpl::Default].into_iter());
    }
    // reqwest has no call of these methods.
    let (callable, not): (Vec<OperationRef<'_>>, Vec<OperationRef<'_>>) = document
        .operations()
        .partition(|operation| !["options", "trace"].contains(&operation.method));
    let mut lacks: Lacks = not
        .iter()
        .map(|operation| {
            let why = format!("there is no call with {}", operation.method.to_uppercase());
            (operation.id().to_owned(), why)
        })
        .collect();
    if !lacks.is_empty() {
        openapi = keep(&openapi, &|_, method| {
            !["options", "trace"].contains(&method)
        });
    }
    let calls = Calls::of(document, &called);
    let whole = attempt(&settings, &openapi);
    let whole = match whole {
        Ok(tokens) => return Ok((finished(document, &calls, tokens), lacks)),
        Err(why) => why,
    };
    // Some of the operations are beyond it: which, and all that are not.
    let all = callable;
    beyond(&settings, &openapi, &all, &mut lacks);
    let lacking: BTreeSet<&str> = lacks.iter().map(|(id, _)| id.as_str()).collect();
    let missing = |path: &str, method: &str| {
        let mut operations = document.operations();
        operations.any(|o| o.path == path && o.method == method && lacking.contains(o.id()))
    };
    let rest = keep(&openapi, &|path, method| !missing(path, method));
    match attempt(&settings, &rest) {
        Ok(tokens) => Ok((finished(document, &calls, tokens), lacks)),
        Err(_) => Err(gave_up(document, "generating the client", whole)),
    }
}

/// The client as it is written: its calls say what the document does, and what is not sent.
fn finished(document: &Document, calls: &Calls, tokens: TokenStream) -> TokenStream {
    let client = reasons::given(calls.correct(tokens));
    let mut client = credentials::held(document, client);
    client.extend(begun());
    if document
        .operations()
        .any(|operation| operation.path.contains('{'))
    {
        client.extend(segments::module());
    }
    client
}

/// A client that can fail to begin: progenitor's `new` panics then.
fn begun() -> TokenStream {
    quote! {
        impl Client {
            /// As [`new`](Self::new), which panics where this fails.
            ///
            /// # Errors
            /// There is nothing to connect with: the machine has no roots of trust, or TLS cannot begin.
            pub fn try_new(baseurl: &str) -> ::std::result::Result<Self, ::reqwest::Error> {
                let client = ::reqwest::ClientBuilder::new();
                #[cfg(not(target_arch = "wasm32"))]
                let client = {
                    let time = ::std::time::Duration::from_secs(15);
                    client.connect_timeout(time).timeout(time)
                };
                client.build().map(|client| Self::new_with_client(baseurl, client))
            }
        }
    }
}

/// The operations that progenitor does not support: by halves, since each attempt costs what all types cost.
fn beyond(
    settings: &GenerationSettings,
    openapi: &OpenAPI,
    operations: &[OperationRef<'_>],
    lacks: &mut Lacks,
) {
    let among = |p: &str, m: &str| operations.iter().any(|o| o.path == p && o.method == m);
    let Err(why) = attempt(settings, &keep(openapi, &among)) else {
        return;
    };
    match operations {
        [] => {}
        [only] => lacks.push((only.id().to_owned(), why)),
        several => {
            let (one, other) = several.split_at(several.len() / 2);
            beyond(settings, openapi, one, lacks);
            beyond(settings, openapi, other, lacks);
        }
    }
}

fn attempt(settings: &GenerationSettings, openapi: &OpenAPI) -> Result<TokenStream, String> {
    let mut openapi = openapi.clone();
    let wire = WireNames::give(&mut openapi);
    match quietly(|| Generator::new(settings).generate_tokens(&openapi)) {
        Some(Ok(tokens)) => Ok(wire.restore(tokens)),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("progenitor does not support it".to_owned()),
    }
}

/// Names that the client, or the code of its builders, has already; an operation of such a name is called
/// `NAME_operation` there, or with a number behind it.
const RESERVED: &[&str] = &[
    "api_version",
    "baseurl",
    "box",
    "byte_stream",
    "client",
    "client_hooks",
    "client_info",
    "clone",
    "debug",
    "default",
    "err",
    "error",
    "exec",
    "from",
    "inner",
    "into",
    "new",
    "new_with_client",
    "none",
    "ok",
    "operation_info",
    "option",
    "post",
    "pre",
    "request_builder_ext",
    "response_value",
    "result",
    "some",
    "string",
    "try_from",
    "try_into",
    "try_new",
    "unpin",
    "vec",
    "with_credentials",
];

/// What progenitor is told that each operation is called: by its `operationId`.
pub(crate) fn called(document: &Document) -> BTreeMap<String, String> {
    let ids = || document.operations().map(|operation| operation.id());
    let mut used: BTreeSet<String> = ids().map(rust_name).collect();
    let mut name = |id: &str| {
        if !RESERVED.contains(&id.to_snake_case().as_str()) {
            return id.to_owned();
        }
        let first = format!("{id}_operation");
        let numbered = (2..).map(|number| format!("{first}{number}"));
        let mut names = std::iter::once(first.clone()).chain(numbered);
        let free = names.find(|name| used.insert(rust_name(name)));
        free.unwrap_or(first)
    };
    ids().map(|id| (id.to_owned(), name(id))).collect()
}

/// The document in the words that progenitor knows.
fn plainer(document: &Document, types: &Types, called: &BTreeMap<String, String>) -> OpenAPI {
    let mut openapi = document.openapi.clone();
    // `calls` writes what lists are in a header.
    let lists: BTreeSet<&str> = document
        .schemas()
        .filter(|(_, schema)| calls::is_list(document, &draft::json(schema)))
        .map(|(name, _)| name)
        .collect();
    let mute: BTreeSet<String> = types
        .components
        .iter()
        .filter(|(_, component)| !component.impls.contains(&TypeSpaceImpl::Display))
        .filter(|(name, _)| !lists.contains(name.as_str()))
        .map(|(name, _)| name.clone())
        .collect();
    let varied = document.operations();
    let varied = varied.filter(|operation| kind::errors_differ(*operation));
    let varied: BTreeSet<(String, String)> = varied.map(key).collect();
    for (path, item) in &mut openapi.paths.paths {
        let ReferenceOr::Item(item) = item else {
            continue;
        };
        for (method, operation) in methods(item) {
            for parameter in &mut operation.parameters {
                shown(parameter, &mute);
            }
            errors_by_range(operation);
            if let Some(id) = &mut operation.operation_id
                && let Some(called) = called.get(id)
            {
                id.clone_from(called);
            }
            let varied = varied.contains(&(path.clone(), method.to_owned()));
            each_response(operation, &mut |is_error, response| {
                if varied && is_error {
                    any_json(response);
                }
                response.content = std::mem::take(&mut response.content)
                    .into_iter()
                    .map(|(name, media)| (json_by_its_name(name), media))
                    .collect();
            });
            if let Some(ReferenceOr::Item(body)) = &mut operation.request_body {
                body.content = std::mem::take(&mut body.content)
                    .into_iter()
                    .map(|(name, media)| (json_by_its_name(name), media))
                    .collect();
            }
        }
    }
    openapi
}

fn key(operation: OperationRef<'_>) -> (String, String) {
    (operation.path.to_owned(), operation.method.to_owned())
}

fn json_by_its_name(media_type: String) -> String {
    if kind::is_json(&media_type) {
        "application/json".to_owned()
    } else {
        media_type
    }
}

/// What stands in a path or a header is written by `Display`: null is nothing, and types without it are texts.
fn shown(parameter: &mut ReferenceOr<Parameter>, mute: &BTreeSet<String>) {
    let ReferenceOr::Item(
        Parameter::Path { parameter_data, .. } | Parameter::Header { parameter_data, .. },
    ) = parameter
    else {
        return;
    };
    let ParameterSchemaOrContent::Schema(schema) = &mut parameter_data.format else {
        return;
    };
    if let ReferenceOr::Item(inline) = schema {
        inline.schema_data.nullable = false;
    }
    let name = draft::reference(&draft::json(schema)).unwrap_or_default();
    if let Ok(text) = serde_json::from_value(serde_json::json!({ "type": "string" }))
        && mute.contains(&name)
    {
        *schema = text;
    }
}

/// Beside a success, `default` is of errors; progenitor would take it for another success. And where a range of errors is
/// declared, no status of it is another case: a call has one type of error, and the range would come first.
fn errors_by_range(operation: &mut Operation) {
    let responses = &mut operation.responses;
    let is_success = |status: &StatusCode| match status {
        StatusCode::Code(code) => *code < 400,
        StatusCode::Range(class) => *class < 4,
    };
    if responses.responses.keys().any(is_success)
        && let Some(default) = responses.default.take()
    {
        for class in [4, 5] {
            let range = responses.responses.entry(StatusCode::Range(class));
            range.or_insert_with(|| default.clone());
        }
    }
    for class in [4, 5] {
        if responses.responses.contains_key(&StatusCode::Range(class)) {
            let within = |status: &StatusCode| matches!(status, StatusCode::Code(code) if code / 100 == class);
            responses.responses.retain(|status, _| !within(status));
        }
    }
}

fn any_json(response: &mut Response) {
    let media = openapi_document::openapiv3::MediaType {
        schema: serde_json::from_value(serde_json::json!({})).ok(),
        ..Default::default()
    };
    response.content = [("application/json".to_owned(), media)]
        .into_iter()
        .collect();
}

fn each_response(operation: &mut Operation, visit: &mut dyn FnMut(bool, &mut Response)) {
    let mut succeeds = false;
    for (status, response) in &mut operation.responses.responses {
        let is_error = match status {
            StatusCode::Code(code) => *code >= 400,
            StatusCode::Range(class) => *class >= 4,
        };
        succeeds |= !is_error;
        if let ReferenceOr::Item(response) = response {
            visit(is_error, response);
        }
    }
    if let Some(ReferenceOr::Item(response)) = &mut operation.responses.default {
        visit(succeeds, response);
    }
}

pub(crate) fn methods(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("options", &mut item.options),
        ("head", &mut item.head),
        ("patch", &mut item.patch),
        ("trace", &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(name, operation)| Some((name, operation.as_mut()?)))
}

fn keep(openapi: &OpenAPI, wanted: &dyn Fn(&str, &str) -> bool) -> OpenAPI {
    let mut openapi = openapi.clone();
    for (path, item) in &mut openapi.paths.paths {
        let ReferenceOr::Item(item) = item else {
            continue;
        };
        let drop: Vec<&str> = methods(item)
            .map(|(method, _)| method)
            .filter(|method| !wanted(path, method))
            .collect();
        for method in drop {
            match method {
                "get" => item.get = None,
                "put" => item.put = None,
                "post" => item.post = None,
                "delete" => item.delete = None,
                "options" => item.options = None,
                "head" => item.head = None,
                "patch" => item.patch = None,
                _ => item.trace = None,
            }
        }
    }
    openapi
}

//! What dropshot cannot say of an API, and what is therefore not compared between its own document and the source.
//!
//! The list is closed: whatever is not on it must be equal. Each entry has the reason, and names the check which shows that the
//! server does what that part of the source says.

pub(crate) mod ranges;
mod said;

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Which document a rule applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The source alone: dropshot does not emit it.
    Source,
    /// The emitted document alone: the source does not say it so.
    Emitted,
}

/// One part that is left out.
#[derive(Debug, Clone, Copy)]
pub struct Projected {
    /// A JSON pointer in which `*` stands for any one token, and a token that ends with `*` for any with that beginning.
    pub pointer: &'static str,
    /// Where it is left out.
    pub side: Side,
    /// Why, and what shows that it is true.
    pub reason: &'static str,
}

const fn source(pointer: &'static str, reason: &'static str) -> Projected {
    Projected {
        pointer,
        side: Side::Source,
        reason,
    }
}

const fn emitted(pointer: &'static str, reason: &'static str) -> Projected {
    Projected {
        pointer,
        side: Side::Emitted,
        reason,
    }
}

const SECURITY: &str = "dropshot emits no security; conformance: every secured operation answers 401 without credentials";
const INFO: &str =
    "dropshot takes it from a call, not from the API; the server serves the source document";
const EXAMPLES: &str =
    "dropshot emits no examples of parameters, bodies and responses; lint: each matches its schema";
const ERRORS: &str = "dropshot knows only the ranges 4XX and 5XX, compared where the source has them; conformance: every error answer is one that the source declares";
const EXTENSIONS: &str = "dropshot emits extensions of schemas only; they constrain nothing";
const WORDS: &str = "dropshot has no place for these words; the server serves the source document";

/// Everything that is left out.
pub const PROJECTED: &[Projected] = &[
    source("/security", SECURITY),
    source("/components/securitySchemes", SECURITY),
    source("/paths/*/*/security", SECURITY),
    source("/servers", "the server does not know where it is reached"),
    source("/externalDocs", WORDS),
    source("/info/description", INFO),
    source("/info/license", INFO),
    source("/info/contact", INFO),
    source("/info/termsOfService", INFO),
    source("/x-*", EXTENSIONS),
    source("/info/x-*", EXTENSIONS),
    source("/tags/*/x-*", EXTENSIONS),
    source("/tags/*/externalDocs/x-*", EXTENSIONS),
    source("/paths/x-*", EXTENSIONS),
    source("/paths/*/summary", WORDS),
    source("/paths/*/description", WORDS),
    source("/paths/*/x-*", EXTENSIONS),
    source("/paths/*/*/externalDocs", WORDS),
    source("/paths/*/*/x-*", EXTENSIONS),
    source("/paths/*/*/parameters/*/x-*", EXTENSIONS),
    source("/paths/*/*/parameters/*/example", EXAMPLES),
    source("/paths/*/*/parameters/*/examples", EXAMPLES),
    source(
        "/paths/*/*/parameters/*/deprecated",
        "dropshot emits no deprecation of parameters; it changes no answer",
    ),
    source("/paths/*/*/requestBody/description", WORDS),
    source("/paths/*/*/requestBody/x-*", EXTENSIONS),
    source("/paths/*/*/requestBody/content/*/example", EXAMPLES),
    source("/paths/*/*/requestBody/content/*/examples", EXAMPLES),
    source("/paths/*/*/requestBody/content/*/x-*", EXTENSIONS),
    source("/paths/*/*/responses/4*", ERRORS),
    source("/paths/*/*/responses/5*", ERRORS),
    source("/paths/*/*/responses/x-*", EXTENSIONS),
    source("/paths/*/*/responses/*/x-*", EXTENSIONS),
    source("/paths/*/*/responses/*/headers/*/x-*", EXTENSIONS),
    source("/paths/*/*/responses/*/headers/*/example", EXAMPLES),
    source("/paths/*/*/responses/*/content/*/example", EXAMPLES),
    source("/paths/*/*/responses/*/content/*/examples", EXAMPLES),
    source("/paths/*/*/responses/*/content/*/x-*", EXTENSIONS),
    emitted("/paths/*/*/responses/4XX", ERRORS),
    emitted("/paths/*/*/responses/5XX", ERRORS),
    emitted("/components/responses", ERRORS),
];

/// Why the source counts as of OpenAPI 3.0.3, whichever version it is of.
pub const VERSION: &str = "dropshot says 3.0.3 of every document; 3.1 is lowered to it, and the versions 3.0.x differ in their words only";

/// Why the media type of a success is not compared; the only rule that is not a pointer.
pub const MEDIA_TYPES: &str = "dropshot says application/json of every typed success; conformance: Content-Type is the declared one";

/// Why the vendor's part of a JSON media type of a request is not compared.
pub const VENDOR_TYPES: &str = "dropshot says application/json of every JSON body; runtime: the declared media type is accepted";

/// Why a success of bytes, and any of `*/*`, is compared as any body.
pub const BYTES: &str = "dropshot says */* of every body that is not typed, and no schema; lint: a schema there is told (K0207); conformance: Content-Type is the declared one";

/// Why a path without operations is left out of the source.
pub const EMPTY: &str = "dropshot knows paths by their operations; without one, both answer 404";

/// Why what is said in as many words, and is so anyway, is left out of the source.
pub const ANYWAY: &str = "dropshot writes no flag that is false: it says what its absence says";

/// Why `default` beside a success, and headers of a free-form answer, are left out of the source.
pub const DEFAULTS: &str = "dropshot knows only the ranges 4XX and 5XX, and headers of typed answers; conformance: every answer is one that the source declares";

/// Why `style` and `explode` of parameters are left out on both sides, and parameters that are lists of the source.
pub const STYLES: &str = "only the default styles are generated from, so they say nothing; dropshot describes no lists, but the runtime reads and checks them";

/// Why tags that only operations name are added on both sides.
pub const TAGS: &str = "dropshot lists every tag that an operation has";

/// Why the variables of paths are called in the source as the path that came first calls them.
pub const VARIABLES: &str = "dropshot's router knows one name for the variable of one place; the names never travel, and the runtime reads each path as its template says";

/// Why a body that may be left out counts as one that must be there.
pub const OPTIONAL: &str =
    "dropshot says of every body that it is required; runtime: without one the handler gets none";

/// Why keywords of schemas without a type are left out of the source.
pub const UNTYPED: &str = "dropshot writes none; runtime: each is checked for values of its type";

/// Leaves out of `document` what is left out on `side`, and brings what has no order into one.
pub fn project(document: &Value, side: Side) -> Value {
    let mut document = document.clone();
    for rule in PROJECTED.iter().filter(|rule| rule.side == side) {
        let tokens: Vec<&str> = rule.pointer.split('/').skip(1).collect();
        remove(&mut document, &tokens);
    }
    if side == Side::Source {
        document["openapi"] = "3.0.3".into();
        said::variables(&mut document);
        said::untyped(&mut document);
        said::bodies(&mut document);
        said::paths(&mut document);
    }
    lists(&mut document);
    media_types(&mut document);
    defaults(&mut document);
    tags(&mut document);
    order(&mut document);
    unreachable(&mut document);
    prune(&mut document);
    document
}

fn matches(pattern: &str, token: &str) -> bool {
    match pattern.strip_suffix('*') {
        // dropshot's own extensions are emitted, and so compared.
        Some("x-") => token.starts_with("x-") && !token.starts_with("x-dropshot-"),
        Some(beginning) => token.starts_with(beginning),
        None => pattern == token,
    }
}

fn remove(value: &mut Value, tokens: &[&str]) {
    let Some((token, rest)) = tokens.split_first() else {
        return;
    };
    match value {
        Value::Object(object) if rest.is_empty() => object.retain(|key, _| !matches(token, key)),
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                if matches(token, key) {
                    remove(value, rest);
                }
            }
        }
        Value::Array(items) if *token == "*" => {
            items.iter_mut().for_each(|item| remove(item, rest))
        }
        _ => {}
    }
}

/// The operations, of the members of a path item.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    paths
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.values_mut())
        .filter_map(Value::as_object_mut)
}

/// [`STYLES`].
fn lists(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for operation in operations(document) {
        let Some(Value::Array(parameters)) = operation.get_mut("parameters") else {
            continue;
        };
        parameters.retain(|parameter| !is(&schemas, &parameter["schema"], "array"));
        for parameter in parameters.iter_mut().filter_map(Value::as_object_mut) {
            parameter.remove("style");
            parameter.remove("explode");
        }
        if parameters.is_empty() {
            operation.remove("parameters");
        }
    }
}

/// Whether the schema, or the named one that it refers to, is of this type.
fn is(schemas: &Value, schema: &Value, kind: &str) -> bool {
    let mut schema = schema;
    for _ in 0..16 {
        let name = schema["$ref"].as_str();
        match name.and_then(|name| name.strip_prefix("#/components/schemas/")) {
            Some(name) => schema = &schemas[name],
            None => return schema["type"] == kind,
        }
    }
    false
}

/// [`DEFAULTS`].
fn defaults(document: &mut Value) {
    for operation in operations(document) {
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        let Some(responses) = responses else { continue };
        if responses.keys().any(|status| status != "default") {
            responses.remove("default");
        }
        for response in responses.values_mut() {
            let untyped = response["content"]["*"]["schema"] == serde_json::json!({});
            if let (Some(response), true) = (response.as_object_mut(), untyped) {
                response.remove("headers");
            }
        }
    }
}

/// [`TAGS`].
fn tags(document: &mut Value) {
    let named: BTreeSet<String> = operations(document)
        .filter_map(|operation| operation.get("tags")?.as_array().cloned())
        .flatten()
        .filter_map(|tag| tag.as_str().map(str::to_owned))
        .collect();
    let Some(document) = document.as_object_mut() else {
        return;
    };
    let tags = document
        .entry("tags")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(tags) = tags {
        for name in named {
            if !tags.iter().any(|tag| tag["name"] == name.as_str()) {
                tags.push(serde_json::json!({ "name": name }));
            }
        }
    }
}

/// [`MEDIA_TYPES`], [`VENDOR_TYPES`] and [`BYTES`].
fn media_types(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for operation in operations(document) {
        if let Some(Value::Object(content)) = operation
            .get_mut("requestBody")
            .and_then(|body| body.get_mut("content"))
        {
            *content = std::mem::take(content)
                .into_iter()
                .map(|(name, media)| {
                    let essence = name.split(';').next().unwrap_or_default().trim();
                    let json = essence.ends_with("+json") || essence == "application/json";
                    (
                        if json {
                            "application/json".to_owned()
                        } else {
                            essence.to_owned()
                        },
                        media,
                    )
                })
                .collect();
        }
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for response in responses
            .into_iter()
            .flat_map(|responses| responses.values_mut())
        {
            let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else {
                continue;
            };
            *content = std::mem::take(content)
                .into_iter()
                .map(|(name, mut media)| {
                    let bytes = is(&schemas, &media["schema"], "string")
                        && media["schema"]["format"] == "binary";
                    if bytes || name == "*/*" {
                        media["schema"] = serde_json::json!({});
                    }
                    ("*".to_owned(), media)
                })
                .collect();
        }
    }
}

/// Sorts parameters, `required` and tags: their order means nothing.
fn order(document: &mut Value) {
    for operation in operations(document) {
        if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
            parameters
                .sort_by_key(|parameter| format!("{} {}", parameter["in"], parameter["name"]));
        }
    }
    if let Some(Value::Array(tags)) = document.get_mut("tags") {
        tags.sort_by_key(|tag| tag["name"].to_string());
    }
    required(document);
}

fn required(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Array(names)) = object.get_mut("required") {
                names.sort_by_key(Value::to_string);
            }
            object.values_mut().for_each(required);
        }
        Value::Array(items) => items.iter_mut().for_each(required),
        _ => {}
    }
}

fn unreachable(document: &mut Value) {
    let mut reached = BTreeSet::new();
    let mut queue = Vec::new();
    references(&document["paths"], &mut queue);
    while let Some(name) = queue.pop() {
        if reached.insert(name.clone()) {
            references(&document["components"]["schemas"][&name], &mut queue);
        }
    }
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        schemas.retain(|name, _| reached.contains(name));
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(name) = object
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|r| r.strip_prefix("#/components/schemas/"))
            {
                found.push(name.to_owned());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// Removes empty maps and lists that leaving out left behind at the top.
fn prune(document: &mut Value) {
    let empty = |value: &Value| match value {
        Value::Object(object) => object.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    if let Some(Value::Object(components)) = document.get_mut("components") {
        components.retain(|_, value| !empty(value));
    }
    if let Value::Object(object) = document {
        object.retain(|_, value| !empty(value));
    }
}

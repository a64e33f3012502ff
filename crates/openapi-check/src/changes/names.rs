//! How people and Rust code call what a JSON pointer leads to.

use heck::{ToSnakeCase, ToUpperCamelCase};
use openapi_document::Node;

/// The name for people: `Kubeconfig.status`, `Page.items[].id`, `listThings query`, `pageSize`.
pub(super) fn spoken(root: &Node, pointer: &str) -> String {
    let (base, rest) = split(root, pointer);
    let mut name = base;
    let mut rest = rest.iter();
    while let Some(token) = rest.next() {
        match token.as_str() {
            "properties" => {
                name.push('.');
                name.push_str(rest.next().map_or("", String::as_str));
            }
            "items" => name.push_str("[]"),
            "additionalProperties" => name.push_str(".*"),
            // What a part adds belongs to the whole; its number is no name.
            "allOf" => drop(rest.next()),
            other => {
                name.push('/');
                name.push_str(other);
            }
        }
    }
    name
}

/// How Rust code calls it: `Kubeconfig::status` for a member, `Kubeconfig::roles[_]` for an element of one, `KubeconfigStatus` for
/// a type.
pub(super) fn rust(root: &Node, pointer: &str) -> String {
    let (base, rest) = split(root, pointer);
    let (base, mut field) = match header(root, pointer) {
        Some((answer, name)) => (answer, Some(name)),
        None => (base, None),
    };
    let mut name = base.to_upper_camel_case();
    let mut is_element = false;
    let mut tokens = rest.iter();
    while let Some(token) = tokens.next() {
        let last = tokens.as_slice().is_empty();
        match token.as_str() {
            // What a part adds belongs to the whole.
            "allOf" => {
                tokens.next();
                continue;
            }
            // An element of what holds them.
            "items" | "additionalProperties" if last => {
                is_element = field.is_some();
                break;
            }
            _ => {}
        }
        if let Some(outer) = field.take() {
            name.push_str(&outer.to_upper_camel_case());
        }
        match token.as_str() {
            // What follows is a name, whatever it is: also one that is a keyword elsewhere.
            "properties" => field = tokens.next().cloned(),
            "items" => name.push_str("Item"),
            "additionalProperties" => name.push_str("Value"),
            other => name.push_str(&other.to_upper_camel_case()),
        }
    }
    match field {
        Some(field) if is_element => format!("{name}::{}[_]", identifier(&field)),
        Some(field) => format!("{name}::{}", identifier(&field)),
        None => name,
    }
}

/// The field that holds the parameter whose schema is at the pointer: `ListThingsQuery::page_size`. Its type may have a name of
/// its own, which [`rust`] gives.
pub(super) fn parameter_field(root: &Node, pointer: &str) -> Option<String> {
    let tokens: Vec<&str> = pointer.split('/').collect();
    let ["", "paths", path, method, "parameters", index, "schema"] = tokens.as_slice() else {
        return None;
    };
    let operation = root.at(&format!("/paths/{path}/{method}"))?;
    let parameter = operation.at(&format!("/parameters/{index}"))?;
    let text = |node: &Node, key: &str| Some(node.get(key)?.as_str()?.to_owned());
    let place = match text(parameter, "in")?.as_str() {
        "path" => "Path",
        "query" => "Query",
        _ => "Headers",
    };
    let (id, name) = (text(operation, "operationId")?, text(parameter, "name")?);
    Some(format!(
        "{}{place}::{}",
        id.to_upper_camel_case(),
        identifier(&name)
    ))
}

/// A field as Rust can call it.
fn identifier(name: &str) -> String {
    const WORDS: [&str; 39] = [
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum",
        "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod",
        "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait",
        "true", "try", "type", "unsafe", "use", "where", "while",
    ];
    let name = name.to_snake_case();
    if WORDS.contains(&name.as_str()) {
        return name + "_";
    }
    name
}

/// Whether the pointer leads to what the elements of a list or map are, rather than to a property that is called so.
pub(super) fn is_element(pointer: &str) -> bool {
    let mut tokens = pointer.rsplit('/');
    let last = tokens.next();
    matches!(last, Some("items" | "additionalProperties")) && tokens.next() != Some("properties")
}

/// The type of the values at `pointer`, which [`rust`] calls so: `InListItem` for the items of `In::list`.
pub(super) fn value_type(pointer: &str, rust: &str) -> String {
    let own = type_of(rust);
    match is_element(pointer) {
        true if pointer.ends_with("/items") => own + "Item",
        true => own + "Value",
        false => own,
    }
}

/// The type of what [`rust`] calls so: `KubeconfigStatus` for `Kubeconfig::status`.
pub(super) fn type_of(rust: &str) -> String {
    match rust.split_once("::") {
        Some((owner, field)) => format!("{owner}{}", field.to_upper_camel_case()),
        None => rust.to_owned(),
    }
}

/// The method of the client, and of the server's trait.
pub(super) fn method(id: &str) -> String {
    id.to_snake_case()
}

/// The variant of an error enum that stands for a status.
pub(super) fn status(status: &str) -> String {
    match status.to_ascii_lowercase().as_str() {
        "default" => return "Other".to_owned(),
        "4xx" => return "ClientError".to_owned(),
        "5xx" => return "ServerError".to_owned(),
        _ => {}
    }
    let reason = status
        .parse::<u16>()
        .ok()
        .and_then(|status| http::StatusCode::from_u16(status).ok())
        .and_then(|status| status.canonical_reason());
    reason.map_or_else(
        || format!("Status{status}"),
        |reason| reason.to_upper_camel_case(),
    )
}

/// The type of an operation's answer, and the name of its header that the pointer leads into.
fn header(root: &Node, pointer: &str) -> Option<(String, String)> {
    let tokens: Vec<&str> = pointer.split('/').collect();
    let [
        "",
        "paths",
        path,
        method,
        "responses",
        _,
        "headers",
        name,
        ..,
    ] = tokens.as_slice()
    else {
        return None;
    };
    let operation = root.at(&format!("/paths/{path}/{method}/operationId"))?;
    let name = name.replace("~1", "/").replace("~0", "~");
    Some((format!("{}Response", operation.as_str()?), name))
}

/// What the pointer begins with, in words, and the tokens of the way from there inside a schema.
fn split(root: &Node, pointer: &str) -> (String, Vec<String>) {
    let tokens: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect();
    let words: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let from = |count: usize| tokens.get(count..).unwrap_or_default().to_vec();
    let parameter = |tokens: usize| {
        let pointer: Vec<&str> = pointer.split('/').take(tokens + 1).collect();
        let node = root.at(&pointer.join("/"));
        node.and_then(|node| node.get("name"))
            .and_then(Node::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let operation = || {
        let pointer: Vec<&str> = pointer.split('/').take(4).collect();
        let node = root.at(&pointer.join("/"));
        node.and_then(|node| node.get("operationId"))
            .and_then(Node::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match words.as_slice() {
        ["components", "schemas", name, ..] => ((*name).to_owned(), from(3)),
        ["components", "parameters", _, "schema", ..] => (parameter(3), from(4)),
        ["components", "headers", name, "schema", ..] => ((*name).to_owned(), from(4)),
        [
            "components",
            "responses" | "requestBodies",
            name,
            "content",
            _,
            "schema",
            ..,
        ] => ((*name).to_owned(), from(6)),
        ["components", "responses", _, "headers", name, "schema", ..] => {
            ((*name).to_owned(), from(6))
        }
        ["components", _, name, ..] => ((*name).to_owned(), Vec::new()),
        ["paths", _, "parameters", _, "schema", ..] => (parameter(4), from(5)),
        ["paths", _, _, "parameters", _, "schema", ..] => (parameter(5), from(6)),
        ["paths", _, _, "requestBody", "content", _, "schema", ..] => {
            (format!("{}Body", operation()), from(7))
        }
        [
            "paths",
            _,
            _,
            "responses",
            status,
            "content",
            _,
            "schema",
            ..,
        ] => (format!("{}Response{status}", operation()), from(8)),
        ["paths", _, _, "responses", _, "headers", name, "schema", ..] => {
            ((*name).to_owned(), from(8))
        }
        ["paths", _, _, ..] => (operation(), Vec::new()),
        _ => (pointer.to_owned(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use openapi_document::Document;

    #[test]
    fn names_are_those_of_the_generated_code() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /things:\n    get:\n      operationId: listThings\n      parameters:\n      - {name: pageSize, in: query, schema: {type: integer}}\n      responses: {'204': {description: None}}\n";
        let document = Document::examine("t.yaml", text).0.unwrap();
        let both = |pointer| {
            (
                spoken(&document.root, pointer),
                rust(&document.root, pointer),
            )
        };
        for (pointer, said, code) in [
            (
                "/components/schemas/Thing/properties/selfLink",
                "Thing.selfLink",
                "Thing::self_link",
            ),
            (
                "/components/schemas/Page/properties/items/items/properties/id",
                "Page.items[].id",
                "PageItemsItem::id",
            ),
            (
                "/components/schemas/Map/additionalProperties",
                "Map.*",
                "Map",
            ),
            (
                "/paths/~1things/get/parameters/0/schema",
                "pageSize",
                "PageSize",
            ),
            (
                "/paths/~1things/get/requestBody/content/application~1json/schema/properties/a",
                "listThingsBody.a",
                "ListThingsBody::a",
            ),
            (
                "/paths/~1things/get/responses/200/content/application~1json/schema",
                "listThingsResponse200",
                "ListThingsResponse200",
            ),
        ] {
            assert_eq!(both(pointer), (said.to_owned(), code.to_owned()));
        }
        for (pointer, said, code) in [
            (
                "/components/schemas/Car/allOf/1/properties/selfLink",
                "Car.selfLink",
                "Car::self_link",
            ),
            (
                "/components/schemas/Car/allOf/1/properties/at/allOf/0/properties/x",
                "Car.at.x",
                "CarAt::x",
            ),
            (
                "/components/schemas/Car/properties/extra/additionalProperties",
                "Car.extra.*",
                "Car::extra[_]",
            ),
            (
                "/paths/~1things/get/responses/204/headers/X-Total/schema",
                "X-Total",
                "ListThingsResponse::x_total",
            ),
        ] {
            assert_eq!(both(pointer), (said.to_owned(), code.to_owned()));
        }
        let field = |pointer| parameter_field(&document.root, pointer);
        let held = field("/paths/~1things/get/parameters/0/schema");
        assert_eq!(held.as_deref(), Some("ListThingsQuery::page_size"));
        assert_eq!(field("/components/schemas/A"), None);
        let item = "/components/schemas/In/properties/ib/items";
        let rust = rust(&document.root, item);
        assert_eq!(value_type(item, &rust), "InIbItem");
        // A property that is called `items`.
        let list = "/components/schemas/Page/properties/items";
        let rust = super::rust(&document.root, list);
        assert_eq!(value_type(list, &rust), "PageItems");
        assert_eq!(
            super::rust(&document.root, "/components/schemas/In/properties/if"),
            "In::if_"
        );
        let variants = ["409", "4XX", "default"].map(status);
        assert_eq!(variants, ["Conflict", "ClientError", "Other"]);
    }
}

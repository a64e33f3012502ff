//! K0102: nodes to the typed model, and which part is to blame when that fails.

mod schemas;

use crate::node::{Content, Node, Span};
use crate::{Diagnostic, Diagnostics, METHODS};
use openapiv3::{
    Header, OpenAPI, Operation, Parameter, ReferenceOr, RequestBody, Response, Schema,
};
use serde::de::DeserializeOwned;

/// The typed document; `None`, and a diagnosis, when a part has the wrong shape.
///
/// The model's own errors say little (`data did not match any variant`) and nothing of the place, so the parts are
/// tried one by one, and the smallest that fails is underlined.
pub(crate) fn openapi(root: &Node, diagnostics: &mut Diagnostics) -> Option<OpenAPI> {
    let error = match (!schemas::is_endless(root)).then(|| read::<OpenAPI>(root)) {
        Some(Ok(openapi)) => return Some(openapi),
        Some(Err(error)) => Some(error),
        // One of its schemas is to blame.
        None => None,
    };
    // What a rule has told better is not told again.
    let told: Vec<Span> = diagnostics
        .iter()
        .filter(|d| !d.warning || d.code == "K0113")
        .map(|d| d.span)
        .collect();
    let mut blamed = diagnostics.same();
    let mut blame = Blame {
        diagnostics: &mut blamed,
        told: &told,
    };
    let components = root.get("components");
    let kind = |kind: &str| {
        components
            .and_then(|c| c.get(kind))
            .map_or(&[][..], Node::entries)
    };
    for entry in kind("schemas") {
        blame.schema(&entry.node);
    }
    for entry in kind("parameters") {
        blame.part::<Parameter>(&entry.node, "a parameter");
    }
    for entry in kind("headers") {
        blame.part::<Header>(&entry.node, "a header");
    }
    for entry in kind("requestBodies") {
        blame.part::<RequestBody>(&entry.node, "a request body");
    }
    for entry in kind("responses") {
        blame.part::<Response>(&entry.node, "a response");
    }
    for path in root.get("paths").map_or(&[][..], Node::entries) {
        for method in path
            .node
            .entries()
            .iter()
            .filter(|e| METHODS.contains(&e.key.as_str()))
        {
            blame.operation(&method.node);
        }
    }
    for diagnostic in blamed.iter() {
        let inside = |told: &Span| {
            (diagnostic.span.start..=diagnostic.span.end).contains(&told.start)
                && diagnostic.span.file == told.file
        };
        // What is missing is told at the key that introduces what lacks it.
        let missing = !told.is_empty() && diagnostic.message.contains("missing field");
        if !missing && !told.iter().any(inside) {
            diagnostics.push(diagnostic.clone());
        }
    }
    if let Some(error) = error.filter(|_| diagnostics.only_warnings()) {
        let (message, place) = located(root, &error);
        let first = root
            .entries()
            .first()
            .map_or(root.span, |entry| entry.key_span);
        let span = place.filter(|span| *span != root.span).unwrap_or(first);
        diagnostics.push(
            Diagnostic::new(
                "K0102",
                span,
                format!("not as OpenAPI 3.0 has it: {message}"),
            )
            .help("compare it with the objects of OpenAPI 3.0"),
        );
    }
    None
}

struct Blame<'d> {
    diagnostics: &'d mut Diagnostics,
    /// The places of what the rules told.
    told: &'d [Span],
}

impl Blame<'_> {
    fn operation(&mut self, node: &Node) {
        let before = self.diagnostics.len();
        for parameter in node.get("parameters").map_or(&[][..], Node::items) {
            self.part::<Parameter>(parameter, "a parameter");
        }
        if let Some(body) = node.get("requestBody") {
            self.part::<RequestBody>(body, "a request body");
        }
        let responses = node.get("responses").map_or(&[][..], Node::entries);
        for response in responses
            .iter()
            .filter(|entry| !entry.key.starts_with("x-"))
        {
            self.part::<Response>(&response.node, "a response");
        }
        if self.diagnostics.len() == before
            && let Err(error) = read::<Operation>(node)
        {
            self.push(node, "an operation", &error);
        }
    }

    fn part<T: DeserializeOwned>(&mut self, node: &Node, what: &str) {
        let before = self.diagnostics.len();
        if let Some(schema) = node.get("schema") {
            self.schema(schema);
        }
        for media in node.get("content").map_or(&[][..], Node::entries) {
            if let Some(schema) = media.node.get("schema") {
                self.schema(schema);
            }
        }
        if self.diagnostics.len() > before {
            return;
        }
        // Reading the bare type, rather than `ReferenceOr`, gives an error that says something.
        if node.get("$ref").is_none()
            && let Err(error) = read::<T>(node)
        {
            self.push(node, what, &error);
        }
    }

    fn schema(&mut self, node: &Node) {
        let before = self.diagnostics.len();
        for inner in schemas::inside(node) {
            self.schema(inner);
        }
        if self.diagnostics.len() > before {
            return;
        }
        let node = &schemas::alone(node);
        if read::<ReferenceOr<Schema>>(node).is_ok() {
            return;
        }
        // No part of it fails alone: find the key without which it can be read.
        for entry in node.entries() {
            let rest = Node {
                span: node.span,
                content: Content::Map(
                    node.entries()
                        .iter()
                        .filter(|e| e.key != entry.key)
                        .cloned()
                        .collect(),
                ),
            };
            if read::<ReferenceOr<Schema>>(&rest).is_ok() {
                self.diagnostics.push(
                    Diagnostic::new(
                        "K0102",
                        entry.node.span,
                        format!("`{}` has the wrong shape for a schema", entry.key),
                    )
                    .help(shape_of(&entry.key)),
                );
                return;
            }
        }
        self.diagnostics
            .push(Diagnostic::new("K0102", node.span, "this is not a schema"));
    }

    fn push(&mut self, node: &Node, what: &str, error: &serde_json::Error) {
        if self.told.iter().any(|told| node.span.holds(*told)) {
            return;
        }
        let (message, place) = located(node, error);
        self.diagnostics.push(
            Diagnostic::new(
                "K0102",
                place.unwrap_or(node.span),
                format!("this is not {what}: {message}"),
            )
            .help("compare it with the objects of OpenAPI 3.0"),
        );
    }
}

/// What the model says of a part, without the column of its JSON, and the part that was read last before it gave up.
fn located(node: &Node, error: &serde_json::Error) -> (String, Option<Span>) {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let mut offset = 0;
    let wanted = error.column().saturating_sub(1);
    (
        message.to_owned(),
        innermost(node, None, wanted, &mut offset),
    )
}

/// The place of the innermost part of `node` whose JSON, which begins at `offset`, holds the byte `wanted`. A mapping
/// or list is shown by its key.
fn innermost(node: &Node, key: Option<Span>, wanted: usize, offset: &mut usize) -> Option<Span> {
    let start = *offset;
    let mut found = None;
    let length = |text: &str| serde_json::to_string(text).map_or(0, |json| json.len());
    match &node.content {
        Content::Map(entries) => {
            for entry in entries {
                // A brace or a comma, the key, a colon.
                *offset += 1 + length(&entry.key) + 1;
                found = found.or(innermost(&entry.node, Some(entry.key_span), wanted, offset));
            }
            *offset += if entries.is_empty() { 2 } else { 1 };
        }
        Content::List(items) => {
            for item in items {
                *offset += 1;
                found = found.or(innermost(item, None, wanted, offset));
            }
            *offset += if items.is_empty() { 2 } else { 1 };
        }
        Content::Null => *offset += 4,
        Content::Bool(flag) => *offset += if *flag { 4 } else { 5 },
        Content::Number(number) => *offset += number.to_string().len(),
        Content::String(text) => *offset += length(text),
    }
    let own = match (&node.content, key) {
        (Content::Map(_) | Content::List(_) | Content::Null, Some(key)) => key,
        _ => node.span,
    };
    found.or((start..*offset).contains(&wanted).then_some(own))
}

fn shape_of(key: &str) -> String {
    match key {
        "type" => "`type` is one of `string`, `integer`, `number`, `boolean`, `array`, `object`; `nullable: true` allows null".to_owned(),
        "minimum" | "maximum" | "multipleOf" => "a number, and a whole one where `type` is `integer`".to_owned(),
        "exclusiveMinimum" | "exclusiveMaximum" => "a boolean in OpenAPI 3.0, beside `minimum` or `maximum`".to_owned(),
        "enum" => "a list of values of the schema's own type".to_owned(),
        "required" => "a list of names".to_owned(),
        key => format!("compare the key `{key}` with OpenAPI 3.0's Schema Object"),
    }
}

/// Reads by way of JSON text, which keeps the order of the document in the model's maps.
pub(crate) fn read<T: DeserializeOwned>(node: &Node) -> Result<T, serde_json::Error> {
    serde_json::from_str(&serde_json::to_string(node)?)
}

//! K0104 and K0114: examples and defaults match their schemas, and patterns are regular expressions.

use jsonschema::Validator;
use openapi_document::{Diagnostic, Diagnostics, Document, Node, Span, draft, each_schema};
use serde_json::{Map, Value, json};

/// K0114.
pub(crate) fn patterns(document: &Document, diagnostics: &mut Diagnostics) {
    each_schema(&document.root, &mut |schema| {
        let Some(node) = schema.get("pattern") else {
            return;
        };
        let Some(pattern) = node.as_str() else { return };
        if let Err(error) = regress::Regex::with_flags(pattern, "u") {
            diagnostics.push(
                Diagnostic::new(
                    "K0114",
                    node.span,
                    format!("not a regular expression: {error}"),
                )
                .help("patterns are those of ECMA 262, with the `u` flag"),
            );
        }
    });
}

/// K0104.
pub(crate) fn examples(document: &Document, diagnostics: &mut Diagnostics) {
    let components = components(document);
    each_schema(&document.root, &mut |schema| {
        for key in ["example", "default"] {
            if let Some(example) = schema.get(key) {
                judge(key, example, schema, &components, diagnostics);
            }
        }
    });
    holders(&document.root, &mut |holder| {
        let Some(schema) = holder.get("schema") else {
            return;
        };
        if let Some(example) = holder.get("example") {
            judge("example", example, schema, &components, diagnostics);
        }
        for named in holder.get("examples").map_or(&[][..], Node::entries) {
            if let Some(value) = named.node.get("value") {
                judge("example", value, schema, &components, diagnostics);
            }
        }
    });
}

/// All named schemas, as draft 7.
fn components(document: &Document) -> Value {
    let schemas = document
        .root
        .at("/components/schemas")
        .map_or(&[][..], Node::entries);
    let schemas: Map<String, Value> = schemas
        .iter()
        .map(|entry| (entry.key.clone(), draft::typed(&entry.node.to_value())))
        .collect();
    json!({ "schemas": schemas })
}

/// Calls `visit` with every parameter, header and media type.
fn holders<'a>(node: &'a Node, visit: &mut dyn FnMut(&'a Node)) {
    if node.get("schema").is_some() {
        visit(node);
    }
    for entry in node.entries() {
        match entry.key.as_str() {
            "schema" | "schemas" | "example" | "examples" => {}
            key if key.starts_with("x-") => {}
            _ => holders(&entry.node, visit),
        }
    }
    node.items().iter().for_each(|item| holders(item, visit));
}

fn judge(
    key: &str,
    example: &Node,
    schema: &Node,
    components: &Value,
    diagnostics: &mut Diagnostics,
) {
    let mut root = match draft::typed(&schema.to_value()) {
        Value::Object(root) => root,
        other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
    };
    if root.contains_key("$ref") {
        root = Map::from_iter([("allOf".to_owned(), json!([root]))]);
    }
    root.insert("components".to_owned(), components.clone());
    let Some(validator) = validator(&Value::Object(root)) else {
        return;
    };
    let value = example.to_value();
    for error in validator.iter_errors(&value) {
        let pointer = error.instance_path().to_string();
        let span = example.span_at(&pointer).unwrap_or(example.span);
        let mut diagnostic =
            Diagnostic::new("K0104", span, format!("{key} does not match its schema"))
                .label(error.to_string());
        if let Some(rule) = rule(schema, &error.schema_path().to_string()) {
            diagnostic = diagnostic.related(rule, "required by this");
        }
        diagnostics.push(diagnostic);
    }
}

/// The place of the keyword that refused the value, when it is in this very schema.
fn rule(schema: &Node, pointer: &str) -> Option<Span> {
    if pointer.contains("$ref") {
        return None;
    }
    schema.at(pointer).map(|node| node.span)
}

fn validator(schema: &Value) -> Option<Validator> {
    jsonschema::draft7::options()
        .should_validate_formats(true)
        .build(schema)
        .ok()
}

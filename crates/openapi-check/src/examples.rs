//! K0104 and K0114: examples, defaults and listed values match their schemas, and patterns are regular expressions.

use crate::judge::{Judge, expression};
use openapi_document::{Diagnostic, Diagnostics, Document, Node, each_schema, resolve};

/// K0114.
pub(crate) fn patterns(document: &Document, diagnostics: &mut Diagnostics) {
    each_schema(&document.root, &mut |schema| {
        let Some(node) = schema.get("pattern") else {
            return;
        };
        let Some(pattern) = node.as_str() else { return };
        if let Err(error) = expression(pattern) {
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
    let mut judge = Judge::of(document, diagnostics);
    let root = &document.root;
    each_schema(root, &mut |schema| {
        // What stands beside a `$ref` has no effect, which is told.
        let own = |key: &str| schema.get(key).filter(|_| schema.get("$ref").is_none());
        for key in ["example", "default"] {
            if let Some(example) = own(key) {
                judge.value(key, example, schema);
                judge.null(key, example, schema);
            }
        }
        // Where 3.1 has several, all but the first.
        for example in own("x-examples").map_or(&[][..], Node::items) {
            judge.value("example", example, schema);
        }
        judge.listed(schema);
    });
    holders(root, &mut |holder| {
        let Some(schema) = holder.get("schema") else {
            return;
        };
        if let Some(example) = holder.get("example") {
            judge.value("example", example, schema);
        }
        for named in holder.get("examples").map_or(&[][..], Node::entries) {
            let meant = resolve(root, &named.node);
            if let Some(value) = meant.and_then(|example| example.get("value")) {
                judge.value("example", value, schema);
            }
        }
    });
    judge.finish();
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

//! What a document must satisfy before anything is made from it. Each rule has a stable code.

mod alternatives;
mod bounds;
mod combined;
mod discriminators;
mod endless;
mod examples;
mod features;
mod follow;
mod keys;
mod kinds;
mod operations;
mod ranges;
mod read_only;
mod references;
mod schemas;
mod security;
mod servers;
mod tables;
mod values;
mod variables;
mod version;

pub(crate) use follow::{causes, doubtful, follows, settle};
pub use keys::closest;
pub(crate) use values::is_untyped_object;

use crate::node::Node;
use crate::{Diagnostic, Diagnostics, Source};
use std::collections::HashMap;
use std::sync::Arc;

/// Every code of this crate and what it means, for `explain`.
pub const RULES: &[(&str, &str)] = &[
    (
        "K0001",
        "The file is not valid YAML or JSON, it is empty, or it is larger than 64 MiB.",
    ),
    (
        "K0002",
        "A key is written twice in one mapping. Parsers differ in which one counts, so a path could silently vanish.",
    ),
    (
        "K0003",
        "Anchors and aliases are not supported: they have no meaning in OpenAPI, and a short file can expand without bound. Use `$ref`.",
    ),
    ("K0004", "The document is nested too deep."),
    ("K0005", "The file holds more than one YAML document."),
    (
        "K0006",
        "YAML tags such as `!!str` are not supported. Quote a value to make it a string.",
    ),
    (
        "K0101",
        "Only OpenAPI 3.0.x is supported, and 3.1.x as far as 3.0 can say it.",
    ),
    (
        "K0102",
        "A part of the document does not have the shape that OpenAPI 3.0 gives it.",
    ),
    (
        "K0103",
        "A `$ref` leads nowhere, out of the document's directory, round in a circle, or to something of another kind.",
    ),
    (
        "K0105",
        "An operation has no `operationId`. It becomes the name of a method, a metric and an audit event, so it is chosen once, in the document.",
    ),
    ("K0106", "Two operations have the same `operationId`."),
    (
        "K0107",
        "No value can satisfy the schema: its bounds exclude one another, its types do, or every value would hold another without end.",
    ),
    (
        "K0108",
        "The `format` is not known, so nothing would check it.",
    ),
    (
        "K0109",
        "The feature is a part of OpenAPI 3.0 that the generators do not support.",
    ),
    (
        "K0110",
        "The variables of a path and its path parameters differ, or a path parameter is not required.",
    ),
    (
        "K0111",
        "A `required` member is not among the `properties`, or is listed twice.",
    ),
    (
        "K0112",
        "A security requirement names a scheme that is not declared, or whose kind is not supported.",
    ),
    (
        "K0113",
        "The key is not one that OpenAPI 3.0 knows here; it would silently have no effect.",
    ),
    (
        "K0115",
        "OpenAPI 3.0 ignores whatever stands beside a `$ref`, so what is meant to apply does not.",
    ),
    (
        "K0116",
        "An example's `id` is not the last segment of its `selfLink`, so the example contradicts itself.",
    ),
    (
        "K0117",
        "A constraint silently has no effect: it is one of another type, as `minLength` of a number; it lies beyond what the `format` holds, as `maximum: 300` of a `uint8`; or it is `nullable` without a `type`.",
    ),
    (
        "K0118",
        "Nothing refers to the component: it is left over, or a reference to it is missing.",
    ),
    (
        "K0119",
        "`example` and `examples` stand side by side, or `value` and `externalValue`; OpenAPI allows one of them.",
    ),
    (
        "K0120",
        "A value is listed twice in an `enum`, a type among the types, or an alternative in an `anyOf`.",
    ),
    (
        "K0121",
        "Two parameters of one list have the same place and name, so one would silently replace the other.",
    ),
    (
        "K0122",
        "An operation has a tag that the document does not list, though it lists others; or the document lists one twice.",
    ),
    (
        "K0123",
        "A schema has `properties` and no `type`. It is read as an object; as it is written, it would accept any text or number as well.",
    ),
    (
        "K0124",
        "A `readOnly` property of a request is required. OpenAPI would require it of answers only; here both share one type, so the server demands it.",
    ),
    (
        "K0125",
        "A variable of a server's URL is not declared, is not used, or has a default that is none of its values.",
    ),
    (
        "K0126",
        "An alternative of a `oneOf` is never the only one that a value fits: another holds all of its values, so that they are refused. `anyOf` takes them.",
    ),
    (
        "K0150",
        "A part of an OpenAPI 3.1 document is read in the words of 3.0, which mean the same. Nothing is wrong.",
    ),
    (
        "K0151",
        "A part of an OpenAPI 3.1 document cannot be said in 3.0 without losing what it means.",
    ),
];

/// Runs every rule of this crate over the document.
pub(crate) fn check(root: &Node, sources: &Arc<Vec<Source>>) -> Diagnostics {
    let version = root.get("openapi").map(|node| node.span);
    let written = version.and_then(|span| sources.get(span.file)?.text.get(span.start..span.end));
    let mut found = Findings {
        root,
        missing: HashMap::new(),
        nearest: HashMap::new(),
        comparisons: MAX_COMPARISONS,
        is_long_told: false,
        is_lowered: written.is_some_and(|text| text.contains("3.1")),
        diagnostics: Diagnostics::new(Arc::clone(sources)),
    };
    if version::check(&mut found) {
        keys::check(&mut found);
        // Without its components or paths, a document says nothing that could be judged.
        let lost = |key: &str| kinds::misspelt(root, key, &tables::ROOT);
        if lost("components") || lost("paths") {
            return found.diagnostics;
        }
        references::check(&mut found);
        operations::check(&mut found);
        schemas::check(&mut found);
        examples::check(&mut found);
        read_only::check(&mut found);
        references::unused(&mut found);
    }
    found.diagnostics
}

/// The document under examination and what was found so far.
pub(crate) struct Findings<'a> {
    pub(crate) root: &'a Node,
    /// How many references lead to each place that does not exist; the first is told.
    pub(crate) missing: HashMap<&'a str, usize>,
    /// For each place that does not exist: the one that was meant, if any is alike.
    nearest: HashMap<&'a str, Option<String>>,
    /// How many names may still be compared to find what was meant.
    comparisons: usize,
    /// Whether it was told that too many references lead from one to the next.
    is_long_told: bool,
    /// Whether it was written in OpenAPI 3.1.
    pub(crate) is_lowered: bool,
    diagnostics: Diagnostics,
}

impl<'a> Findings<'a> {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Follows `$ref`s of `node`; `None` when they lead nowhere (which `references` reports).
    pub(crate) fn resolve(&self, node: &'a Node) -> Option<&'a Node> {
        resolve(self.root, node)
    }

    /// Whether so many names may be compared with one that is not among them; when no longer, none is suggested.
    fn may_compare(&mut self, names: usize) -> bool {
        match self.comparisons.checked_sub(names) {
            Some(left) => {
                self.comparisons = left;
                true
            }
            None => false,
        }
    }

    /// The entries of `/components/KIND`.
    pub(crate) fn components(&self, kind: &str) -> &'a [crate::node::Entry] {
        self.root
            .get("components")
            .and_then(|c| c.get(kind))
            .map_or(&[], Node::entries)
    }
}

/// The most references that lead from one to the next.
pub(crate) const MAX_REFERENCES: usize = 16;

/// The most names that are compared to suggest what was meant: a document with ten thousand mistakes and as many names gets
/// its first suggestions only, and is told all the same.
const MAX_COMPARISONS: usize = 200_000;

/// Follows the `$ref`s of `node` inside the document, at most 16 of them.
pub fn resolve<'a>(root: &'a Node, node: &'a Node) -> Option<&'a Node> {
    let mut node = node;
    for _ in 0..MAX_REFERENCES {
        match node.get("$ref").and_then(Node::as_str) {
            Some(reference) => node = root.at(reference.strip_prefix('#')?)?,
            None => return Some(node),
        }
    }
    None
}

/// The methods that an OpenAPI path item can have, as they are written.
pub const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Calls `visit` with every schema of the document, each once, in its order. References are not followed.
pub fn each_schema<'a>(root: &'a Node, visit: &mut dyn FnMut(&'a Node)) {
    if let Some(schemas) = root.get("components").and_then(|c| c.get("schemas")) {
        schemas
            .entries()
            .iter()
            .for_each(|entry| schema(&entry.node, visit));
    }
    // A map named `properties`, `example` or `default` may hold anything, so only the places where OpenAPI puts a
    // schema are entered: `schema` below parameters, headers and media types, outside `components/schemas`.
    for entry in root.entries() {
        match entry.key.as_str() {
            "components" => entry
                .node
                .entries()
                .iter()
                .filter(|kind| !matches!(kind.key.as_str(), "schemas" | "examples"))
                .for_each(|kind| below(&kind.node, visit)),
            "paths" => below(&entry.node, visit),
            _ => {}
        }
    }
}

fn below<'a>(node: &'a Node, visit: &mut dyn FnMut(&'a Node)) {
    for entry in node.entries() {
        match entry.key.as_str() {
            "schema" => schema(&entry.node, visit),
            "example" | "examples" => {}
            // Here keys are names, so one that begins with `x-` is no extension.
            "headers" => {
                let headers = entry.node.entries().iter();
                headers.for_each(|header| below(&header.node, visit));
            }
            key if key.starts_with("x-") => {}
            _ => below(&entry.node, visit),
        }
    }
    node.items().iter().for_each(|item| below(item, visit));
}

fn schema<'a>(node: &'a Node, visit: &mut dyn FnMut(&'a Node)) {
    visit(node);
    for entry in node.entries() {
        match entry.key.as_str() {
            "properties" => entry
                .node
                .entries()
                .iter()
                .for_each(|p| schema(&p.node, visit)),
            "allOf" | "anyOf" | "oneOf" => entry.node.items().iter().for_each(|s| schema(s, visit)),
            "items" | "not" | "additionalProperties" => schema(&entry.node, visit),
            _ => {}
        }
    }
}

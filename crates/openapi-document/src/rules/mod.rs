//! What a document must satisfy before anything is made from it. Each rule has a stable code.

mod alternatives;
mod bounds;
mod codes;
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
mod urls;
mod values;
mod variables;
mod version;

pub use codes::RULES;
pub(crate) use follow::{Doubts, causes, follows, settle};
pub use keys::closest;
pub(crate) use values::is_untyped_object;

use crate::node::Node;
use crate::{Diagnostic, Diagnostics, Source};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Runs every rule of this crate over the document.
///
/// `used` are components that something refers to which is no longer in it.
pub(crate) fn check<'a>(
    root: &'a Node,
    sources: &Arc<Vec<Source>>,
    used: &'a HashSet<String>,
) -> Diagnostics {
    let version = root.get("openapi").map(|node| node.span);
    let written = version.and_then(|span| sources.get(span.file)?.text.get(span.start..span.end));
    let mut found = Findings {
        root,
        missing: HashMap::new(),
        nearest: HashMap::new(),
        comparisons: MAX_COMPARISONS,
        is_long_told: false,
        used,
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
        urls::check(&mut found);
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
    /// The components that something refers to which is no longer in the document.
    used: &'a HashSet<String>,
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

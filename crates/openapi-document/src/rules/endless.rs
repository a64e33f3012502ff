//! K0107: every named schema has a value that ends.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Entry, Node};
use std::collections::{HashMap, HashSet};

/// More rounds than any honest document needs; a document that needs more is not judged.
const ROUNDS: usize = 64;

pub(super) fn check(found: &mut Findings<'_>) {
    let schemas = found.components("schemas");
    // Those that are known to have a value that ends; each round may find more.
    let mut finite: HashSet<&str> = HashSet::new();
    let names: HashMap<&str, &Entry> = schemas.iter().map(|e| (e.key.as_str(), e)).collect();
    let mut settled = false;
    for _ in 0..ROUNDS {
        let before = finite.len();
        for entry in schemas {
            if !finite.contains(entry.key.as_str()) && ends(&entry.node, &finite, &names) {
                finite.insert(&entry.key);
            }
        }
        if finite.len() == before {
            settled = true;
            break;
        }
    }
    if !settled {
        return;
    }
    for entry in schemas.iter().filter(|e| !finite.contains(e.key.as_str())) {
        // References that lead round in a circle are told as such.
        if found.resolve(&entry.node).is_none() {
            continue;
        }
        let required = entry.node.get("required").map_or(&[][..], Node::items);
        let back = required.iter().find(|name| {
            let property = name.as_str();
            let property = property.and_then(|name| entry.node.get("properties")?.get(name));
            property.is_some_and(|property| !ends(property, &finite, &names))
        });
        found.push(
            Diagnostic::new(
                "K0107",
                back.map_or(entry.key_span, |name| name.span),
                format!("every `{}` holds another, without end", entry.key),
            )
            .label("no value of it can be written down")
            .related(entry.key_span, "this schema")
            .help("leave the member that leads back out of `required`, or make it `nullable`"),
        );
    }
}

/// Whether the schema is a reference among some that lead round in a circle, which is told as such.
fn goes_round(schema: &Node, names: &HashMap<&str, &Entry>) -> bool {
    let mut schema = schema;
    for _ in 0..=16 {
        let reference = schema.get("$ref").and_then(Node::as_str);
        let name = reference.and_then(|text| text.strip_prefix("#/components/schemas/"));
        match name.and_then(|name| names.get(name)) {
            Some(next) => schema = &next.node,
            None => return false,
        }
    }
    true
}

fn ends(schema: &Node, finite: &HashSet<&str>, names: &HashMap<&str, &Entry>) -> bool {
    if let Some(reference) = schema.get("$ref").and_then(Node::as_str) {
        let name = reference.strip_prefix("#/components/schemas/");
        let name = name.map(|name| name.replace("~1", "/").replace("~0", "~"));
        // What leads elsewhere is for another rule.
        return name.is_none_or(|name| {
            finite.contains(name.as_str())
                || names
                    .get(name.as_str())
                    .is_none_or(|entry| goes_round(&entry.node, names))
        });
    }
    if schema.get("nullable").is_some_and(Node::is_true) {
        return true;
    }
    let ends = |node: &Node| ends(node, finite, names);
    let all = schema.get("allOf").map_or(&[][..], Node::items);
    let some = [schema.get("oneOf"), schema.get("anyOf")];
    let mut some = some
        .into_iter()
        .flatten()
        .filter(|list| !list.items().is_empty());
    let count = |key: &str| {
        schema
            .get(key)
            .and_then(Node::as_number)
            .and_then(|n| n.as_u64())
    };
    let mut required = schema.get("required").map_or(&[][..], Node::items).iter();
    all.iter().all(ends)
        && some.all(|list| list.items().iter().any(ends))
        && required.all(|name| {
            let property = name
                .as_str()
                .and_then(|name| schema.get("properties")?.get(name));
            property.is_none_or(ends)
        })
        && (count("minItems").is_none_or(|n| n == 0) || schema.get("items").is_none_or(ends))
}

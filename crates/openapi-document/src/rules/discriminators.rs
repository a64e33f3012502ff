//! K0109: a `discriminator` tells the members of a `oneOf` apart, each a component that has the property.

use super::{Findings, resolve};
use crate::Diagnostic;
use crate::discriminator::leads;
use crate::node::Node;

pub(super) fn check(found: &mut Findings<'_>, schema: &Node) {
    let Some(entry) = schema.entry("discriminator") else {
        return;
    };
    let Some(property) = entry.node.get("propertyName").and_then(Node::as_str) else {
        return;
    };
    let Some(list) = schema.get("oneOf").or(schema.get("anyOf")) else {
        found.push(
            Diagnostic::new("K0109", entry.key_span, "a `discriminator` without `oneOf` is not supported")
                .help("list the schemas that it tells apart in a `oneOf` of their own; this one cannot know what extends it"),
        );
        return;
    };
    let mut names = Vec::new();
    for member in list.items() {
        let name = member.get("$ref").and_then(Node::as_str);
        let Some(name) = name.and_then(|r| r.strip_prefix("#/components/schemas/")) else {
            found.push(
                Diagnostic::new(
                    "K0109",
                    member.span,
                    "the `discriminator` cannot tell this member apart, since it has no name",
                )
                .related(entry.key_span, "this discriminator")
                .help("put the schema into `components/schemas`, and refer to it"),
            );
            continue;
        };
        if !has(found.root, member, property, 0) {
            found.push(
                Diagnostic::new(
                    "K0109",
                    member.span,
                    format!("`{name}` has no property `{property}` that tells it apart"),
                )
                .related(entry.key_span, "this discriminator")
                .help(format!(
                    "add `{property}: {{type: string}}` to its `properties`"
                )),
            );
        }
        if names.contains(&name) {
            found.push(
                Diagnostic::new("K0109", member.span, format!("`{name}` is listed twice"))
                    .help("keep one; a `mapping` may lead to it by several values"),
            );
        }
        names.push(name);
    }
    for target in entry.node.get("mapping").map_or(&[][..], Node::entries) {
        let Some(text) = target.node.as_str() else {
            continue;
        };
        if !names.iter().any(|name| leads(text, name)) {
            let message = format!("`{text}` is none of the members of the `oneOf`");
            let near = text.rsplit('/').next().unwrap_or(text);
            let near = super::closest(near, names.iter().copied());
            let help = near.map_or_else(
                || "list it there, or take it out of the `mapping`".to_owned(),
                |near| format!("did you mean `#/components/schemas/{near}`?"),
            );
            found.push(Diagnostic::new("K0109", target.node.span, message).help(help));
        }
    }
}

/// Whether the schema has the property, itself or through what it is made of.
fn has(root: &Node, schema: &Node, property: &str, depth: usize) -> bool {
    let Some(schema) = resolve(root, schema).filter(|_| depth < 8) else {
        return false;
    };
    let own = schema.get("properties").and_then(|p| p.get(property));
    let parts = schema.get("allOf").map_or(&[][..], Node::items);
    own.is_some()
        || parts
            .iter()
            .any(|part| has(root, part, property, depth + 1))
}

//! K0103: every `$ref` leads to a component of the right kind.

use super::Findings;
use crate::Diagnostic;
use crate::node::Node;

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    walk(found, root, "");
}

/// `place` is the name of the member that `node` is the value of, or that holds it in a map or list.
fn walk<'a>(found: &mut Findings<'a>, node: &'a Node, place: &str) {
    if let Some(reference) = node.get("$ref")
        && place != "properties"
    {
        follow(found, node, reference, place);
        return;
    }
    for entry in node.entries() {
        match entry.key.as_str() {
            "example" | "examples" | "default" | "enum" if place != "properties" => {}
            key if key.starts_with("x-") => {}
            key => {
                let inside = match key {
                    "schema" | "items" | "not" | "additionalProperties" => "schemas",
                    "allOf" | "anyOf" | "oneOf" => "schemas",
                    _ if place == "properties" => "schemas",
                    "properties" if place == "schemas" || place.is_empty() => "properties",
                    "parameters" | "headers" | "responses" | "schemas" | "requestBodies"
                    | "securitySchemes" | "links" | "callbacks" => key,
                    "requestBody" => "requestBodies",
                    _ => place,
                };
                walk(found, &entry.node, inside);
            }
        }
    }
    for item in node.items() {
        walk(found, item, place);
    }
}

fn follow<'a>(found: &mut Findings<'a>, node: &'a Node, reference: &'a Node, place: &str) {
    let span = reference.span;
    let Some(text) = reference.as_str() else {
        found.push(Diagnostic::new("K0103", span, "`$ref` must be a string"));
        return;
    };
    let Some(pointer) = text.strip_prefix('#') else {
        found.push(
            Diagnostic::new(
                "K0103",
                span,
                "references to other documents are not supported",
            )
            .help("copy the component into this document"),
        );
        return;
    };
    if found.root.at(pointer).is_none() {
        let mut diagnostic = Diagnostic::new("K0103", span, format!("`{text}` does not exist"));
        if let Some(near) = nearest(found, pointer) {
            diagnostic = diagnostic.help(format!("did you mean `#{near}`?"));
        }
        found.push(diagnostic);
        return;
    }
    let kind = pointer
        .strip_prefix("/components/")
        .and_then(|rest| rest.split('/').next());
    match kind {
        Some(kind) if kind == place || place.is_empty() => {}
        _ => {
            found.push(
                Diagnostic::new(
                    "K0103",
                    span,
                    format!("`{text}` is not one of `#/components/{place}`"),
                )
                .help(format!(
                    "move it to `components/{place}` and refer to it there"
                )),
            );
            return;
        }
    }
    if found.resolve(node).is_none() {
        found.push(
            Diagnostic::new("K0103", span, "the reference never ends")
                .label("leads back to itself"),
        );
    }
}

/// The component of the same kind whose name is closest.
fn nearest(found: &Findings<'_>, pointer: &str) -> Option<String> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let names = found
        .root
        .at(parent)?
        .entries()
        .iter()
        .map(|entry| entry.key.as_str());
    Some(format!("{parent}/{}", super::keys::closest(name, names)?))
}

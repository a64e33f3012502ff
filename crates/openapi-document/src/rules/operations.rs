//! K0105, K0106, K0121, K0122: operations have names of their own, parameters once, and tags that are listed; and the rules
//! of their paths and security.

use super::tables as shapes;
use super::{Findings, METHODS, kinds, resolve, security, variables};
use crate::Diagnostic;
use crate::node::{Entry, Node, Span};
use std::collections::HashMap;

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    let mut ids: HashMap<&str, Span> = HashMap::new();
    let mut parameters = variables::Parameters::default();
    security::requirements(found, root.get("security"));
    listed_twice(found);
    for scheme in found.components("securitySchemes") {
        security::supported(found, scheme);
    }
    for path in root.get("paths").map_or(&[][..], Node::entries) {
        if path.key.starts_with("x-") {
            continue;
        }
        let common = path.node.get("parameters");
        twice(found, common);
        for method in path
            .node
            .entries()
            .iter()
            .filter(|e| METHODS.contains(&e.key.as_str()))
        {
            let operation = &method.node;
            identify(found, &mut ids, method);
            security::requirements(found, operation.get("security"));
            parameters.check(found, path, method, common, operation.get("parameters"));
            twice(found, operation.get("parameters"));
            tags(found, operation.get("tags"));
        }
    }
    parameters.tell(found);
}

fn identify<'a>(found: &mut Findings<'a>, ids: &mut HashMap<&'a str, Span>, method: &'a Entry) {
    let Some(id) = method.node.get("operationId") else {
        if kinds::misspelt(&method.node, "operationId", &shapes::OPERATION) {
            return;
        }
        found.push(
            Diagnostic::new("K0105", method.key_span, "the operation has no `operationId`")
                .help("choose one, such as `operationId: listThings`: it names the method, the metric and the audit event"),
        );
        return;
    };
    let Some(name) = id.as_str() else { return };
    if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let plain = name.split_whitespace().collect::<Vec<_>>().join("_");
        let message = format!("`{name}` is no name: there are blanks in it");
        found.push(
            Diagnostic::new("K0105", id.span, message)
                .help(format!("write `{plain}`: it names a method"))
                .warning(),
        );
    }
    match ids.get(name) {
        Some(first) => found.push(
            Diagnostic::new(
                "K0106",
                id.span,
                format!("two operations are called `{name}`"),
            )
            .label("again here")
            .related(*first, "first here")
            .help("rename one of them: each is a method's name"),
        ),
        None => {
            ids.insert(name, id.span);
        }
    }
}

/// K0121: no two parameters of one list have the same place and name.
fn twice(found: &mut Findings<'_>, parameters: Option<&Node>) {
    let mut seen: HashMap<(&str, &str), Span> = HashMap::new();
    for parameter in parameters.map_or(&[][..], Node::items) {
        let Some(node) = resolve(found.root, parameter) else {
            continue;
        };
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        let (Some(place), Some(name)) = (text("in"), text("name")) else {
            continue;
        };
        let written = node.get("name").map_or(node.span, |node| node.span);
        let span = parameter.get("$ref").map_or(written, |node| node.span);
        if let Some(first) = seen.insert((place, name), span) {
            found.push(
                Diagnostic::new(
                    "K0121",
                    span,
                    format!("the {place} parameter `{name}` is declared twice"),
                )
                .related(first, "first here")
                .help("keep one of them"),
            );
        }
    }
}

/// K0122: each tag of the document is listed once.
fn listed_twice(found: &mut Findings<'_>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for tag in found.root.get("tags").map_or(&[][..], Node::items) {
        let Some(name) = tag.get("name") else {
            continue;
        };
        let Some(text) = name.as_str() else { continue };
        if let Some(first) = seen.insert(text, name.span) {
            let message = format!("the tag `{text}` is listed twice");
            found.push(
                Diagnostic::new("K0122", name.span, message)
                    .related(first, "first here")
                    .help("keep one of them")
                    .warning(),
            );
        }
    }
}

/// K0122: where the document lists its tags, an operation has none but those.
fn tags(found: &mut Findings<'_>, tags: Option<&Node>) {
    let listed = found.root.get("tags").map_or(&[][..], Node::items).iter();
    let names: Vec<&str> = listed
        .filter_map(|tag| tag.get("name").and_then(Node::as_str))
        .collect();
    for tag in tags.map_or(&[][..], Node::items) {
        let Some(text) = tag.as_str() else { continue };
        if names.is_empty() || names.contains(&text) {
            continue;
        }
        let near = super::keys::closest(text, names.iter().copied());
        let help = near.map_or_else(
            || "list it in `tags` at the top of the document".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        found.push(
            Diagnostic::new("K0122", tag.span, format!("the tag `{text}` is not listed"))
                .help(help)
                .warning(),
        );
    }
}

//! K0116: an example does not contradict itself.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Content, Node, Span};

/// What the link of a thing to itself is called.
const LINKS: [&str; 5] = ["selfLink", "self_link", "self", "href", "selfUrl"];
/// What the name of a thing is called.
const IDS: [&str; 2] = ["id", "uid"];

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    walk(found, root);
}

/// Every example: values, and the examples of the properties of a schema.
fn walk<'a>(found: &mut Findings<'a>, node: &'a Node) {
    for entry in node.entries() {
        match entry.key.as_str() {
            "example" | "default" | "value" => value(found, &entry.node),
            "properties" => {
                let example = |key: &str| {
                    let node = entry.node.get(key)?.get("example")?;
                    Some((node.as_str()?, node.span))
                };
                contradiction(found, &example);
            }
            key if key.starts_with("x-") => continue,
            _ => {}
        }
        walk(found, &entry.node);
    }
    node.items().iter().for_each(|item| walk(found, item));
}

/// A value, and the values inside it.
fn value<'a>(found: &mut Findings<'a>, node: &'a Node) {
    match &node.content {
        Content::Map(_) => {
            let member = |key: &str| {
                let node = node.get(key)?;
                Some((node.as_str()?, node.span))
            };
            contradiction(found, &member);
        }
        Content::List(items) => items.iter().for_each(|item| value(found, item)),
        _ => {}
    }
    for entry in node.entries() {
        value(found, &entry.node);
    }
}

fn contradiction<'a>(found: &mut Findings<'_>, member: &dyn Fn(&str) -> Option<(&'a str, Span)>) {
    let first = |names: &[&'static str]| {
        names
            .iter()
            .find_map(|name| member(name).map(|(text, span)| (*name, text, span)))
    };
    let (Some((id_name, id, id_span)), Some((link_name, link, link_span))) =
        (first(&IDS), first(&LINKS))
    else {
        return;
    };
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next();
    let last = last.unwrap_or_default();
    // A link to something else, such as to the list, holds no name that could contradict.
    if last == id || !link.contains('/') || path.split('/').any(|segment| segment == id) {
        return;
    }
    found.push(
        Diagnostic::new(
            "K0116",
            link_span,
            format!("`{link_name}` leads to `{last}`, and `{id_name}` is `{id}`"),
        )
        .related(id_span, "this is its name")
        .help(format!("let `{link_name}` end with `/{id}`"))
        .warning(),
    );
}

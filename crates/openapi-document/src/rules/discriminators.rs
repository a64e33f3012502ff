//! K0107 and K0109: a `discriminator` tells the members of a `oneOf` apart, each a component that has the property.

use std::collections::HashSet;

use super::{Findings, resolve};
use crate::Diagnostic;
use crate::bundle::is_file;
use crate::discriminator::leads;
use crate::node::{Entry, Node};
use crate::pointer::of_fragment;

pub(super) fn check(found: &mut Findings<'_>, schema: &Node) {
    let Some(entry) = schema.entry("discriminator") else {
        return;
    };
    let Some(written) = entry.node.get("propertyName") else {
        misspelt(found, entry);
        return;
    };
    let Some(property) = written.as_str() else {
        return;
    };
    let Some(list) = schema.get("oneOf").or(schema.get("anyOf")) else {
        found.push(
            Diagnostic::new("K0109", entry.key_span, "a `discriminator` without `oneOf` is not supported")
                .help("list the schemas that it tells apart in a `oneOf` of their own; this one cannot know what extends it"),
        );
        return;
    };
    if is_of_none(found, list, entry, property) {
        return;
    }
    let mut names = Vec::new();
    let mut is_twice = false;
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
        if !has(found.root, member, property, &mut Seen::new()) {
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
        } else {
            optional(found, member, entry, property);
        }
        if names.contains(&name) {
            is_twice = true;
            found.push(
                Diagnostic::new("K0109", member.span, format!("`{name}` is listed twice"))
                    .help("keep one; a `mapping` may lead to it by several values"),
            );
        }
        names.push(name);
    }
    contradictions(found, list, entry, property);
    for target in entry.node.get("mapping").map_or(&[][..], Node::entries) {
        let Some(text) = target.node.as_str() else {
            continue;
        };
        // Where it leads was told, unless it is a name or leads to this document.
        let is_wrong = |pointer| of_fragment(pointer).is_err();
        if is_file(text) || text.strip_prefix('#').is_some_and(is_wrong) {
            continue;
        }
        if !names.iter().any(|name| leads(text, name)) {
            let message = format!("`{text}` is none of the members of the `oneOf`");
            let near = text.rsplit('/').next().unwrap_or(text);
            let near = super::closest(near, names.iter().copied());
            // Of two that are alike, one may be what it leads to.
            if is_twice && near.is_none() {
                continue;
            }
            let help = near.map_or_else(
                || "list it there, or take it out of the `mapping`".to_owned(),
                |near| format!("did you mean `#/components/schemas/{near}`?"),
            );
            found.push(Diagnostic::new("K0109", target.node.span, message).help(help));
        }
    }
}

/// K0102: another key looks like `propertyName`.
fn misspelt(found: &mut Findings<'_>, entry: &Entry) {
    let near = |key: &str| {
        key == "property" || super::closest(key, ["propertyName"].into_iter()).is_some()
    };
    if let Some(near) = entry.node.entries().iter().find(|e| near(&e.key)) {
        let message = format!("a `discriminator` has no key `{}`", near.key);
        found.push(
            Diagnostic::new("K0102", near.key_span, message)
                .help("did you mean `propertyName`?")
                // The model has it of the whole.
                .covers(entry.node.span),
        );
    }
}

/// K0109: no member has the property, so it is the name that is wrong; whether that was told.
fn is_of_none(found: &mut Findings<'_>, list: &Node, entry: &Entry, property: &str) -> bool {
    let root = found.root;
    let members: Vec<&Node> = list
        .items()
        .iter()
        .filter_map(|m| resolve(root, m))
        .collect();
    let has = |member: &Node| has(root, member, property, &mut Seen::new());
    let Some(written) = entry.node.get("propertyName") else {
        return false;
    };
    if members.len() < 2 || members.iter().any(|member| has(member)) {
        return false;
    }
    let own = |member: &'_ Node| -> Vec<String> {
        let properties = member.get("properties").map_or(&[][..], Node::entries);
        properties.iter().map(|entry| entry.key.clone()).collect()
    };
    let first = members
        .first()
        .map(|member| own(member))
        .unwrap_or_default();
    let shared = first
        .iter()
        .filter(|name| members.iter().all(|member| own(member).contains(name)));
    let shared: Vec<&str> = shared.map(String::as_str).collect();
    let near = super::closest(property, shared.iter().copied());
    let help = match (near, shared.as_slice()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, [only]) => format!("did you mean `{only}`, which all of them have?"),
        _ => format!(
            "add `{property}: {{type: string}}` to the `properties` of each, and require it"
        ),
    };
    let message = format!("none of the members has a property `{property}` that tells them apart");
    found.push(Diagnostic::new("K0109", written.span, message).help(help));
    true
}

/// K0109: a member that may lack the property is none of them then.
fn optional(found: &mut Findings<'_>, member: &Node, told: &Entry, property: &str) {
    let root = found.root;
    let Some(schema) = resolve(root, member) else {
        return;
    };
    if requires(root, schema, property, &mut Seen::new()) {
        return;
    }
    let name = named(member).map_or("it", |(_, name)| name);
    let place = schema.entry("required").or(schema.entry("properties"));
    found.push(
        Diagnostic::new(
            "K0109",
            place.map_or(member.span, |entry| entry.key_span),
            format!("`{name}` does not require `{property}`, which tells it apart"),
        )
        .related(told.key_span, "this discriminator")
        .help(format!(
            "add `{property}` to its `required`: a value without it is refused"
        ))
        .warning(),
    );
}

/// Whether the schema requires the property, itself or through what it is made of.
fn requires(root: &Node, schema: &Node, property: &str, seen: &mut Seen) -> bool {
    let schema = resolve(root, schema);
    let Some(schema) = schema.filter(|schema| seen.insert(std::ptr::from_ref(*schema))) else {
        return false;
    };
    let required = schema.get("required").map_or(&[][..], Node::items);
    let parts = schema.get("allOf").map_or(&[][..], Node::items);
    required.iter().any(|name| name.as_str() == Some(property))
        || parts
            .iter()
            .any(|part| requires(root, part, property, seen))
}

/// K0107: the value that leads to a member is one of those that the member's own property lists.
fn contradictions(found: &mut Findings<'_>, list: &Node, told: &Entry, property: &str) {
    let root = found.root;
    let mapping = told.node.get("mapping").map_or(&[][..], Node::entries);
    for member in list.items() {
        let Some((reference, name)) = named(member) else {
            continue;
        };
        let Some(values) = listed(root, member, property, &mut Seen::new()) else {
            continue;
        };
        let texts = || values.items().iter().filter_map(Node::as_str);
        let leading = mapping.iter().filter(|entry| {
            let target = entry.node.as_str();
            target.is_some_and(|target| leads(target, name))
        });
        let mut is_mapped = false;
        for entry in leading {
            is_mapped = true;
            if texts().any(|text| text == entry.key) {
                continue;
            }
            let message = format!(
                "`{}` leads to `{name}`, whose `{property}` is never so",
                entry.key
            );
            // One that leads elsewhere is not what was meant.
            let mapped = |text: &&str| mapping.iter().any(|other| other.key == *text);
            let free = || texts().filter(|text| !mapped(text));
            let near = super::closest(&entry.key, free()).or(free().next());
            // Of two that are alike, the one that the schema is called by is meant.
            let is_called = |text: &str| name.eq_ignore_ascii_case(text);
            let other = near.filter(|near| is_called(&entry.key) && !is_called(near));
            let mut values_written = values.items().iter();
            if let Some(value) =
                other.and_then(|other| values_written.find(|value| value.as_str() == Some(other)))
            {
                let message = format!(
                    "no value is a `{name}`: its `{property}` must be `{}`",
                    entry.key
                );
                found.push(
                    Diagnostic::new("K0107", value.span, message)
                        .related(entry.key_span, "what leads to it")
                        .help(format!("did you mean `{}`?", entry.key)),
                );
                continue;
            }
            let has_it = |other: &&Node| {
                let values = listed(root, other, property, &mut Seen::new());
                let mut values = values.map_or(&[][..], Node::items).iter();
                values.any(|value| value.as_str() == Some(&entry.key))
            };
            let meant = list.items().iter().find(has_it).and_then(named);
            let help = match (near, meant) {
                (_, Some((_, other))) => format!("did you mean `#/components/schemas/{other}`?"),
                (Some(near), None) => format!("did you mean `{near}`?"),
                (None, None) => format!("list `{}` in the `enum` of `{property}` there", entry.key),
            };
            found.push(
                Diagnostic::new("K0107", entry.key_span, message)
                    .related(values.span, "its values")
                    .help(help),
            );
        }
        // A value of it that leads elsewhere is told there.
        let is_told = || {
            mapping
                .iter()
                .any(|entry| texts().any(|text| text == entry.key))
        };
        if !is_mapped && !texts().any(|text| text == name) && !is_told() {
            let message = format!(
                "no value is a `{name}`: without a `mapping`, its `{property}` must be `{name}`"
            );
            let help = match texts().next() {
                Some(value) => {
                    format!("write `{value}: '#/components/schemas/{name}'` into the `mapping`")
                }
                None => "write a `mapping`".to_owned(),
            };
            found.push(
                Diagnostic::new("K0107", reference.span, message)
                    .related(values.span, "its values")
                    .help(help)
                    .warning(),
            );
        }
    }
}

/// The component that a member is, by its name.
fn named(member: &Node) -> Option<(&Node, &str)> {
    let reference = member.get("$ref")?;
    let name = reference.as_str()?.strip_prefix("#/components/schemas/")?;
    Some((reference, name))
}

/// The schemas that were looked at: parts of parts may be the same one over and over.
type Seen = HashSet<*const Node>;

/// The values that the schema lists for the property, if it lists any.
fn listed<'a>(
    root: &'a Node,
    schema: &'a Node,
    property: &str,
    seen: &mut Seen,
) -> Option<&'a Node> {
    let schema = resolve(root, schema).filter(|schema| seen.insert(std::ptr::from_ref(*schema)))?;
    let own = schema.get("properties").and_then(|p| p.get(property));
    let own = own.and_then(|own| resolve(root, own)?.get("enum"));
    let parts = schema.get("allOf").map_or(&[][..], Node::items).iter();
    own.or_else(|| {
        let mut parts = parts;
        parts.find_map(|part| listed(root, part, property, seen))
    })
}

/// Whether the schema has the property, itself or through what it is made of.
fn has(root: &Node, schema: &Node, property: &str, seen: &mut Seen) -> bool {
    let schema = resolve(root, schema);
    let Some(schema) = schema.filter(|schema| seen.insert(std::ptr::from_ref(*schema))) else {
        return false;
    };
    let own = schema.get("properties").and_then(|p| p.get(property));
    let parts = schema.get("allOf").map_or(&[][..], Node::items);
    own.is_some() || parts.iter().any(|part| has(root, part, property, seen))
}

//! K0107: the parts of an `allOf` leave a value: their bounds do, what they list, and what they are closed to. What one part
//! says alone is judged where it stands.

use super::{Findings, bounds, values};
use crate::Diagnostic;
use crate::node::{Content, Node, Span};
use std::collections::HashSet;

/// The most parts that are looked at; no document has as many.
const MOST_PARTS: usize = 64;

/// A schema that a value must satisfy together with the others.
struct Part<'a> {
    node: &'a Node,
    /// The reference that leads to it, if any: what it leads to may be right where it stands.
    reference: Option<Span>,
}

impl Part<'_> {
    fn place(&self, own: Span) -> Span {
        self.reference.unwrap_or(own)
    }
}

pub(super) fn check(found: &mut Findings<'_>, schema: &Node) {
    if schema.get("allOf").is_none() {
        return;
    }
    let parts = parts(found, schema);
    closed(found, &parts);
    // Null may be a value of them all, whatever they say of others.
    let typed = || parts.iter().filter(|part| part.node.get("type").is_some());
    if typed().all(|part| part.node.get("nullable").is_some_and(Node::is_true)) {
        return;
    }
    for (low, high) in bounds::BOUNDS {
        order(found, &parts, low, high);
    }
    listed(found, &parts);
}

/// The schema, and all that its `allOf` adds, each once.
fn parts<'a>(found: &Findings<'a>, schema: &'a Node) -> Vec<Part<'a>> {
    let mut parts = vec![Part {
        node: schema,
        reference: None,
    }];
    let mut next = 0;
    while let Some(part) = parts.get(next).filter(|_| parts.len() < MOST_PARTS) {
        let via = part.reference;
        for member in part.node.get("allOf").map_or(&[][..], Node::items) {
            let Some(node) = found.resolve(member) else {
                continue;
            };
            if !parts.iter().any(|part| std::ptr::eq(part.node, node)) {
                let reference = via.or(member.get("$ref").map(|node| node.span));
                parts.push(Part { node, reference });
            }
        }
        next += 1;
    }
    parts
}

/// The properties of a schema, and of what its `allOf` adds; `None` where alternatives may have any.
pub(super) fn declared<'a>(found: &Findings<'a>, whole: &'a Node) -> Option<HashSet<&'a str>> {
    let parts = parts(found, whole);
    let is_choice = |part: &Part<'_>| {
        ["anyOf", "oneOf"]
            .iter()
            .any(|key| part.node.get(key).is_some())
    };
    if parts.len() >= MOST_PARTS || parts.iter().any(is_choice) {
        return None;
    }
    let properties = parts.iter().filter_map(|part| part.node.get("properties"));
    Some(
        properties
            .flat_map(Node::entries)
            .map(|entry| entry.key.as_str())
            .collect(),
    )
}

/// A bound of one of the parts.
struct Bound<'p, 'a> {
    part: &'p Part<'a>,
    value: f64,
    exclusive: bool,
    span: Span,
}

/// The bound of that name that says most.
fn tightest<'p, 'a>(parts: &'p [Part<'a>], key: &str, low: bool) -> Option<Bound<'p, 'a>> {
    let flag = match key {
        "minimum" => "exclusiveMinimum",
        "maximum" => "exclusiveMaximum",
        _ => "",
    };
    let bounds = parts.iter().filter_map(|part| {
        let node = part.node.get(key)?;
        Some(Bound {
            part,
            value: node.as_number()?.as_f64()?,
            exclusive: part.node.get(flag).is_some_and(Node::is_true),
            span: node.span,
        })
    });
    let says_more = |a: &Bound<'_, '_>, b: &Bound<'_, '_>| {
        let beyond = if low {
            a.value > b.value
        } else {
            a.value < b.value
        };
        beyond || (a.value == b.value && a.exclusive && !b.exclusive)
    };
    bounds.reduce(|most, next| if says_more(&next, &most) { next } else { most })
}

fn order(found: &mut Findings<'_>, parts: &[Part<'_>], low: &str, high: &str) {
    // Of values of other types, the bounds say nothing.
    let kinds = bounds::speaks_of(low);
    let is_of = |part: &Part<'_>| {
        let kind = part.node.get("type").and_then(Node::as_str);
        kind.is_some_and(|kind| kinds.contains(&kind))
    };
    if !parts.iter().any(is_of) {
        return;
    }
    let (Some(least), Some(most)) = (tightest(parts, low, true), tightest(parts, high, false))
    else {
        return;
    };
    let empty = least.value > most.value
        || (least.value == most.value && (least.exclusive || most.exclusive));
    if empty && !std::ptr::eq(least.part, most.part) {
        let message = format!("no value has this `{high}` and the `{low}` of another part");
        found.push(
            Diagnostic::new("K0107", most.part.place(most.span), message)
                .label(format!(
                    "the parts of an `allOf` must all hold: {} to {}",
                    least.value, most.value
                ))
                .related(least.span, "the lower bound")
                .help("let the parts leave something between them"),
        );
    }
}

/// Some value is listed by every part that lists values, and within the bounds of the others.
fn listed(found: &mut Findings<'_>, parts: &[Part<'_>]) {
    let mut lists = parts
        .iter()
        .filter_map(|part| Some((part, part.node.entry("enum")?)));
    let Some((first_part, first)) = lists.next() else {
        return;
    };
    let mut left: Vec<&Node> = first.node.items().iter().collect();
    if left.is_empty() {
        return;
    }
    for (part, list) in lists {
        left.retain(|value| {
            list.node
                .items()
                .iter()
                .any(|other| values::same(value, other))
        });
        if left.is_empty() {
            found.push(
                Diagnostic::new(
                    "K0107",
                    part.place(list.key_span),
                    "no value is listed by all parts of the `allOf`",
                )
                .related(first.key_span, "the other list")
                .help("list a value in each of them, or write one `enum`"),
            );
            return;
        }
    }
    for (low, high) in bounds::BOUNDS {
        for (key, is_low) in [(low, true), (high, false)] {
            let Some(bound) = tightest(parts, key, is_low) else {
                continue;
            };
            let outside = |value: &&Node| {
                let size = match (*low, &value.content) {
                    ("minimum", Content::Number(number)) => number.as_f64(),
                    ("minLength", Content::String(text)) => Some(text.chars().count() as f64),
                    ("minItems", Content::List(items)) => Some(items.len() as f64),
                    ("minProperties", Content::Map(members)) => Some(members.len() as f64),
                    _ => None,
                };
                size.is_some_and(|size| {
                    let beyond = if is_low {
                        size < bound.value
                    } else {
                        size > bound.value
                    };
                    beyond || (bound.exclusive && size == bound.value)
                })
            };
            if left.iter().all(outside) && !std::ptr::eq(bound.part, first_part) {
                let message = format!("no value that is listed has this `{key}`");
                found.push(
                    Diagnostic::new("K0107", bound.part.place(bound.span), message)
                        .related(first.key_span, "the values")
                        .help("leave the bound out: `enum` alone says enough"),
                );
                return;
            }
        }
    }
}

/// What one part requires, no part that is closed excludes.
fn closed(found: &mut Findings<'_>, parts: &[Part<'_>]) {
    for shut in parts {
        let Some(word) = shut.node.entry("additionalProperties") else {
            continue;
        };
        if word.node.content != Content::Bool(false) {
            continue;
        }
        let named = shut.node.get("properties");
        for part in parts {
            // A schema that stands alone is judged where it stands.
            if std::ptr::eq(part.node, shut.node) && part.node.get("allOf").is_none() {
                continue;
            }
            for name in part.node.get("required").map_or(&[][..], Node::items) {
                let Some(text) = name.as_str() else { continue };
                if named.is_none_or(|named| named.get(text).is_none()) {
                    let message = format!(
                        "no object has `{text}`, which is required: another part of the `allOf` is closed, and does not name it"
                    );
                    found.push(
                        Diagnostic::new("K0107", part.place(name.span), message)
                            .related(word.key_span, "closed here")
                            .help("let that part name all members, or leave its `additionalProperties` out"),
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;

    /// How often K0107 is told of the schema.
    fn told(schema: &str) -> usize {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths: {{}}\ncomponents:\n  schemas:\n    \
             Base: {{type: object, required: [id], properties: {{id: {{type: string}}}}}}\n    \
             State: {{type: string, enum: [up, down]}}\n    \
             Way: {{anyOf: [{{$ref: '#/components/schemas/Base'}}, {{type: integer}}]}}\n    A: {schema}\n"
        );
        let (_, found) = Document::examine("t.yaml", &text);
        found
            .iter()
            .filter(|diagnostic| diagnostic.code == "K0107")
            .count()
    }

    #[test]
    fn parts_that_exclude_one_another_are_told_once() {
        for schema in [
            "{allOf: [{type: string, maxLength: 3}, {type: string, minLength: 4}]}",
            "{allOf: [{type: integer, maximum: 3}, {type: integer, minimum: 4}]}",
            "{allOf: [{type: integer, maximum: 3, exclusiveMaximum: true}, {type: integer, minimum: 3}]}",
            "{type: boolean, allOf: [{oneOf: [{type: integer}, {type: string}]}]}",
            "{type: string, allOf: [{$ref: '#/components/schemas/Way'}]}",
            "{allOf: [{type: string, enum: [a]}, {type: string, enum: [b]}]}",
            "{allOf: [{$ref: '#/components/schemas/State'}], minLength: 100}",
            "{allOf: [{type: object, properties: {a: {type: string}}, additionalProperties: false}, {type: object, required: [b], properties: {b: {type: string}}}]}",
            "{allOf: [{$ref: '#/components/schemas/Base'}], type: object, additionalProperties: false, properties: {x: {type: string}}}",
        ] {
            assert_eq!(told(schema), 1, "{schema}");
        }
    }

    #[test]
    fn parts_that_leave_a_value_are_right() {
        for schema in [
            "{allOf: [{type: string, maxLength: 4}, {type: string, minLength: 4}]}",
            "{allOf: [{type: string, nullable: true, enum: [a, null]}, {type: string, nullable: true, enum: [b, null]}]}",
            "{allOf: [{$ref: '#/components/schemas/State'}], minLength: 3}",
            "{allOf: [{$ref: '#/components/schemas/Base'}], type: object, additionalProperties: false, properties: {id: {type: string}}}",
            "{allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {x: {type: string}}}]}",
            "{allOf: [{maximum: 3}, {minLength: 4}, {type: string}]}",
            "{type: number, allOf: [{$ref: '#/components/schemas/Way'}]}",
        ] {
            assert_eq!(told(schema), 0, "{schema}");
        }
    }
}

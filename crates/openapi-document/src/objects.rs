//! What the model would misread, in its own words. Schemas with `properties` and no `type` are read as objects, which is what
//! they mean (K0123 tells it): a validator would accept any number and text besides, and dropshot would forget the
//! properties. So it would the values of an `enum` without a `type`, which get the one that they all have. Security by `mutualTLS`, which OpenAPI 3.1 has, is no kind of the model's: who uses it is told (K0112).

use crate::node::{Content, Entry, Node};
use crate::rules::is_untyped_object;
use crate::{each_schema, place};

/// The document with the types written in, and without such security schemes; `None` when it has all and none.
pub(crate) fn typed(root: &Node) -> Option<Node> {
    let mut missing = false;
    each_schema(root, &mut |schema| missing |= unsaid(schema).is_some());
    let schemes = root.at("/components/securitySchemes");
    let unknown = schemes.is_some_and(|schemes| schemes.entries().iter().any(is_mutual_tls));
    (missing || unknown).then(|| {
        let mut root = root.clone();
        if missing {
            walk(&mut root, "");
        }
        if let Some(schemes) =
            inner(&mut root, "components").and_then(|node| inner(node, "securitySchemes"))
            && let Content::Map(entries) = &mut schemes.content
        {
            entries.retain(|entry| !is_mutual_tls(entry));
        }
        root
    })
}

/// The type that the schema has without saying so.
fn unsaid(schema: &Node) -> Option<&'static str> {
    if is_untyped_object(schema) {
        return Some("object");
    }
    let values = schema.get("enum")?.items();
    let said = ["type", "$ref", "allOf", "oneOf", "anyOf", "not"];
    if said.iter().any(|key| schema.get(key).is_some()) {
        return None;
    }
    let mut types = values.iter().filter_map(|value| type_of(&value.content));
    let first = types.next()?;
    types.try_fold(first, |known, next| match (known, next) {
        _ if known == next => Some(known),
        ("integer" | "number", "integer" | "number") => Some("number"),
        _ => None,
    })
}

/// The type of a value; null has none of its own.
fn type_of(value: &Content) -> Option<&'static str> {
    Some(match value {
        Content::Null => return None,
        Content::Bool(_) => "boolean",
        Content::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Content::Number(_) => "number",
        Content::String(_) => "string",
        Content::List(_) => "array",
        Content::Map(_) => "object",
    })
}

fn is_mutual_tls(scheme: &Entry) -> bool {
    scheme.node.get("type").and_then(Node::as_str) == Some("mutualTLS")
}

fn inner<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Content::Map(entries) = &mut node.content else {
        return None;
    };
    let entry = entries.iter_mut().find(|entry| entry.key == key)?;
    Some(&mut entry.node)
}

fn walk(node: &mut Node, place: &str) {
    let unsaid = (place == "schemas").then(|| unsaid(node)).flatten();
    let values = node.get("enum").map_or(&[][..], Node::items);
    // Without a type, `nullable` has no say, and null is a value where it is listed.
    let null = unsaid.is_some() && values.iter().any(|value| value.content == Content::Null);
    let null = null && node.get("nullable").is_none();
    let span = node.span;
    match &mut node.content {
        Content::Map(entries) => {
            let mut say = |key: &str, content| {
                entries.push(Entry {
                    key: key.to_owned(),
                    key_span: span,
                    node: Node { span, content },
                });
            };
            if let Some(kind) = unsaid {
                say("type", Content::String(kind.to_owned()));
            }
            if null {
                say("nullable", Content::Bool(true));
            }
            for entry in entries.iter_mut().filter(|entry| entry.key != "$ref") {
                if let Some(inside) = place::inside(place, &entry.key) {
                    walk(&mut entry.node, inside);
                }
            }
        }
        Content::List(items) => items.iter_mut().for_each(|item| walk(item, place)),
        _ => {}
    }
}

//! What the model would misread, in its own words. Schemas with `properties` and no `type` are read as objects, which is what
//! they mean (K0123 tells it): a validator would accept any number and text besides, and dropshot would forget the
//! properties. So it would the values of an `enum` without a `type`, which get the one that they all have. Security by
//! `mutualTLS`, which OpenAPI 3.1 has, is no kind of the model's: who uses it is told (K0112). A scheme that nothing demands is
//! left out where the model cannot read it, and a flow of OAuth 2 that says nothing of scopes has none: both are told too.
//! dropshot up to 0.9 wrote `x-dropshot-pagination: true` for what it writes as `{required: []}` now.

use crate::node::{Content, Entry, Node, Span};
use crate::rules::is_untyped_object;
use crate::select::{every_method, secured_by};
use crate::shape::read;
use crate::{each_schema, place};
use openapiv3::{ReferenceOr, SecurityScheme};

/// dropshot's word for an operation that answers page by page.
pub(crate) const PAGINATION: &str = "x-dropshot-pagination";

/// The document with the types and scopes written in, and without such security schemes; `None` when it has all and none.
pub(crate) fn typed(root: &Node) -> Option<Node> {
    let mut missing = false;
    each_schema(root, &mut |schema| missing |= unsaid(schema).is_some());
    let schemes = root.at("/components/securitySchemes");
    let schemes = schemes.map_or(&[][..], Node::entries).iter();
    let spare = schemes.clone().filter(|scheme| is_spare(root, scheme));
    let spare: Vec<Span> = spare.map(|scheme| scheme.key_span).collect();
    let scopeless = schemes
        .flat_map(flows)
        .any(|flow| has_no_scopes(&flow.node));
    let flagged = every_method(root).any(|method| method.node.entries().iter().any(is_flagged));
    (missing || scopeless || flagged || !spare.is_empty()).then(|| {
        let mut root = root.clone();
        if flagged {
            paginated(&mut root);
        }
        if missing {
            walk(&mut root, "");
        }
        if let Some(schemes) =
            inner(&mut root, "components").and_then(|node| inner(node, "securitySchemes"))
            && let Content::Map(entries) = &mut schemes.content
        {
            entries.retain(|entry| !spare.contains(&entry.key_span));
            for scheme in entries.iter_mut() {
                scopes(&mut scheme.node);
            }
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
    let Some(first) = types.next() else {
        // Null alone: dropshot says so of a text.
        return (!values.is_empty()).then_some("string");
    };
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

/// Whether the member says of an operation, as dropshot did once, that it answers page by page.
fn is_flagged(member: &Entry) -> bool {
    member.key == PAGINATION && member.node.is_true()
}

/// Says it as dropshot does now, which requires no parameter.
fn paginated(root: &mut Node) {
    let paths = inner(root, "paths").into_iter().flat_map(members);
    let operations = paths.flat_map(|path| members(&mut path.node));
    let said = operations.flat_map(|operation| members(&mut operation.node));
    for member in said.filter(|member| is_flagged(member)) {
        let span = member.node.span;
        let none = Entry {
            key: "required".to_owned(),
            key_span: span,
            node: Node {
                span,
                content: Content::List(Vec::new()),
            },
        };
        member.node.content = Content::Map(vec![none].into());
    }
}

fn members(node: &mut Node) -> impl Iterator<Item = &mut Entry> {
    let members = match &mut node.content {
        Content::Map(members) => Some(members.iter_mut()),
        _ => None,
    };
    members.into_iter().flatten()
}

/// Whether the model does without the scheme.
fn is_spare(root: &Node, scheme: &Entry) -> bool {
    let kind = scheme.node.get("type").and_then(Node::as_str);
    let unread = || read::<ReferenceOr<SecurityScheme>>(&scheme.node).is_err();
    kind == Some("mutualTLS") || (unread() && secured_by(root, &scheme.key).is_empty())
}

fn flows(scheme: &Entry) -> impl Iterator<Item = &Entry> {
    let flows = scheme.node.get("flows").map_or(&[][..], Node::entries);
    flows.iter().filter(|flow| !flow.key.starts_with("x-"))
}

fn has_no_scopes(flow: &Node) -> bool {
    let unsaid = |scopes: &Node| scopes.content == Content::Null;
    matches!(flow.content, Content::Map(_)) && flow.get("scopes").is_none_or(unsaid)
}

/// Says of each flow of the scheme that says nothing of scopes that it has none.
fn scopes(scheme: &mut Node) {
    let Some(Content::Map(flows)) = inner(scheme, "flows").map(|flows| &mut flows.content) else {
        return;
    };
    for flow in flows.iter_mut().filter(|flow| has_no_scopes(&flow.node)) {
        let span = flow.key_span;
        if let Content::Map(entries) = &mut flow.node.content {
            entries.retain(|entry| entry.key != "scopes");
            entries.push(Entry {
                key: "scopes".to_owned(),
                key_span: span,
                node: Node {
                    span,
                    content: Content::Map(Vec::new().into()),
                },
            });
        }
    }
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
    let is_null = |value: &Node| value.content == Content::Null;
    let null = unsaid.is_some() && values.iter().any(is_null) && !values.iter().all(is_null);
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

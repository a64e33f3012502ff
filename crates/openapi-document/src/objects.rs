//! What the model would misread, in its own words. Schemas with `properties` and no `type` are read as objects, which is what
//! they mean (K0123 tells it): a validator would accept any number and text besides, and dropshot would forget the
//! properties. Security by `mutualTLS`, which OpenAPI 3.1 has, is no kind of the model's: who uses it is told (K0112).

use crate::node::{Content, Entry, Node};
use crate::rules::is_untyped_object;
use crate::{each_schema, place};

/// The document with the types written in, and without such security schemes; `None` when it has all and none.
pub(crate) fn typed(root: &Node) -> Option<Node> {
    let mut missing = false;
    each_schema(root, &mut |schema| missing |= is_untyped_object(schema));
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
    let untyped = place == "schemas" && is_untyped_object(node);
    let span = node.span;
    match &mut node.content {
        Content::Map(entries) => {
            if untyped {
                let content = Content::String("object".to_owned());
                entries.push(Entry {
                    key: "type".to_owned(),
                    key_span: span,
                    node: Node { span, content },
                });
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

//! Schemas with `properties` and no `type` are read as objects, which is what they mean (K0123 tells it): a validator
//! would accept any number and text besides, and dropshot would forget the properties.

use crate::node::{Content, Entry, Node};
use crate::rules::is_untyped_object;
use crate::{each_schema, place};

/// The document with the types written in; `None` when none is missing.
pub(crate) fn typed(root: &Node) -> Option<Node> {
    let mut missing = false;
    each_schema(root, &mut |schema| missing |= is_untyped_object(schema));
    missing.then(|| {
        let mut root = root.clone();
        walk(&mut root, "");
        root
    })
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

//! K0104: a member of an example that an open object allows, and that is misspelt: a property that the example lacks is named
//! almost so.

use openapi_document::{Content, Diagnostic, Diagnostics, Node, closest, resolve};
use std::collections::HashSet;

/// The deepest that is looked into; documents refer to themselves.
const DEPTH: usize = 32;

/// Looks at what is in `example`, a value of `schema`.
pub(crate) fn members(root: &Node, example: &Node, schema: &Node, diagnostics: &mut Diagnostics) {
    inside(root, example, schema, DEPTH, diagnostics);
}

fn inside(root: &Node, example: &Node, schema: &Node, depth: usize, diagnostics: &mut Diagnostics) {
    let (Some(depth), Some(schema)) = (depth.checked_sub(1), resolve(root, schema)) else {
        return;
    };
    if let Some(items) = schema.get("items") {
        for item in example.items() {
            inside(root, item, items, depth, diagnostics);
        }
    }
    let Some(object) = Object::of(root, schema).filter(|_| !example.entries().is_empty()) else {
        return;
    };
    let named = |name: &str| object.properties.iter().find(|(known, _)| *known == name);
    for entry in example.entries() {
        if let Some((_, property)) = named(&entry.key) {
            inside(root, &entry.node, property, depth, diagnostics);
            continue;
        }
        // What may be left out, or begins as the other does, is another member rather than one that is misspelt.
        let other = |name: &str| name.starts_with(&entry.key) || entry.key.starts_with(name);
        let lacking = object.properties.iter().map(|(name, _)| *name);
        let lacking = lacking.filter(|name| {
            example.get(name).is_none() && (object.required.contains(name) || !other(name))
        });
        // Short names are like one another without being meant.
        if let Some(near) = closest(&entry.key, lacking).filter(|_| entry.key.chars().count() > 3) {
            let message = format!(
                "the example has `{}`, which its schema does not name",
                entry.key
            );
            diagnostics.push(
                Diagnostic::new("K0104", entry.key_span, message)
                    .help(format!("did you mean `{near}`?"))
                    .warning(),
            );
        }
    }
}

/// An object that may hold any other members beside those that it names.
#[derive(Default)]
struct Object<'a> {
    properties: Vec<(&'a str, &'a Node)>,
    required: HashSet<&'a str>,
}

impl<'a> Object<'a> {
    /// The properties of the schema and of all that its `allOf` adds; `None` where others are refused, described or chosen
    /// among, and where it names none.
    fn of(root: &'a Node, schema: &'a Node) -> Option<Object<'a>> {
        let mut object = Object::default();
        let mut seen = HashSet::from([std::ptr::from_ref(schema)]);
        let mut queue = vec![schema];
        while let Some(part) = queue.pop() {
            let is_choice = ["oneOf", "anyOf", "not"]
                .iter()
                .any(|key| part.get(key).is_some());
            let others = part
                .get("additionalProperties")
                .map(|others| &others.content);
            if is_choice || !matches!(others, None | Some(Content::Bool(true))) {
                return None;
            }
            let properties = part.get("properties").map_or(&[][..], Node::entries);
            let named = properties
                .iter()
                .map(|entry| (entry.key.as_str(), &entry.node));
            object.properties.extend(named);
            let required = part.get("required").map_or(&[][..], Node::items);
            object
                .required
                .extend(required.iter().filter_map(Node::as_str));
            for part in part.get("allOf").map_or(&[][..], Node::items) {
                let part = resolve(root, part)?;
                if seen.insert(std::ptr::from_ref(part)) {
                    queue.push(part);
                }
            }
        }
        (!object.properties.is_empty()).then_some(object)
    }
}

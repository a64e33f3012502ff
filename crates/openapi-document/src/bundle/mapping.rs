//! The `mapping` of a `discriminator`, whose values are names of schemas or references to them, without a `$ref` that says so.

use super::{Bundler, is_plain, nothing};
use crate::node::{Content, Entry, Node, escape};
use crate::place;

/// Whether every value is a name, or leads to a component of the document itself.
pub(super) fn is_whole(schema: &Node) -> bool {
    let mut values = targets(schema).filter_map(|entry| entry.node.as_str());
    values.all(|text| match text.strip_prefix('#') {
        Some(pointer) => place::is_component(pointer) && is_plain(pointer),
        None => !is_file(text),
    })
}

/// Whether the value names a file, rather than a schema, whose name may hold dots.
pub(crate) fn is_file(text: &str) -> bool {
    let path = text.split('#').next().unwrap_or_default();
    let is_known = [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| path.ends_with(end));
    !text.starts_with('#') && (is_known || text.contains(['/', '#']))
}

fn targets(schema: &Node) -> impl Iterator<Item = &Entry> {
    let mapping = schema.get("discriminator").and_then(|d| d.get("mapping"));
    mapping.map_or(&[][..], Node::entries).iter()
}

impl Bundler<'_> {
    /// Lets the values that are references lead to components of this document.
    pub(super) fn mapping(&mut self, schema: &mut Node, file: usize) {
        if file == 0 && is_whole(schema) {
            return;
        }
        let Content::Map(members) = &mut schema.content else {
            return;
        };
        let discriminator = members
            .iter_mut()
            .find(|entry| entry.key == "discriminator");
        let members = discriminator.map(|entry| &mut entry.node.content);
        let Some(Content::Map(members)) = members else {
            return;
        };
        let mapping = members.iter_mut().find(|entry| entry.key == "mapping");
        let Some(Content::Map(values)) = mapping.map(|entry| &mut entry.node.content) else {
            return;
        };
        for entry in values.iter_mut() {
            let is_name = |text: &str| {
                let schemas = self.roots.get(file)?.at("/components/schemas")?;
                schemas.get(text)
            };
            let Some(text) = entry.node.as_str() else {
                continue;
            };
            // A name may hold dots, and is one before it is a file's. One of another file may be called otherwise in this document.
            let named = is_name(text).map(|_| format!("#/components/schemas/{}", escape(text)));
            if named.is_some() && file == 0
                || named.is_none() && !text.starts_with('#') && !is_file(text)
            {
                continue;
            }
            let mut value = std::mem::replace(&mut entry.node, nothing());
            let span = value.span;
            if let Some(pointer) = named {
                value.content = Content::String(pointer);
            }
            let reference = Entry {
                key: "$ref".to_owned(),
                key_span: span,
                node: value,
            };
            let mut written = Node {
                span,
                content: Content::Map(vec![reference].into()),
            };
            self.reference(&mut written, file, "schemas");
            if let Content::Map(written) = written.content
                && let Some(led) = written.into_iter().next()
            {
                entry.node = led.node;
            }
        }
    }
}

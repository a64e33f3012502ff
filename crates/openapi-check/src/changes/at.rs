//! A value of a document together with the pointer that leads to it.

use openapi_document::{Node, escape, resolve};

/// A value, and where it is.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    root: &'a Node,
    /// The value.
    pub(super) node: &'a Node,
    /// The JSON pointer of its place; when a `$ref` was followed, that of its target.
    pub(super) pointer: String,
}

impl<'a> At<'a> {
    /// The whole document.
    pub(super) fn root(root: &'a Node) -> Self {
        At {
            root,
            node: root,
            pointer: String::new(),
        }
    }

    /// The member `key`, references followed.
    pub(super) fn get(&self, key: &str) -> Option<At<'a>> {
        Some(self.unresolved(key)?.resolved())
    }

    /// The member `key`, as it is written.
    pub(super) fn unresolved(&self, key: &str) -> Option<At<'a>> {
        Some(self.child(key, self.node.get(key)?))
    }

    /// The members of the member `key`, each with its name and references followed; none when it is no mapping.
    pub(super) fn members(&self, key: &str) -> Vec<(&'a str, At<'a>)> {
        self.get(key).map_or_else(Vec::new, |map| map.entries())
    }

    /// The members, each with its name and references followed.
    pub(super) fn entries(&self) -> Vec<(&'a str, At<'a>)> {
        let entries = self.node.entries().iter();
        entries
            .map(|entry| {
                let child = self.child(&entry.key, &entry.node);
                (entry.key.as_str(), child.resolved())
            })
            .collect()
    }

    /// The items of the member `key`, as they are written; none when it is no list.
    pub(super) fn items(&self, key: &str) -> Vec<At<'a>> {
        let Some(list) = self.unresolved(key) else {
            return Vec::new();
        };
        let items = list.node.items().iter().enumerate();
        items
            .map(|(index, item)| list.child(&index.to_string(), item))
            .collect()
    }

    /// The item at `index`, as it is written.
    pub(super) fn item(&self, index: usize) -> Option<At<'a>> {
        let item = self.node.items().get(index)?;
        Some(self.child(&index.to_string(), item))
    }

    /// The text of the member `key`.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.node.get(key)?.as_str()
    }

    /// Whether the member `key` is `true`.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.node.get(key).is_some_and(Node::is_true)
    }

    /// The texts of the list `key`.
    pub(super) fn texts(&self, key: &str) -> Vec<&'a str> {
        let items = self.node.get(key).map_or(&[][..], Node::items);
        items.iter().filter_map(Node::as_str).collect()
    }

    /// What this refers to, or itself. A reference that leads nowhere stays.
    pub(super) fn resolved(self) -> At<'a> {
        let Some(target) = resolve(self.root, self.node) else {
            return self;
        };
        let mut at = self;
        for _ in 0..16 {
            let Some(reference) = at.text("$ref") else {
                break;
            };
            let pointer = reference.trim_start_matches('#').to_owned();
            let Some(node) = at.root.at(&pointer) else {
                break;
            };
            at = At {
                node,
                pointer,
                ..at
            };
        }
        debug_assert!(std::ptr::eq(at.node, target));
        at
    }

    /// The name of the named schema that this is, or refers to without more.
    pub(super) fn named(&self) -> Option<&'a str> {
        self.text("$ref")?.strip_prefix("#/components/schemas/")
    }

    fn child(&self, key: &str, node: &'a Node) -> At<'a> {
        At {
            root: self.root,
            node,
            pointer: format!("{}/{}", self.pointer, escape(key)),
        }
    }
}

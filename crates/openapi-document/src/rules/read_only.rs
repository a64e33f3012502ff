//! K0124: what a request need not hold, by `readOnly`, is demanded all the same.

use super::Findings;
use crate::Diagnostic;
use crate::node::Node;
use crate::select::reach;
use std::collections::HashSet;

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    let mut reached = HashSet::new();
    for path in root.get("paths").map_or(&[][..], Node::entries) {
        for body in path
            .node
            .entries()
            .iter()
            .filter_map(|method| method.node.get("requestBody"))
        {
            reach(root, body, &mut reached);
            below(found, body);
        }
    }
    let mut reached: Vec<&str> = reached.into_iter().collect();
    reached.sort_unstable();
    for reference in reached {
        if let Some(node) = reference
            .strip_prefix('#')
            .and_then(|pointer| root.at(pointer))
        {
            below(found, node);
        }
    }
}

/// Every object below `node`.
fn below(found: &mut Findings<'_>, node: &Node) {
    let required: Vec<&str> = node
        .get("required")
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(Node::as_str)
        .collect();
    for property in node.get("properties").map_or(&[][..], Node::entries) {
        let read_only = property
            .node
            .entry("readOnly")
            .filter(|entry| entry.node.is_true());
        if let Some(entry) = read_only.filter(|_| required.contains(&property.key.as_str())) {
            let message = format!(
                "`{}` is required, so requests must hold it too",
                property.key
            );
            found.push(
                Diagnostic::new("K0124", entry.key_span, message)
                    .help("requests and answers share one type: take it out of `required`, or give requests a schema of their own")
                    .warning(),
            );
        }
    }
    let inside = node
        .entries()
        .iter()
        .filter(|e| !matches!(e.key.as_str(), "example" | "examples" | "default"));
    inside.for_each(|entry| below(found, &entry.node));
    node.items().iter().for_each(|item| below(found, item));
}

//! K0209: what is secret stands where a type of its own is made for it.

use crate::secret::refusal;
use openapi_document::{Diagnostics, Document, Node, each_schema};
use std::collections::HashSet;

/// K0209. Whether a type is made is seen when the types are.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let mut own = HashSet::new();
    let components = document.root.at("/components/schemas");
    for entry in components.map_or(&[][..], Node::entries) {
        places(&entry.node, &mut own);
    }
    each_schema(&document.root, &mut |schema| {
        let secret = schema.get("x-secret").filter(|secret| secret.is_true());
        if let Some(secret) = secret.filter(|_| !own.contains(&std::ptr::from_ref(schema))) {
            diagnostics.push(refusal(secret.span));
        }
    });
}

/// A component and its properties, and theirs.
fn places(schema: &Node, own: &mut HashSet<*const Node>) {
    own.insert(schema);
    for property in schema.get("properties").map_or(&[][..], Node::entries) {
        places(&property.node, own);
    }
}

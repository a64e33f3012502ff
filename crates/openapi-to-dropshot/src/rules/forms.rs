//! K0208: a schema has few enough forms to write each out.
//!
//! typify writes out every combination of the `oneOf`s that an `allOf` brings together, so ten schemas, each of which chooses
//! between two things more than the one before, are a thousand types.

use openapi_document::{Diagnostic, Diagnostics, Document, Node, each_schema, resolve};
use std::collections::HashMap;

/// The most forms that an `allOf` is written out in. Documents of services have a dozen at most.
const MOST: u64 = 100;

/// K0208.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let mut forms = Forms {
        root: &document.root,
        known: HashMap::new(),
    };
    let mut schemas = Vec::new();
    each_schema(&document.root, &mut |schema| schemas.push(schema));
    for schema in schemas {
        let Some(members) = schema.entry("allOf") else {
            continue;
        };
        let count = forms.of(schema, 0);
        let below = members.node.items().iter();
        // Told once, where it begins.
        let began = below
            .map(|member| forms.of(member, 0))
            .all(|count| count <= MOST);
        if count > MOST && began {
            let span = members.key_span;
            let message = format!("the members of this `allOf` combine to {count} forms");
            diagnostics.push(
                Diagnostic::new("K0208", span, message)
                    .label(format!("at most {MOST} are written out"))
                    .help("choose once: one `oneOf` of whole objects, or optional members instead of choices"),
            );
        }
    }
}

/// How many forms schemas have, each counted once.
struct Forms<'a> {
    root: &'a Node,
    known: HashMap<*const Node, u64>,
}

impl<'a> Forms<'a> {
    fn of(&mut self, schema: &'a Node, depth: usize) -> u64 {
        let Some(schema) =
            resolve(self.root, schema).filter(|_| depth <= openapi_document::MAX_DEPTH)
        else {
            return 1;
        };
        let key = std::ptr::from_ref(schema);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // What comes back to itself is a reference, and has the one form.
        self.known.insert(key, 1);
        let mut count: u64 = 1;
        for member in schema.get("allOf").map_or(&[][..], Node::items) {
            count = count.saturating_mul(self.of(member, depth + 1));
        }
        for key in ["oneOf", "anyOf"] {
            let members = schema.get(key).map_or(&[][..], Node::items);
            let several = members.iter().map(|member| self.of(member, depth + 1));
            let several = several.fold(0, u64::saturating_add);
            count = count.saturating_mul(several.max(1));
        }
        self.known.insert(key, count);
        count
    }
}

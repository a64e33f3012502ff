//! K0109, and what keeps it away: by how many ways a schema leads to what a value is held against at one place. Each `allOf`
//! and choice of two components that both lead on doubles them, and whoever follows them comes to no end.
//!
//! ```text
//! Top ─allOf─┬─ Left ──┬─ allOf ─┬─ ...          Top ─allOf─┬─ what Left says itself
//!            └─ Right ─┘         └─ ...     ──>             ├─ what Right says itself
//!                                                           └─ ..., each once
//! ```
//!
//! What all must hold need be said once: where many ways lead on, an `allOf` is written out as its parts, so that whoever reads
//! the document meets each of them once. Choices cannot be written so, and are refused where there are too many ways.

use crate::node::{Content, Entry, Node, Span};
use crate::rules::{each_schema, resolve};
use crate::{Diagnostic, Diagnostics};
use std::collections::{HashMap, HashSet};

/// More ways than documents have that people write: beyond, an `allOf` is written out.
const MANY: u64 = 1000;
/// The most ways that are followed.
const MOST: u64 = 20_000;
/// The most parts that an `allOf` is written out as.
const MOST_PARTS: usize = 1000;
/// The most nodes that are copied to write them out, in all of the document.
const MOST_COPIED: usize = 500_000;

/// The most schemas that a way passes. Documents of services have a dozen at most.
const LONGEST: usize = 64;

/// Words about a schema that are not words about what it is a part of.
const SAID: [&str; 6] = [
    "title",
    "description",
    "default",
    "example",
    "externalDocs",
    "deprecated",
];

/// The document in which each `allOf` with many ways is written out as its parts; `None` when there is none.
pub(crate) fn written_out(root: &Node) -> Option<Node> {
    let mut ways = Ways::of(root);
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    // With more ways than there are schemas, some are met several times.
    let many = MANY.max(schemas.len() as u64);
    let mut left = MOST_COPIED;
    let mut parts = HashMap::new();
    for schema in schemas {
        // One part alone is another name of it, which is written out itself.
        if schema.get("allOf").is_some_and(|all| all.items().len() > 1)
            && ways.count(schema) > many
            && let Some(list) = distinct(root, schema)
        {
            let size = list.iter().map(|part| size(part.node)).sum();
            left = left.checked_sub(size)?;
            parts.insert(std::ptr::from_ref(schema), list);
        }
    }
    (!parts.is_empty()).then(|| copied(root, &parts))
}

/// K0109: choices among choices by too many ways. Where several lead on to one another, the innermost are told.
pub(crate) fn check(root: &Node, diagnostics: &mut Diagnostics) {
    let mut ways = Ways::of(root);
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    innermost(
        root,
        &schemas,
        &mut |schema| ways.count(schema) > MOST,
        &mut |entry| {
            let message =
                format!("a value is held against other schemas here by more than {MOST} ways");
            diagnostics.push(
                Diagnostic::new("K0109", entry.key_span, message)
                    .label("each of these leads on to choices, and those to others")
                    .help("list the innermost alternatives in one `oneOf` or `anyOf`, each once"),
            );
        },
    );
}

/// K0109: schemas that lead on to one another, by `allOf`s and choices, for longer than what follows them goes. Such a document
/// is looked at no further.
pub(crate) fn too_long(root: &Node) -> Vec<Diagnostic> {
    let mut ways = Ways::of(root);
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    let mut found = Vec::new();
    innermost(
        root,
        &schemas,
        &mut |schema| ways.led(schema).length > LONGEST,
        &mut |entry| {
            let message = format!("more than {LONGEST} schemas lead on from one to the next here");
            found.push(
                Diagnostic::new("K0109", entry.key_span, message)
                    .label("each is made of the next by `allOf`, or chooses it")
                    .help("write what they say together into one schema"),
            );
        },
    );
    found
}

/// Tells the schemas that are `beyond` and lead to none that is: where they combine others.
fn innermost<'a>(
    root: &'a Node,
    schemas: &[&'a Node],
    beyond: &mut dyn FnMut(&'a Node) -> bool,
    tell: &mut dyn FnMut(&Entry),
) {
    for schema in schemas.iter().copied() {
        if !beyond(schema) {
            continue;
        }
        let mut inner = Vec::new();
        followed(schema, &mut inner);
        let innermost = inner
            .iter()
            .all(|reference| resolve(root, reference).is_none_or(|target| !beyond(target)));
        let keys = ["oneOf", "anyOf", "allOf", "not"];
        let entry = keys.into_iter().find_map(|key| schema.entry(key));
        if let (true, Some(entry)) = (innermost, entry) {
            tell(entry);
        }
    }
}

/// The schemas that a value of `schema` is held against at the same place.
fn held_against(schema: &Node) -> impl Iterator<Item = &Node> {
    let lists = ["allOf", "anyOf", "oneOf"].map(|key| schema.get(key).map_or(&[][..], Node::items));
    lists.into_iter().flatten().chain(schema.get("not"))
}

/// Adds the references among them, those inside others included, and gives how many are written out in place.
fn followed<'a>(schema: &'a Node, references: &mut Vec<&'a Node>) -> u64 {
    let mut own = 1;
    for part in held_against(schema) {
        if part.get("$ref").is_some() {
            references.push(part);
        } else {
            own += followed(part, references);
        }
    }
    own
}

/// What a schema leads to.
#[derive(Clone, Copy)]
struct Led {
    /// How many schemas a value is held against, each as often as ways lead to it.
    ways: u64,
    /// How many of them the longest way passes.
    length: usize,
}

/// A schema that leads to no other, or back to itself: that it does is another rule's matter.
const ALONE: Led = Led { ways: 1, length: 1 };

/// The ways of each schema that was asked for, and of those that it leads to.
struct Ways<'a> {
    root: &'a Node,
    known: HashMap<*const Node, Led>,
}

/// A schema that is being counted, on a stack of its own: chains may be longer than the machine's is deep.
struct Step<'a> {
    schema: *const Node,
    led: Led,
    references: Vec<&'a Node>,
}

impl<'a> Ways<'a> {
    fn of(root: &'a Node) -> Self {
        Ways {
            root,
            known: HashMap::new(),
        }
    }

    fn step(&mut self, schema: &'a Node) -> Step<'a> {
        let mut references = Vec::new();
        let ways = followed(schema, &mut references);
        let schema = std::ptr::from_ref(schema);
        self.known.insert(schema, ALONE);
        Step {
            schema,
            led: Led { ways, ..ALONE },
            references,
        }
    }

    fn count(&mut self, schema: &'a Node) -> u64 {
        self.led(schema).ways
    }

    fn led(&mut self, schema: &'a Node) -> Led {
        if let Some(known) = self.known.get(&std::ptr::from_ref(schema)) {
            return *known;
        }
        let mut path = vec![self.step(schema)];
        while let Some(step) = path.last_mut() {
            let Some(reference) = step.references.last() else {
                self.known.insert(step.schema, step.led);
                path.pop();
                continue;
            };
            let Some(target) = resolve(self.root, reference) else {
                step.references.pop();
                continue;
            };
            if let Some(known) = self.known.get(&std::ptr::from_ref(target)) {
                step.led.ways = step.led.ways.saturating_add(known.ways);
                step.led.length = step.led.length.max(known.length + 1);
                step.references.pop();
            } else {
                let next = self.step(target);
                path.push(next);
            }
        }
        let known = self.known.get(&std::ptr::from_ref(schema));
        known.copied().unwrap_or(ALONE)
    }
}

/// A part of an `allOf`.
struct Part<'a> {
    /// What is to be written: a reference, or a schema.
    node: &'a Node,
    /// Whether its own `allOf` is among the other parts.
    is_open: bool,
}

/// All that the `allOf` of `schema` adds, each once; `None` for too many.
fn distinct<'a>(root: &'a Node, schema: &'a Node) -> Option<Vec<Part<'a>>> {
    let mut seen = HashSet::from([std::ptr::from_ref(schema)]);
    let mut parts = Vec::new();
    let mut queue = vec![schema];
    let mut next = 0;
    while let Some(open) = queue.get(next) {
        next += 1;
        for written in open.get("allOf").map_or(&[][..], Node::items) {
            let Some(meant) = resolve(root, written) else {
                parts.push(Part {
                    node: written,
                    is_open: false,
                });
                continue;
            };
            if !seen.insert(std::ptr::from_ref(meant)) {
                continue;
            }
            // Where null is a value of it, its parts are not those of the whole.
            let is_open =
                meant.get("allOf").is_some() && !meant.get("nullable").is_some_and(Node::is_true);
            if is_open {
                queue.push(meant);
            }
            let says_more = |entry: &Entry| entry.key != "allOf" && !is_said(&entry.key);
            if !is_open || meant.entries().iter().any(says_more) {
                let node = if is_open { meant } else { written };
                parts.push(Part { node, is_open });
            }
            if parts.len() > MOST_PARTS || queue.len() > MOST_PARTS {
                return None;
            }
        }
    }
    Some(parts)
}

fn is_said(key: &str) -> bool {
    SAID.contains(&key) || key.starts_with("x-")
}

fn size(node: &Node) -> usize {
    let members = node.entries().iter().map(|entry| &entry.node);
    1 + members.chain(node.items()).map(size).sum::<usize>()
}

/// A copy of `node`, with these parts for the `allOf` of some schemas.
fn copied(node: &Node, parts: &HashMap<*const Node, Vec<Part<'_>>>) -> Node {
    let own = parts.get(&std::ptr::from_ref(node));
    let content = match &node.content {
        Content::Map(members) => {
            let inner = |entry: &Entry| match own.filter(|_| entry.key == "allOf") {
                Some(own) => list(entry.node.span, own, parts),
                None => copied(&entry.node, parts),
            };
            let entries = members.iter().map(|entry| Entry {
                key: entry.key.clone(),
                key_span: entry.key_span,
                node: inner(entry),
            });
            Content::Map(entries.collect())
        }
        Content::List(items) => {
            Content::List(items.iter().map(|item| copied(item, parts)).collect())
        }
        other => other.clone(),
    };
    Node {
        span: node.span,
        content,
    }
}

fn list(span: Span, own: &[Part<'_>], parts: &HashMap<*const Node, Vec<Part<'_>>>) -> Node {
    let written = own.iter().map(|part| {
        if !part.is_open {
            return copied(part.node, parts);
        }
        let entries = part.node.entries().iter();
        let said = entries.filter(|entry| entry.key != "allOf" && !is_said(&entry.key));
        let said = said.map(|entry| Entry {
            key: entry.key.clone(),
            key_span: entry.key_span,
            node: copied(&entry.node, parts),
        });
        Node {
            span: part.node.span,
            content: Content::Map(said.collect()),
        }
    });
    Node {
        span,
        content: Content::List(written.collect()),
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;
    use std::fmt::Write as _;

    /// Schemas in `layers` of two each, of which both are made of both of the next, by `key`.
    fn layered(layers: usize, key: &str, last: [&str; 2]) -> String {
        let part =
            |layer: usize, side: usize| format!("{{$ref: '#/components/schemas/S{layer}x{side}'}}");
        let mut text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths: {}\ncomponents:\n  schemas:\n".to_owned();
        for layer in 0..layers {
            let both = [0, 1].map(|side| part(layer + 1, side)).join(", ");
            for side in [0, 1] {
                let own = format!("title: S, properties: {{p{layer}x{side}: {{type: string}}}}");
                writeln!(
                    text,
                    "    S{layer}x{side}: {{type: object, {own}, {key}: [{both}]}}"
                )
                .unwrap_or_default();
            }
        }
        for (side, schema) in last.iter().enumerate() {
            writeln!(text, "    S{layers}x{side}: {schema}").unwrap_or_default();
        }
        text
    }

    /// Schemas in a row, each of which is made of the next by `key`.
    fn row(count: usize, key: &str) -> String {
        let mut text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths: {}\ncomponents:\n  schemas:\n".to_owned();
        for at in 1..count {
            let own = format!(
                "{{type: object, required: [p{at}], properties: {{p{at}: {{type: string}}}}}}"
            );
            let next = format!("{{$ref: '#/components/schemas/S{}'}}", at + 1);
            writeln!(text, "    S{at}: {{{key}: [{next}, {own}]}}").unwrap_or_default();
        }
        writeln!(text, "    S{count}: {{type: object}}").unwrap_or_default();
        text
    }

    #[test]
    fn what_leads_on_for_too_long_is_refused_where_it_begins_to() {
        for key in ["allOf", "oneOf", "anyOf"] {
            let (document, found) = Document::examine("t.yaml", &row(64, key));
            assert!(document.is_some() && found.only_warnings(), "{found}");
            // The first that is too far from the end; of many, none is followed.
            for (count, line) in [(65, 6), (66, 7), (5000, 4941)] {
                let (document, found) = Document::examine("t.yaml", &row(count, key));
                assert!(document.is_none());
                let place = format!("t.yaml:{line}:{} K0109", 8 + format!("S{}", line - 5).len());
                assert_eq!(found.places(), [place]);
            }
        }
    }

    // By every way there would be 2^60: what comes to an end looks at each once.

    #[test]
    fn parts_of_parts_are_written_out_once_and_all_of_them_hold() {
        let last = [
            "{type: object, required: [a]}",
            "{type: object, required: [b]}",
        ];
        let (document, found) = Document::examine("t.yaml", &layered(60, "allOf", last));
        let document = document.unwrap_or_else(|| panic!("{found}"));
        assert!(found.only_warnings(), "{found}");
        let first = document.meant().at("/components/schemas/S0x0/allOf");
        let parts = first.map_or(&[][..], crate::Node::items);
        // What the two of each layer between say themselves, and the last two by their names.
        assert_eq!(parts.len(), 2 * 59 + 2);
        let named: Vec<&str> = parts
            .iter()
            .filter_map(|part| part.get("$ref")?.as_str())
            .collect();
        assert_eq!(
            named,
            ["#/components/schemas/S60x0", "#/components/schemas/S60x1"]
        );
        assert!(parts.iter().all(|part| part.get("title").is_none()));
        // The document is served as it was read, and few ways are left as they are.
        let as_read = document.root.at("/components/schemas/S0x0/allOf");
        assert_eq!(as_read.map(|all| all.items().len()), Some(2));
        let last = document.meant().at("/components/schemas/S58x0/allOf");
        assert_eq!(last.map(|all| all.items().len()), Some(2));
    }

    #[test]
    fn choices_of_choices_are_refused_where_the_ways_become_too_many() {
        let last = ["{type: string}", "{type: integer}"];
        for key in ["oneOf", "anyOf"] {
            let (_, found) = Document::examine("t.yaml", &layered(60, key, last));
            let told: Vec<_> = found.iter().filter(|told| told.code == "K0109").collect();
            assert_eq!(told.len(), 2, "{found}");
            assert!(told.iter().all(|told| told.help.is_some()));
        }
        let (_, found) = Document::examine("t.yaml", &layered(10, "oneOf", last));
        assert!(found.iter().all(|told| told.code != "K0109"), "{found}");
    }
}

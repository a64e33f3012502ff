//! K0202: the members of an object stay different as the fields of its struct: of a schema's own, and of what typify merges with
//! it, which is what its `allOf` adds, and then each of its alternatives.

use super::names::collide;
use crate::case;
use openapi_document::{Content, Diagnostics, Document, Node, Span, each_schema, resolve};
use std::collections::{HashMap, HashSet};

/// The most parts of one `allOf` that are looked at; no document has as many.
const MOST_PARTS: usize = 64;

/// The deepest that what several parts say of one member is looked into.
const DEPTH: usize = 4;

/// The most such members that are looked at in a document: ways to combine its schemas may be many.
const MOST_SHARED: usize = 2_000;

/// What `required` and `properties` call a member, and where, by the name of its field.
type Fields<'a> = HashMap<String, (&'a str, Span)>;

/// K0202.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let mut objects = Objects {
        root: &document.root,
        shared: HashSet::new(),
        told: HashSet::new(),
        diagnostics,
    };
    each_schema(&document.root, &mut |schema| {
        objects.check(&[schema], DEPTH);
    });
}

struct Objects<'a, 'd> {
    root: &'a Node,
    /// What several parts say of one member, asked already.
    shared: HashSet<Vec<*const Node>>,
    /// The names that were told: a schema may be part of many.
    told: HashSet<(usize, usize)>,
    diagnostics: &'d mut Diagnostics,
}

impl<'a> Objects<'a, '_> {
    /// Checks the one object that the schemas are together.
    fn check(&mut self, schemas: &[&'a Node], depth: usize) {
        let mut parts = Vec::new();
        self.add(schemas, &mut parts);
        let mut fields = Fields::new();
        self.collide(&mut fields, &parts, 0);
        if !fields.is_empty() {
            self.alternatives(&mut fields, &mut parts);
        }
        if parts.len() > 1 && depth > 0 {
            self.shared(&parts, depth - 1);
        }
    }

    /// Adds schemas to the parts, and all that their `allOf` adds, each once.
    fn add(&self, schemas: &[&'a Node], parts: &mut Vec<&'a Node>) {
        let mut next = parts.len();
        let one = |schema, parts: &mut Vec<&'a Node>| {
            let schema = resolve(self.root, schema).filter(|_| parts.len() < MOST_PARTS);
            let new = |schema: &&Node| !parts.iter().any(|part| std::ptr::eq(*part, *schema));
            parts.extend(schema.filter(new));
        };
        for schema in schemas {
            one(schema, parts);
        }
        while let Some(part) = parts.get(next) {
            for member in part.get("allOf").map_or(&[][..], Node::items) {
                one(member, parts);
            }
            next += 1;
        }
    }

    /// Adds the fields of the parts from `new` on, and tells which are others' already. Returns those that were added.
    fn collide(&mut self, fields: &mut Fields<'a>, parts: &[&'a Node], new: usize) -> Vec<String> {
        let mut added = Vec::new();
        // What stands elsewhere is right there, so it is not the one to rename.
        let own = parts.first().map_or(Span::default(), |part| part.span);
        let is_own = |part: &&Node| {
            let span = part.span;
            span.file == own.file && own.start <= span.start && span.end <= own.end
        };
        let mut ordered = parts[new..].to_vec();
        ordered.sort_by_key(is_own);
        for (rust, name, span) in ordered.into_iter().flat_map(named) {
            if let Some((other, _)) = fields.get(&rust)
                && *other != name
                && !(may_be(name, parts) && may_be(other, parts))
            {
                continue;
            }
            let count = fields.len();
            let found = collide(fields, rust.clone(), name, span, "field");
            if fields.len() > count {
                added.push(rust);
            }
            let found = found.filter(|_| self.told.insert((span.file, span.start)));
            found
                .into_iter()
                .for_each(|found| self.diagnostics.push(found));
        }
        added
    }

    /// Each alternative of the parts is one object with them.
    fn alternatives(&mut self, fields: &mut Fields<'a>, parts: &mut Vec<&'a Node>) {
        let own = parts.len();
        let alternatives: Vec<&'a Node> = parts
            .iter()
            .flat_map(|part| ["oneOf", "anyOf"].map(|key| part.get(key)))
            .flatten()
            .flat_map(Node::items)
            .collect();
        for alternative in alternatives {
            self.add(&[alternative], parts);
            for added in self.collide(fields, parts, own) {
                fields.remove(&added);
            }
            parts.truncate(own);
        }
    }

    /// What several parts say of one member is one schema as well.
    fn shared(&mut self, parts: &[&'a Node], depth: usize) {
        let mut said: HashMap<(&str, &str), Vec<&'a Node>> = HashMap::new();
        for part in parts {
            for entry in part.get("properties").map_or(&[][..], Node::entries) {
                let member = said.entry(("properties", &entry.key)).or_default();
                member.push(&entry.node);
            }
            for key in ["items", "additionalProperties"] {
                let schema = part.get(key);
                said.entry((key, "")).or_default().extend(schema);
            }
        }
        for schemas in said.into_values().filter(|schemas| schemas.len() > 1) {
            let known = schemas.iter().map(|schema| std::ptr::from_ref(*schema));
            if self.shared.len() < MOST_SHARED && self.shared.insert(known.collect()) {
                self.check(&schemas, depth);
            }
        }
    }
}

/// The members that a part alone names: their fields, their names, and where they are named.
fn named(part: &Node) -> impl Iterator<Item = (String, &str, Span)> {
    // The map of what else there is gets a field as well; of anything else at all, it gets none.
    let others = part.entry("additionalProperties");
    let others = others.filter(|others| !matches!(others.node.content, Content::Bool(_)));
    let others = others.map(|others| ("extra".to_owned(), others.key.as_str(), others.key_span));
    let declared = part.get("properties").map_or(&[][..], Node::entries);
    let declared = declared.iter();
    let declared = declared.map(|entry| (entry.key.as_str(), entry.key_span));
    // What must be there, and is not described, is a field as well.
    let required = part.get("required").map_or(&[][..], Node::items).iter();
    let required = required.filter_map(|name| Some((name.as_str()?, name.span)));
    let members = declared.chain(required);
    others
        .into_iter()
        .chain(members.map(|(name, span)| (field(name), name, span)))
}

/// The field that typify makes of a member, but for the underscore behind words of the language.
fn field(name: &str) -> String {
    match name {
        // Reactions are often called so.
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        name => {
            let snake = case::snake(&name.replace('\'', ""));
            let digit = snake.starts_with(|first: char| !first.is_alphabetic());
            if digit { format!("x{snake}") } else { snake }
        }
    }
}

/// Whether such a member gets a field: not where it may be left out and a closed part does not declare it.
fn may_be(name: &str, parts: &[&Node]) -> bool {
    let requires = |part: &Node| {
        let required = part.get("required").map_or(&[][..], Node::items);
        required.iter().any(|other| other.as_str() == Some(name))
    };
    let closed = |part: &Node| {
        let others = part.get("additionalProperties");
        others.is_some_and(|others| others.content == Content::Bool(false))
    };
    let declares = |part: &Node| {
        let declared = part.get("properties");
        declared.is_some_and(|declared| declared.get(name).is_some())
    };
    parts.iter().any(|part| requires(part))
        || parts.iter().all(|part| !closed(part) || declares(part))
}

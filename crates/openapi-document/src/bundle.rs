//! Several files to one document: what a `$ref` leads to outside the components becomes a component, and a `$ref` in
//! place of a path becomes that path. Every node keeps the place that it was written at.

mod mapping;
mod target;

use crate::node::{Content, Entry, Node, Span};
use crate::place::{self, PATHS};
use crate::pointer::of_fragment;
use crate::{Diagnostic, Files, Source, escape, read};
use std::collections::{BTreeMap, HashMap, HashSet};

pub(crate) use mapping::is_file;
pub use target::MAX_FILES;

/// The most `$ref`s in place of paths that lead from one to the next.
const MAX_CHAIN: usize = 16;

/// One document, the files that it was read from, and what is wrong with its references.
pub(crate) struct Bundle {
    pub(crate) root: Node,
    pub(crate) sources: Vec<Source>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Brings what the document in `text` refers to into it.
///
/// # Errors
/// The files so far, and why the document itself cannot be read.
pub(crate) fn bundle(
    name: &str,
    text: &str,
    files: &dyn Files,
) -> Result<Bundle, (Vec<Source>, Vec<Diagnostic>)> {
    let source = Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let root = match read::read(name, text, 0) {
        Ok(root) => root,
        Err(found) => return Err((vec![source], found)),
    };
    if is_whole(&root, "") {
        return Ok(Bundle {
            root,
            sources: vec![source],
            diagnostics: Vec::new(),
        });
    }
    let directory = name.rfind(['/', '\\']).map_or("", |at| &name[..=at]);
    let own = name[directory.len()..].to_owned();
    let mut bundler = Bundler {
        files,
        directory: directory.to_owned(),
        size: text.len(),
        sources: vec![source],
        paths: vec![own.clone()],
        loaded: HashMap::from([(own, Ok(0))]),
        taken: taken(&root),
        roots: vec![root.clone()],
        anchors: HashMap::new(),
        names: HashMap::new(),
        queue: Vec::new(),
        diagnostics: Vec::new(),
    };
    let mut root = bundler.walk(root, 0, "", 0);
    let mut added: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    while let Some(wanted) = bundler.queue.pop() {
        let node = bundler.walk(wanted.node, wanted.file, &wanted.kind, 0);
        added.entry(wanted.kind).or_default().push(Entry {
            key: wanted.name,
            key_span: wanted.span,
            node,
        });
    }
    for (kind, mut entries) in added {
        entries.sort_by_key(|entry| (entry.key_span.file, entry.key_span.start));
        insert(&mut root, &kind, entries);
    }
    let Bundler {
        sources,
        diagnostics,
        ..
    } = bundler;
    Ok(Bundle {
        root,
        sources,
        diagnostics,
    })
}

/// Whether every reference in the document leads to one of its components, as most do: then nothing is brought into it.
fn is_whole(node: &Node, place: &str) -> bool {
    if let Some(reference) = node.get("$ref")
        && (place == PATHS || place::refers(place))
    {
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let plain = |pointer: &str| place::is_component(pointer) && is_plain(pointer);
        if place == PATHS || !pointer.is_some_and(plain) {
            return false;
        }
    }
    if place == "schemas" && !mapping::is_whole(node) {
        return false;
    }
    let mut members = node.entries().iter();
    members.all(|entry| match place::inside(place, &entry.key) {
        Some(inside) if entry.key != "$ref" => is_whole(&entry.node, inside),
        _ => true,
    }) && node.items().iter().all(|item| is_whole(item, place))
}

/// Whether the pointer is written as it is meant.
fn is_plain(pointer: &str) -> bool {
    of_fragment(pointer).is_ok_and(|meant| meant == pointer)
}

/// The names of the components that there are, each with its kind.
fn taken(root: &Node) -> HashSet<(String, String)> {
    let kinds = root.get("components").map_or(&[][..], Node::entries).iter();
    kinds
        .flat_map(|kind| {
            let names = kind.node.entries().iter();
            names.map(|entry| (kind.key.clone(), entry.key.clone()))
        })
        .collect()
}

fn insert(root: &mut Node, kind: &str, entries: Vec<Entry>) {
    let Some(first) = entries.first().map(|entry| entry.key_span) else {
        return;
    };
    let components = member(root, "components", first);
    let Some(components) = components else { return };
    if let Some(node) = member(components, kind, first)
        && let Content::Map(members) = &mut node.content
    {
        members.extend(entries);
    }
}

/// The mapping `key` of a mapping, made at `span` when it is not there.
fn member<'n>(node: &'n mut Node, key: &str, span: Span) -> Option<&'n mut Node> {
    let Content::Map(entries) = &mut node.content else {
        return None;
    };
    let at = entries.iter().position(|entry| entry.key == key);
    let at = at.unwrap_or_else(|| {
        entries.push(Entry {
            key: key.to_owned(),
            key_span: span,
            node: Node {
                span,
                content: Content::Map(Vec::new().into()),
            },
        });
        entries.len() - 1
    });
    entries.get_mut(at).map(|entry| &mut entry.node)
}

struct Bundler<'f> {
    files: &'f dyn Files,
    /// What the names of files begin with in diagnoses.
    directory: String,
    size: usize,
    sources: Vec<Source>,
    /// The path of each file, relative to the document's directory.
    paths: Vec<String>,
    loaded: HashMap<String, Result<usize, String>>,
    roots: Vec<Node>,
    /// The pointers of each file's schemas with a `$anchor`, by its name, once one was asked for.
    anchors: HashMap<usize, HashMap<String, String>>,
    taken: HashSet<(String, String)>,
    /// The component that stands for each kind, file and pointer.
    names: HashMap<(String, usize, String), String>,
    queue: Vec<Wanted>,
    diagnostics: Vec<Diagnostic>,
}

/// The pointers of the schemas with a `$anchor`, by its name.
fn anchors(root: &Node) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut open = vec![(String::new(), root)];
    while let Some((pointer, node)) = open.pop() {
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = node.get(key).and_then(Node::as_str) {
                found
                    .entry(name.to_owned())
                    .or_insert_with(|| pointer.clone());
            }
        }
        let members = node
            .entries()
            .iter()
            .map(|entry| (escape(&entry.key), &entry.node));
        let items = node.items().iter().enumerate();
        let items = items.map(|(at, item)| (at.to_string(), item));
        let inner = members.chain(items);
        open.extend(inner.map(|(token, inner)| (format!("{pointer}/{token}"), inner)));
    }
    found
}

/// A part that becomes a component.
struct Wanted {
    kind: String,
    name: String,
    span: Span,
    file: usize,
    node: Node,
}

impl Bundler<'_> {
    fn walk(&mut self, mut node: Node, file: usize, place: &str, chain: usize) -> Node {
        if place == PATHS && node.get("$ref").is_some() {
            return self.path(node, file, chain);
        }
        if place::refers(place) && node.get("$ref").is_some() {
            self.reference(&mut node, file, place);
        }
        if place == "schemas" {
            self.mapping(&mut node, file);
        }
        match &mut node.content {
            Content::Map(entries) => {
                for entry in entries.iter_mut().filter(|entry| entry.key != "$ref") {
                    if let Some(inside) = place::inside(place, &entry.key) {
                        let inner = std::mem::replace(&mut entry.node, nothing());
                        entry.node = self.walk(inner, file, inside, 0);
                    }
                }
            }
            Content::List(items) => {
                for item in items.iter_mut() {
                    let inner = std::mem::replace(item, nothing());
                    *item = self.walk(inner, file, place, 0);
                }
            }
            _ => {}
        }
        node
    }

    /// Lets the `$ref` of `node` lead to a component of this document.
    fn reference(&mut self, node: &mut Node, file: usize, place: &str) {
        let Some((target, mut pointer, span)) = self.target(node, file) else {
            return;
        };
        if place == "schemas"
            && !pointer.is_empty()
            && !pointer.starts_with('/')
            && let Some(meant) = self.anchored(target, &pointer)
        {
            pointer = meant;
        }
        // A component of this document, or what another rule refuses.
        let direct = place::is_component(&pointer);
        let exists = self.at(target, &pointer).is_some();
        let other = || place::at(&pointer).as_deref() != Some(place);
        if !exists && of_fragment(&pointer).is_err() {
            // What is meant stands for no pointer once more, which is how others tell what was told here.
            self.missing(target, &pointer, span);
        }
        if target == 0 && (direct || !exists || place != "schemas" && other()) {
            // As the document calls itself: by the name of its file, or not at all.
            set(node, format!("#{pointer}"));
            return;
        }
        if !exists {
            return self.missing(target, &pointer, span);
        }
        if place.is_empty() {
            let message = "nothing here can be a reference";
            self.tell(span, message, "write it out");
            return;
        }
        // Files that are no documents of OpenAPI hold what is referred to as they please.
        let document = self
            .roots
            .get(target)
            .is_some_and(|root| root.get("openapi").is_some());
        let kind = place::at(&pointer).filter(|kind| document && kind != place);
        if let Some(kind) = kind {
            if target == 0 {
                return;
            }
            let what = place::called(&kind);
            let message = format!("`{pointer}` is {what}, not one of `components/{place}`");
            return self.tell(
                span,
                &message,
                "refer to what belongs here, or write it out",
            );
        }
        let key = (place.to_owned(), target, pointer.clone());
        let name = match self.names.get(&key) {
            Some(name) => name.clone(),
            None => {
                let name = self.name(place, target, &pointer);
                self.names.insert(key, name.clone());
                let found = self.at(target, &pointer);
                if let Some((place_span, found)) = found {
                    let found = found.clone();
                    self.queue.push(Wanted {
                        kind: place.to_owned(),
                        name: name.clone(),
                        span: place_span,
                        file: target,
                        node: found,
                    });
                }
                name
            }
        };
        set(node, format!("#/components/{place}/{}", escape(&name)));
    }

    /// The path that the `$ref` of `node` leads to, with what stands beside it.
    fn path(&mut self, node: Node, file: usize, chain: usize) -> Node {
        let Some((target, pointer, span)) = self.target(&node, file) else {
            return node;
        };
        let Some((_, found)) = self.at(target, &pointer) else {
            self.missing(target, &pointer, span);
            return node;
        };
        let found = found.clone();
        if chain >= MAX_CHAIN {
            self.tell(span, "the reference never ends", "write the path out");
            return node;
        }
        let mut found = self.walk(found, target, PATHS, chain + 1);
        if let (Content::Map(members), Content::Map(own)) = (&mut found.content, node.content) {
            for entry in own.into_iter().filter(|entry| entry.key != "$ref") {
                let inside = place::inside(PATHS, &entry.key).unwrap_or_default();
                let walked = self.walk(entry.node, file, inside, 0);
                members.retain(|member| member.key != entry.key);
                members.push(Entry {
                    node: walked,
                    ..entry
                });
            }
        }
        found
    }

    /// The pointer of the schema with this `$anchor` (JSON Schema 2020-12), if the file has one.
    fn anchored(&mut self, file: usize, name: &str) -> Option<String> {
        let root = self.roots.get(file)?;
        let anchors = self.anchors.entry(file).or_insert_with(|| anchors(root));
        anchors.get(name).cloned()
    }

    /// What is at a pointer, and the place that introduces it.
    fn at(&self, file: usize, pointer: &str) -> Option<(Span, &Node)> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
        let root = self.roots.get(file)?;
        let node = root.at(pointer)?;
        Some((root.span_at(pointer).unwrap_or(node.span), node))
    }

    fn missing(&mut self, file: usize, pointer: &str, span: Span) {
        let name = self.sources.get(file).map_or("", |s| s.name.as_str());
        let message = format!("`{name}` has no `{pointer}`");
        let mut help = "a pointer names the members on the way, each after a `/`".to_owned();
        if let (Some(root), Some((parent, last))) = (self.roots.get(file), pointer.rsplit_once('/'))
        {
            let near = root.at(parent).map_or(&[][..], Node::entries);
            let near = near.iter().map(|entry| entry.key.as_str());
            if let Some(near) = crate::rules::closest(last, near) {
                help = format!("did you mean `{parent}/{near}`?");
            }
        }
        self.tell(span, &message, &help);
    }

    fn tell(&mut self, span: Span, message: &str, help: &str) {
        self.diagnostics
            .push(Diagnostic::new("K0103", span, message).help(help));
    }

    /// A name for the component: the last of its pointer, or its file's; with its file's before it where that is
    /// taken, and then with a number.
    fn name(&mut self, kind: &str, file: usize, pointer: &str) -> String {
        let path = self.paths.get(file).map_or("", String::as_str);
        let stem = path.rsplit('/').next().unwrap_or_default();
        let stem = tidy(stem.split('.').next().unwrap_or_default());
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let last = tidy(&last.replace("~1", "/").replace("~0", "~"));
        let short = if last.is_empty() { stem.clone() } else { last };
        let long = format!("{stem}_{short}");
        let numbered = (2..).map(|n| format!("{long}{n}"));
        let mut names = [short, long.clone()].into_iter().chain(numbered);
        names
            .find(|name| self.taken.insert((kind.to_owned(), name.clone())))
            .unwrap_or(long)
    }
}

fn nothing() -> Node {
    Node {
        span: Span::default(),
        content: Content::Null,
    }
}

fn set(node: &mut Node, reference: String) {
    if let Content::Map(entries) = &mut node.content
        && let Some(entry) = entries.iter_mut().find(|entry| entry.key == "$ref")
    {
        entry.node.content = Content::String(reference);
    }
}

/// Only the characters that the name of a component may have.
fn tidy(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    name.chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect()
}

//! One mistake, one diagnosis: what other rules say of a part that is not understood, or of what refers to it, follows
//! from that mistake and is not told.

use crate::node::{Content, Node, Span};
use crate::{Diagnostic, Diagnostics};
use std::collections::{HashMap, HashSet};

/// Codes about what a schema allows: of a schema with a mistake, they say what follows from it.
const OF_MEANING: [&str; 7] = [
    "K0104", "K0107", "K0205", "K0206", "K0207", "K0208", "K0299",
];

/// Drops what lies in a part that another diagnosis [covers](Diagnostic::covers).
pub(crate) fn settle(diagnostics: &mut Diagnostics) {
    if !diagnostics.only_warnings() {
        // What is wrong may be what refers to the component.
        diagnostics.retain(|d| d.code != "K0118");
    }
    // That no value fits follows from a value that is wrong itself.
    let wrong: Vec<Span> = diagnostics
        .iter()
        .filter(|d| d.code == "K0102" && !d.warning)
        .map(|d| d.span)
        .collect();
    if !wrong.is_empty() {
        diagnostics.retain(|d| {
            let holds = |place: &Span| wrong.iter().any(|span| place.holds(*span));
            d.code != "K0107" || !d.related.iter().any(|(place, _)| holds(place))
        });
    }
    let covers: Vec<(usize, Span)> = diagnostics
        .iter()
        .enumerate()
        .filter_map(|(at, d)| Some((at, d.covers?)))
        .collect();
    if covers.is_empty() {
        return;
    }
    let mut at = 0;
    diagnostics.retain(|d| {
        let own = at;
        at += 1;
        // Of two that cover one another, the wider one stays, or the first.
        let stays = |other: usize, span: Span| {
            d.covers.is_some_and(|mine| {
                let wide =
                    mine.file == span.file && mine.start <= span.start && mine.end >= span.end;
                wide && (mine != span || own < other)
            })
        };
        let mut others = covers.iter().filter(|(other, _)| *other != own);
        !others.any(|(other, span)| span.holds(d.span) && !stays(*other, *span))
    });
}

/// The places of what is wrong, in order, as far as something can follow from it.
pub(crate) fn causes(diagnostics: &Diagnostics) -> Vec<Span> {
    let wrong = diagnostics
        .iter()
        .filter(|d| !d.note && (!d.warning || d.covers.is_some() || d.code == "K0111"));
    let causes = wrong.filter(|d| {
        matches!(
            d.code,
            "K0102" | "K0103" | "K0107" | "K0109" | "K0111" | "K0113" | "K0117"
        )
    });
    let mut causes: Vec<Span> = causes.map(|d| d.span).collect();
    causes.sort_by_key(|span| (span.file, span.start));
    causes
}

/// What is not known, since something is wrong in it, or in what it refers to.
#[derive(Debug, Clone)]
pub(crate) struct Doubts {
    /// The places of what is wrong, in order.
    causes: Vec<Span>,
    /// The components that are not known, as references name them.
    components: HashSet<String>,
}

impl Doubts {
    pub(crate) fn of(root: &Node, causes: Vec<Span>) -> Self {
        let mut doubts = Doubts {
            causes,
            components: HashSet::new(),
        };
        if doubts.causes.is_empty() {
            return doubts;
        }
        let kinds = root.get("components").map_or(&[][..], Node::entries).iter();
        let named = kinds.flat_map(|kind| {
            let entries = kind.node.entries().iter();
            entries.map(|entry| {
                let name = format!("#/components/{}/{}", kind.key, crate::escape(&entry.key));
                (name, &entry.node)
            })
        });
        // From what is wrong itself to what refers to that, and on.
        let mut open: Vec<String> = Vec::new();
        let mut referring: HashMap<&str, Vec<String>> = HashMap::new();
        for (name, node) in named {
            let references = references(node);
            if doubts.holds(node) || references.iter().any(|to| target(root, to).is_none()) {
                open.push(name.clone());
            }
            for to in references {
                referring.entry(to).or_default().push(name.clone());
            }
        }
        while let Some(name) = open.pop() {
            if !doubts.components.contains(&name) {
                let others = referring.get(name.as_str());
                open.extend(others.into_iter().flatten().cloned());
                doubts.components.insert(name);
            }
        }
        doubts
    }

    /// Whether something wrong lies in `node`.
    fn holds(&self, node: &Node) -> bool {
        let span = node.span;
        let first = self
            .causes
            .partition_point(|cause| (cause.file, cause.start) < (span.file, span.start));
        let cause = self.causes.get(first);
        cause.is_some_and(|cause| span.holds(*cause))
    }

    /// Whether something wrong lies in `node`, or in what it refers to.
    pub(crate) fn about(&self, root: &Node, node: &Node) -> bool {
        let is_lost = |to: &&str| {
            let target = target(root, to);
            self.components.contains(*to) || target.is_none_or(|target| self.holds(target))
        };
        !self.causes.is_empty() && (self.holds(node) || references(node).iter().any(is_lost))
    }
}

/// The references in `node` itself.
fn references(node: &Node) -> HashSet<&str> {
    let mut found = HashSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        found.extend(node.get("$ref").and_then(Node::as_str));
        open.extend(node.entries().iter().map(|entry| &entry.node));
        open.extend(node.items());
    }
    found
}

fn target<'a>(root: &'a Node, reference: &str) -> Option<&'a Node> {
    root.at(reference.strip_prefix('#')?)
}

/// Whether what a later rule found is only what follows from what is wrong.
pub(crate) fn follows(root: &Node, doubts: &Doubts, diagnostic: &Diagnostic) -> bool {
    let causes = doubts.causes.as_slice();
    if diagnostic.code == "K0204" {
        let responses = subject(root, diagnostic.span);
        return responses.is_some_and(|responses| lacks(root, causes, responses));
    }
    !causes.is_empty()
        && OF_MEANING.contains(&diagnostic.code)
        && (causes.contains(&diagnostic.span)
            || subject(root, diagnostic.span).is_some_and(|node| doubts.about(root, node)))
}

/// Whether a response is not understood, so that it may be the one that is missing.
fn lacks(root: &Node, causes: &[Span], responses: &Node) -> bool {
    responses.entries().is_empty() && !causes.is_empty()
        || responses.entries().iter().any(|entry| {
            let told = |span: Span| causes.contains(&span);
            told(entry.key_span)
                || entry.node.get("$ref").is_some_and(|node| told(node.span))
                || super::resolve(root, &entry.node).is_none()
        })
}

/// What a place is about: the value of the key that is there, or the mapping that a scalar there belongs to.
fn subject(root: &Node, place: Span) -> Option<&Node> {
    let mut node = root;
    let mut about = root;
    loop {
        if matches!(node.content, Content::Map(_)) {
            about = node;
        }
        if let Some(entry) = node.entries().iter().find(|entry| entry.key_span == place) {
            return Some(&entry.node);
        }
        // Parts of other files stand where they are referred to, so every member is looked into that holds the place.
        let members = node.entries().iter().map(|entry| &entry.node);
        match members
            .chain(node.items())
            .find(|inner| within(inner, place))
        {
            Some(inner) => node = inner,
            None => return (about.span != root.span).then_some(about),
        }
    }
}

/// Whether the place is in the node, or in a part of it that is of another file.
fn within(node: &Node, place: Span) -> bool {
    if node.span.file == place.file && place.file == 0 {
        return node.span.holds(place);
    }
    let members = node.entries().iter();
    node.span.holds(place)
        || members.clone().any(|entry| entry.key_span == place)
        || members
            .map(|entry| &entry.node)
            .chain(node.items())
            .any(|inner| within(inner, place))
}

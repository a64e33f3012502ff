//! One mistake, one diagnosis: what other rules say of a part that is not understood, or of what refers to it, follows
//! from that mistake and is not told.

use crate::node::{Content, Node, Span};
use crate::{Diagnostic, Diagnostics};
use std::collections::HashSet;

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

/// Whether one of `causes` lies in `node`, or in what it refers to.
pub(crate) fn doubtful(root: &Node, causes: &[Span], node: &Node) -> bool {
    if causes.is_empty() {
        return false;
    }
    let inside = |node: &Node| {
        let span = node.span;
        let first =
            causes.partition_point(|cause| (cause.file, cause.start) < (span.file, span.start));
        causes.get(first).is_some_and(|cause| span.holds(*cause))
    };
    if inside(node) {
        return true;
    }
    let mut reached = HashSet::new();
    crate::select::reach(root, node, &mut reached);
    let mut targets = reached.iter().map(|reference| {
        reference
            .strip_prefix('#')
            .and_then(|pointer| root.at(pointer))
    });
    targets.any(|target| target.is_none_or(inside))
}

/// Whether what a later rule found is only what follows from `causes`.
pub(crate) fn follows(root: &Node, causes: &[Span], diagnostic: &Diagnostic) -> bool {
    if diagnostic.code == "K0204" {
        let responses = subject(root, diagnostic.span);
        return responses.is_some_and(|responses| lacks(root, causes, responses));
    }
    !causes.is_empty()
        && OF_MEANING.contains(&diagnostic.code)
        && (causes.contains(&diagnostic.span)
            || subject(root, diagnostic.span).is_some_and(|node| doubtful(root, causes, node)))
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

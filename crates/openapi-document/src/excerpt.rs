//! The lines of a text that a diagnosis shows, so that showing it costs what is shown, and not what the document holds.

use crate::Span;
use annotate_snippets::{Annotation, AnnotationKind, Snippet};
use std::ops::Range;

/// How many lines apart two places may be, to stand in one excerpt.
const NEAR: usize = 400;

/// A place with what is said beside it; the first one of an excerpt is underlined, the others are shown.
pub(crate) struct Place<'a> {
    pub(crate) kind: AnnotationKind,
    pub(crate) span: Span,
    pub(crate) label: Option<&'a str>,
}

/// Whether both places stand in one excerpt.
pub(crate) fn are_near(one: Span, other: Span) -> bool {
    one.file == other.file && one.line.abs_diff(other.line) <= NEAR
}

/// The lines of `text`, which is the file called `name`, from the first of the places to the last.
pub(crate) fn excerpt<'a>(
    name: &'a str,
    text: &'a str,
    places: &[Place<'a>],
) -> Snippet<'a, Annotation<'a>> {
    let ranges: Vec<Range<usize>> = places.iter().map(|p| within(text, p.span)).collect();
    let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
    let start = text[..first].rfind('\n').map_or(0, |before| before + 1);
    let end = text[last..]
        .find('\n')
        .map_or(text.len(), |line| last + line);
    let line = 1 + text.as_bytes()[..start]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count();
    let mut snippet = Snippet::source(&text[start..end])
        .line_start(line)
        .path(name);
    for (place, range) in places.iter().zip(ranges) {
        let range = range.start - start..range.end - start;
        snippet = snippet.annotation(place.kind.span(range).label(place.label));
    }
    snippet
}

/// The byte range of `span`, cut to its first line, so that a caret never runs over a whole block.
fn within(text: &str, span: Span) -> Range<usize> {
    let start = span.start.min(text.len());
    let end = span.end.clamp(start, text.len());
    let end = text[start..end].find('\n').map_or(end, |line| start + line);
    start..end
}

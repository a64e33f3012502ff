//! The lines of a text that a diagnosis shows, so that showing it costs what is shown, and not what the document holds.

use crate::Span;
use annotate_snippets::{Annotation, AnnotationKind, Origin, Snippet};
use std::ops::Range;

/// How many lines apart two places may be, to stand in one excerpt.
const NEAR: usize = 400;

/// How many bytes a line may have to be shown whole: documents that are one line have a window around the place.
const LONG: usize = 1000;

/// How many bytes of a long line are shown before and behind where the place begins.
const WINDOW: usize = 100;

/// A place with what is said beside it; the first one of an excerpt is underlined, the others are shown.
pub(crate) struct Place<'a> {
    pub(crate) kind: AnnotationKind,
    pub(crate) span: Span,
    pub(crate) label: Option<&'a str>,
}

/// Whether both places, of which the first is in `text`, stand in one excerpt.
pub(crate) fn are_near(text: &str, one: Span, other: Span) -> bool {
    one.file == other.file
        && one.line.abs_diff(other.line) <= NEAR
        && line(text, one).len() <= LONG
        && line(text, other).len() <= LONG
}

/// The line of `text` that the place begins in.
fn line(text: &str, span: Span) -> &str {
    let at = span.start.min(text.len());
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = behind.find('\n').map_or(text.len(), |end| at + end);
    &text[start..end]
}

/// Where the place is, with the name of its file, and what of its long line is around it; `None` when the line is shown whole.
pub(crate) fn window<'a>(
    name: &'a str,
    text: &'a str,
    place: &Place<'a>,
) -> Option<(Origin<'a>, Snippet<'a, Annotation<'a>>)> {
    let line = line(text, place.span);
    if line.len() <= LONG {
        return None;
    }
    let range = within(text, place.span);
    let first = line.as_ptr() as usize - text.as_ptr() as usize;
    let start = text.floor_char_boundary(range.start.saturating_sub(WINDOW).max(first));
    let end = text.ceil_char_boundary((range.start + WINDOW).min(first + line.len()));
    let origin = Origin::path(name)
        .line(place.span.line)
        .char_column(place.span.column);
    let shown = range.start - start..range.end.min(end) - start;
    let snippet = Snippet::source(&text[start..end])
        .line_start(place.span.line)
        .annotation(place.kind.span(shown).label(place.label));
    Some((origin, snippet))
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
    // As it was counted when it was read: to count again would cost the whole text for each place.
    let line = places
        .iter()
        .map(|place| place.span.line)
        .min()
        .unwrap_or(1);
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
    // A place that begins or ends inside a character must not keep the others from being shown.
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    let end = text[start..end].find('\n').map_or(end, |line| start + line);
    start..end
}

#[cfg(test)]
mod tests {
    use crate::{Diagnostic, Diagnostics, Source, Span};
    use std::sync::Arc;

    #[test]
    fn of_a_long_line_what_is_around_the_place_is_shown_and_its_column_is_the_documents() {
        let text = format!(
            "{{\"a\": \"{}\", \"bad\": 1, \"z\": \"{}\"}}",
            "ü".repeat(5000),
            "y".repeat(5000)
        );
        let start = text.find("\"bad\"").unwrap();
        let column = text[..start].chars().count() + 1;
        let place = |start: usize, end: usize, column: usize| Span {
            start,
            end,
            line: 1,
            column,
            file: 0,
        };
        let name = "one.json".to_owned();
        let mut found = Diagnostics::new(Arc::new(vec![Source { name, text }]));
        found.push(
            Diagnostic::new("K0113", place(start, start + 5, column), "no such key")
                .label("this")
                .related(place(1, 4, 2), "beside it"),
        );
        let shown = found.render(false);
        assert!(
            shown.contains(&format!("--> one.json:1:{column}")),
            "{shown}"
        );
        assert!(
            shown.contains("\"bad\": 1") && shown.contains("^^^^^ this"),
            "{shown}"
        );
        assert!(shown.contains("beside it") && shown.len() < 2000, "{shown}");
    }
}

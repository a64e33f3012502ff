//! One-line mistakes of a spec author, planted one at a time into `tests/mistakes/shelves.yaml`: each is told in its
//! line. `tests/mistakes/told.txt` holds the words; `EXPECTORATE=overwrite cargo test -p openapi-to-dropshot` accepts
//! a change of them.

mod planted;

use expectorate::assert_contents;
use openapi_document::{Diagnostics, Document};

const SHELVES: &str = include_str!("../mistakes/shelves.yaml");

/// How many of the mistakes are told more than once.
const SEVERAL: usize = 11;

/// Everything that an author is told: by the rules of the document, of a validator, and of what is generated.
fn told(text: &str) -> Diagnostics {
    let (document, mut found) = Document::examine("shelves.yaml", text);
    if let Some(document) = document {
        found.append(
            openapi_check::lint(&document)
                .err()
                .unwrap_or(document.diagnostics()),
        );
        found.append(openapi_to_dropshot::examine(&document));
        if found.only_warnings()
            && let Err(refused) = crate::generate_from(&document)
        {
            found.append(refused);
        }
    }
    found.sort();
    found
}

/// The document with the mistake, and the lines that it touches; with the line before, since that may hold what is
/// wrong; any where something was left out, since what should hold it is told.
fn planted(from: &str, to: &str) -> (String, std::ops::RangeInclusive<usize>) {
    let at = SHELVES.find(from);
    let at = at.unwrap_or_else(|| panic!("{from:?} is not in the document"));
    let first = SHELVES[..at].matches('\n').count() + 1;
    let last = first + to.trim_end_matches('\n').matches('\n').count();
    let shorter = to.matches('\n').count() < from.matches('\n').count();
    let first = if shorter { 1 } else { first - 1 };
    (SHELVES.replacen(from, to, 1), first..=last)
}

#[test]
fn nothing_is_told_of_a_right_document() {
    assert_eq!(told(SHELVES).places(), Vec::<String>::new());
}

#[test]
fn each_planted_mistake_is_told_in_its_line_with_what_to_do() {
    let mut missed = Vec::new();
    let mut several = Vec::new();
    let mut words = String::new();
    for (from, to) in planted::all() {
        let (text, lines) = planted(from, to);
        let found = told(&text);
        words.push_str(&format!(
            "==== {from:?}\n  -> {to:?}\n{}\n\n",
            found.render(false)
        ));
        for diagnostic in found.iter() {
            let mended = diagnostic.help.is_some()
                || !diagnostic.related.is_empty()
                || !diagnostic.label.is_empty()
                || diagnostic.code == "K0001";
            assert!(
                mended && diagnostic.code != "K0299",
                "{from:?} -> {to:?}: {diagnostic:?}"
            );
        }
        if found.len() > 1 {
            several.push(format!("{from:?} -> {to:?}: {:?}", found.places()));
        }
        let near = |d: &openapi_document::Diagnostic| {
            lines.contains(&d.span.line)
                || d.related.iter().any(|(span, _)| lines.contains(&span.line))
        };
        if !found.iter().any(near) {
            missed.push(format!(
                "{from:?} -> {to:?}: {:?}, not in {lines:?}",
                found.places()
            ));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    // One mistake, one diagnosis. These are two mistakes in one, or wrong in two places whichever is mended.
    assert!(several.len() <= SEVERAL, "{several:#?}");
    assert_contents("tests/mistakes/told.txt", &words);
}

//! What is found in each pair, word by word.

use crate::{WAYS, pairs};
use openapi_check::{Changes, changes};
use openapi_document::Document;
use std::fmt::Write as _;
use std::path::Path;

fn read(pair: &Path, name: &str) -> Document {
    let name = format!("{name}.yaml");
    let text = std::fs::read_to_string(pair.join(&name)).unwrap();
    let (document, found) = Document::examine(&name, &text);
    // These rules say nothing of generating, so what a generator refuses is compared all the same.
    document.unwrap_or_else(|| panic!("{}: {found}", pair.display()))
}

fn told(changes: &Changes, old: &str, new: &str) -> String {
    let level = changes.level().map_or("none", |level| level.as_str());
    let mut text = format!("{old} -> {new}: {level}\n");
    for change in changes.iter() {
        let (line, column) = (change.span.line, change.span.column);
        let _ = writeln!(
            text,
            "  {} {} {}:{line}:{column} {}",
            change.level.as_str(),
            change.code,
            change.file,
            change.message
        );
        let _ = writeln!(text, "    at {}", change.pointer);
        if let Some(consequence) = &change.consequence {
            let _ = writeln!(text, "    Rust: {consequence}");
        }
        if !change.operations.is_empty() {
            let _ = writeln!(text, "    of {}", change.operations.join(", "));
        }
    }
    text
}

#[test]
fn every_pair_has_the_verdict_that_is_checked_in() {
    for pair in pairs() {
        let mut text = String::new();
        for (old, new) in WAYS {
            let changes = changes(&read(&pair, old), &read(&pair, new));
            text.push_str(&told(&changes, old, new));
        }
        expectorate::assert_contents(pair.join("ours.txt"), &text);
    }
}

#[test]
fn no_difference_is_overlooked() {
    for pair in pairs() {
        let (old, new) = (read(&pair, "old"), read(&pair, "new"));
        // `to_value` keeps the order of members, which says nothing; comparing values does not look at it.
        let differ = old.source() != new.source();
        assert_eq!(
            !changes(&old, &new).is_empty(),
            differ,
            "{}",
            pair.display()
        );
    }
}

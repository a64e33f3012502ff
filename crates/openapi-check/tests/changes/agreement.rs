//! Where our verdict and oasdiff's differ, and why.

use crate::{folder, name, pairs};
use std::collections::BTreeMap;
use std::path::Path;

/// Per way (`old -> new`), whether callers break.
fn breaks(file: &Path, word: &str) -> BTreeMap<String, bool> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|_| panic!("{}", file.display()));
    let lines = text.lines().filter(|line| !line.starts_with(' '));
    lines
        .map(|line| {
            let (way, verdict) = line.split_once(": ").unwrap();
            (way.to_owned(), verdict == word)
        })
        .collect()
}

/// The listed disagreements: `NAME, old -> new` to what is said of it.
fn listed() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("disagreements.txt")).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (which, reason) = line.split_once(": ").unwrap();
            (which.to_owned(), reason.to_owned())
        })
        .collect()
}

#[test]
fn every_disagreement_with_oasdiff_has_a_reason_and_every_reason_a_disagreement() {
    let mut found = BTreeMap::new();
    for pair in pairs() {
        let ours = breaks(&pair.join("ours.txt"), "major");
        let theirs = breaks(&pair.join("oasdiff.txt"), "ERR");
        assert_eq!(ours.len(), 2);
        assert_eq!(theirs.len(), 2);
        for (way, ours) in ours {
            if ours != theirs[&way] {
                let verdict = if ours {
                    "only ours breaks"
                } else {
                    "only theirs breaks"
                };
                found.insert(format!("{}, {way}", name(&pair)), verdict);
            }
        }
    }
    let listed = listed();
    for (which, verdict) in &found {
        let reason = listed.get(which);
        assert!(
            reason.is_some_and(|reason| reason.starts_with(verdict)),
            "not listed: {which}: {verdict}"
        );
    }
    for which in listed.keys() {
        assert!(found.contains_key(which), "no longer true: {which}");
    }
}

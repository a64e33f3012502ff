//! Changes between two documents, pair by pair: our verdict, oasdiff's, and why they differ where they do.
//!
//! `pairs/NAME` holds `old.yaml` and `new.yaml`, which differ in one thing, `ours.txt` and `oasdiff.txt`. Each pair is
//! judged both ways, since what is harmless one way often is not the other way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
#[cfg(feature = "oasdiff-tests")]
mod oasdiff;
mod rules;
mod verdicts;

use std::path::{Path, PathBuf};

/// The ways that a pair can be read.
const WAYS: [(&str, &str); 2] = [("old", "new"), ("new", "old")];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/changes")
}

/// The pairs, sorted by name.
fn pairs() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join("pairs")).unwrap();
    let mut pairs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    pairs.sort();
    assert!(pairs.len() >= 40, "{} pairs", pairs.len());
    pairs
}

fn name(pair: &Path) -> String {
    pair.file_name().unwrap().to_string_lossy().into_owned()
}

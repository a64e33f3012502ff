//! oasdiff's own verdicts, asked again. It is built from the Go module in `oasdiff/`, so Go is needed.

use crate::{WAYS, folder, pairs};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the pinned oasdiff. Go's own cache makes that quick the next time.
fn build() -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oasdiff");
    let status = Command::new("go")
        .args([
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-mod=readonly",
            "-o",
        ])
        .arg(&program)
        .arg("github.com/oasdiff/oasdiff")
        .current_dir(folder().join("oasdiff"))
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .status()
        .expect("go runs");
    assert!(status.success(), "go build of oasdiff failed");
    program
}

fn level(change: &Value) -> &'static str {
    match change["level"].as_u64() {
        Some(3) => "ERR",
        Some(2) => "WARN",
        _ => "INFO",
    }
}

fn verdict(program: &Path, pair: &Path, old: &str, new: &str) -> String {
    let output = Command::new(program)
        .args(["changelog", "--format", "json"])
        .args([format!("{old}.yaml"), format!("{new}.yaml")])
        .current_dir(pair)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let changes: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // That `info.version` stays the same is no change of the pair.
    let changes = changes
        .iter()
        .filter(|change| !word(&change["id"]).starts_with("api-version"));
    let lines: BTreeSet<String> = changes
        .map(|change| {
            let (id, operation) = (word(&change["id"]), word(&change["operationId"]));
            format!("  {} {id} {operation}", level(change))
                .trim_end()
                .to_owned()
        })
        .collect();
    let worst = ["ERR", "WARN", "INFO"]
        .into_iter()
        .find(|level| lines.iter().any(|line| line[2..].starts_with(level)));
    let mut text = format!("{old} -> {new}: {}\n", worst.unwrap_or("none"));
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn oasdiff_still_says_what_is_checked_in() {
    let program = build();
    for pair in pairs() {
        let text: String = WAYS
            .iter()
            .map(|(old, new)| verdict(&program, &pair, old, new))
            .collect();
        expectorate::assert_contents(pair.join("oasdiff.txt"), &text);
    }
}

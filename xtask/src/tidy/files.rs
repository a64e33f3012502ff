//! Rules of files: length, first line, no stubs, no machine's paths, and a domain that reads nothing of the world.

/// A file of more lines than this holds more than one idea.
const LONGEST: usize = 600;

/// What the domain may not read: it comes in through ports.
const WORLD: [&str; 8] = [
    "Utc::now",
    "Local::now",
    "SystemTime",
    "Instant::now",
    "Uuid::new_v4",
    "std::env",
    "std::fs",
    "std::net",
];

pub(super) fn breaches(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut breach = |what: String| found.push(format!("{path}: {what}"));
    let generated = path.ends_with("generated.rs") || path.contains("/golden/");
    if path.ends_with(".rs") && !generated {
        rust(path, text, &mut breach);
    }
    let prose =
        path.ends_with(".md") || path.ends_with(".lock") || path == "xtask/src/tidy/files.rs";
    if !prose {
        for folder in ["tmp", "work"] {
            let named = format!("/{folder}/");
            let at = text.match_indices(&named).any(|(at, _)| {
                !text[..at].ends_with(|before: char| {
                    before.is_ascii_lowercase() || before == '.' || before == '}'
                })
            });
            if at {
                breach(format!("names a machine's folder, `{named}`"));
            }
        }
    }
    found
}

fn rust(path: &str, text: &str, breach: &mut impl FnMut(String)) {
    let lines = text.lines().count();
    if lines > LONGEST {
        breach(format!(
            "{lines} lines; the most is {LONGEST}: it holds more than one idea"
        ));
    }
    if path.ends_with("src/main.rs") && !path.starts_with("tests/") && lines > 60 {
        breach(format!("{lines} lines; a main.rs has at most 60"));
    }
    if path.starts_with("crates/kubeconfig-") && path.ends_with("src/lib.rs") && lines > 60 {
        breach(format!(
            "{lines} lines; the lib.rs of a generated crate has at most 60"
        ));
    }
    if !text.starts_with("//!") && !path.contains("/tests/fail/") {
        breach("does not open with `//!`: say what the file is".to_owned());
    }
    if path.starts_with("xtask/src/tidy/") {
        return;
    }
    for stub in ["#[ignore", "todo!(", "unimplemented!("] {
        if text.contains(stub) {
            breach(format!("has `{stub}`"));
        }
    }
    if path.starts_with("crates/kubemint/src/") {
        for world in WORLD {
            if text.contains(world) {
                breach(format!(
                    "reads `{world}`; the domain gets the world through its ports"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str, wanted: &str) {
        let found = breaches(path, text);
        assert!(found.len() == 1 && found[0].contains(wanted), "{found:?}");
    }

    #[test]
    fn each_rule_is_broken_by_its_example() {
        one("crates/a/src/lib.rs", "fn a() {}\n", "does not open");
        one(
            "crates/a/src/lib.rs",
            &format!("//! A.\n{}", "\n".repeat(600)),
            "601 lines",
        );
        one(
            "xtask/src/main.rs",
            &format!("//! A.\n{}", "\n".repeat(60)),
            "61 lines",
        );
        one(
            "crates/kubeconfig-api/src/lib.rs",
            &format!("//! A.\n{}", "\n".repeat(60)),
            "61 lines",
        );
        one(
            "crates/a/src/lib.rs",
            "//! A.\nfn a() { todo!() }\n",
            "todo!(",
        );
        one("crates/a/src/lib.rs", "//! A.\n#[ignore]\n", "#[ignore");
        one(
            "crates/kubemint/src/x.rs",
            "//! A.\nlet now = Utc::now();\n",
            "Utc::now",
        );
        one(
            "a.sh",
            &format!("cd {}\n", ["", "tmp", "x"].join("/")),
            "machine's folder",
        );
    }

    #[test]
    fn what_keeps_the_rules_passes() {
        assert_eq!(
            breaches("crates/a/src/lib.rs", "//! A.\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            breaches("crates/kubeconfig-api/src/generated.rs", "fn a() {}\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            breaches("crates/kubemint-server/src/x.rs", "//! A.\nUtc::now();\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            breaches("a.yaml", "path: /v1/network/x\n"),
            Vec::<String>::new()
        );
    }
}

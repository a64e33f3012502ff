//! The words for why a request is refused: the document's table, what the server says, and the client's constants are the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openapi_runtime::strict;
use serde_json::Value;

/// What is the server's that a request comes by: folders and files.
const SOURCES: [&str; 5] = [
    "crates/kubemint-server/src/edge",
    "crates/kubemint-server/src/guard",
    "crates/kubemint/src/service",
    "crates/kubemint/src/text.rs",
    "crates/openapi-runtime/src",
];
/// What a reason comes after in them, as the first text.
const MARKS: [&str; 9] = [
    "Fault::because(",
    "about(",
    "Detail::new(",
    "Refused::new(",
    "Self::new(",
    "self.note(",
    "bound(",
    "reason: ",
    "NotHeard => (",
];
/// No reasons of answers: what metrics count, and what is told when no more is known.
const OTHERWISE: [&str; 1] = ["failed"];

type Words = BTreeSet<String>;

fn is_word(text: &str) -> bool {
    let mut letters = text.bytes();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase())
        && letters
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_')
}

/// The words between backticks of a text.
fn ticked(text: &str) -> impl Iterator<Item = String> {
    let odd = text.split('`').skip(1).step_by(2);
    odd.filter(|text| is_word(text)).map(str::to_owned)
}

/// What the document says of reasons: the words of the table with their statuses, and those of malformed requests.
fn documented() -> (Vec<(u16, String)>, Words) {
    let document: Value = serde_json::from_str(kubeconfig_api::DOCUMENT).unwrap();
    let told = &document["components"]["schemas"]["ErrorDetail"]["description"];
    let told = told.as_str().unwrap();
    let mut table = Vec::new();
    for line in told.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let Ok(status) = cells[1].parse() {
            let mut words = ticked(cells[2]);
            table.push((status, words.next().expect("a reason")));
            assert_eq!(words.next(), None, "{line}");
        }
    }
    let malformed = told.split_once("no request of this document").unwrap().1;
    // `field` is a member.
    let malformed = malformed.split_once("`field`").unwrap().0;
    (table, ticked(malformed).collect())
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.is_file() {
        found.push(folder.to_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The sources that a request comes by, without their tests.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in SOURCES {
        rust_files(&root.join(folder), &mut files);
    }
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let end = text.find("#[cfg(test)]").unwrap_or(text.len());
        text[..end].to_owned()
    };
    files.into_iter().map(read).collect()
}

/// The reasons that the server's sources name.
fn said() -> Words {
    let mut words = Words::new();
    for source in sources() {
        for mark in MARKS {
            for (at, _) in source.match_indices(mark) {
                let rest = &source[at + mark.len()..];
                let end = rest.find(';').unwrap_or(rest.len());
                let first = rest[..end].split('"').nth(1);
                words.extend(first.filter(|text| is_word(text)).map(str::to_owned));
            }
        }
        // The one table of clusters' failures.
        if let Some((_, table)) = source.split_once("fn cluster_reason(") {
            let table = table.split_once("\n}\n").unwrap().0;
            let words_of_arms = table.split('"').skip(1).step_by(2);
            words.extend(words_of_arms.map(str::to_owned));
        }
        // A reason that depends.
        for (at, _) in source.match_indices("let reason = match") {
            let arms = source[at..].split_once("};").unwrap().0;
            words.extend(arms.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    words.extend(strict::reason::ALL.iter().map(ToString::to_string));
    words.retain(|word| !OTHERWISE.contains(&word.as_str()));
    words
}

#[test]
fn whatever_the_server_says_is_in_the_document_and_nothing_else_is() {
    let (table, malformed) = documented();
    let said = said();
    let documented: Words = table
        .into_iter()
        .map(|(_, word)| word)
        .chain(malformed)
        .collect();
    // dropshot's own, made of its status; and what comes with another reason.
    let apart = ["method_not_allowed".to_owned()];
    let unheard: Vec<_> = (documented.difference(&said))
        .filter(|word| !apart.contains(word))
        .collect();
    assert!(unheard.is_empty(), "the server never says {unheard:?}");
    let beside = ["ttl_minimum".to_owned(), "ttl_maximum".to_owned()];
    let untold: Vec<_> = (said.difference(&documented))
        .filter(|word| !beside.contains(word))
        .collect();
    assert!(untold.is_empty(), "the document does not tell {untold:?}");
}

#[test]
fn the_client_has_the_table_and_one_word_of_its_own() {
    let (table, malformed) = documented();
    let table: Vec<_> = table.into_iter().map(|(_, word)| word).collect();
    assert_eq!(table, kubeconfig_client::reasons::ALL);
    let own = kubeconfig_client::reasons::NOT_THE_API.to_owned();
    assert!(!table.contains(&own) && !malformed.contains(&own));
}

/// Every example of an error in the document says a word that is told of its status.
#[test]
fn the_examples_of_errors_are_true() {
    let (table, malformed) = documented();
    let document: Value = serde_json::from_str(kubeconfig_api::DOCUMENT).unwrap();
    let responses = document["components"]["responses"].as_object().unwrap();
    let mut looked_at = 0;
    let mut examples: Vec<_> = responses
        .values()
        .map(|response| &response["content"]["application/json"]["example"]["error"])
        .collect();
    examples.push(&document["components"]["schemas"]["Error"]["example"]["error"]);
    examples.push(&document["components"]["schemas"]["ErrorBody"]["example"]);
    for example in examples {
        let status = example["code"].as_u64().unwrap();
        let word = example["details"][0]["reason"].as_str().unwrap();
        let told = table
            .iter()
            .any(|(code, told)| u64::from(*code) == status && told == word);
        assert!(
            told || malformed.contains(word),
            "{status} is not told by {word}"
        );
        looked_at += 1;
    }
    assert!(looked_at >= 12, "{looked_at}");
}

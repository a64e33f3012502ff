//! Documents of the accept folder, broken at random: the reader and the rules end, without a panic, in a time that
//! grows with the text. `MUTATIONS=1000000 cargo test -p openapi-document --release mutations` is the long run; a failure
//! prints the seed, and `MUTATION_SEED=n` begins there.

use openapi_document::Document;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many documents a run of the tests breaks.
const SHORT: u64 = 1500;
/// The longest that one may take, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// Texts that mean something to a parser, or to a rule.
const WORDS: &[&str] = &[
    "$ref",
    "'#/components/schemas/A'",
    "\"#/paths/~1a\"",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "&a ",
    "*a",
    "!!str ",
    "|",
    ">",
    "'",
    "\"",
    "#",
    "---",
    "...",
    "\t",
    "\0",
    "\u{feff}",
    "\r",
    "\n",
    "  ",
    "? ",
    "null",
    "true",
    "1e400",
    "-0",
    "9223372036854775808",
    "0x1f",
    ".inf",
    "99999999999999999999999999",
    "nullable",
    "oneOf",
    "allOf",
    "type",
    "[string, 'null']",
    "3.1.0",
    "3.0.3",
    "const",
    "prefixItems",
    "$defs",
    "example",
    "default",
    "required",
    "properties",
    "items",
    "additionalProperties",
    "enum",
    "minimum",
    "maximum",
    "pattern",
    "(?=a)*",
    "format",
    "\u{202e}",
    "é",
    "“",
    "\u{a0}",
    ",",
    "// ",
    "𝄞",
    "%00",
    "../../x.yaml",
    "https://a/b",
];

/// A generator of numbers that is the same everywhere (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = z ^ (z >> 31);
        usize::try_from(mixed % below.max(1) as u64).unwrap_or_default()
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let accept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi-to-dropshot/tests");
    let folders = [
        "accept",
        "accept/published",
        "accept/several_files/paths",
        "reject",
        "mistakes",
        "foreign",
    ];
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(accept.join(folder)).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "json"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Breaks `text` at one to eight places.
fn broken(dice: &mut Dice, mut text: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..=dice.roll(8) {
        let at = dice.roll(text.len() + 1);
        let end = (at + dice.roll(40)).min(text.len());
        match dice.roll(9) {
            0 => drop(text.drain(at..end)),
            1 => text.truncate(at.max(1)),
            2 => {
                let word = WORDS[dice.roll(WORDS.len())];
                text.splice(at..at, word.bytes());
            }
            3 => {
                let word = WORDS[dice.roll(WORDS.len())];
                text.splice(at..end, word.bytes());
            }
            4 => {
                let part = text[at..end].to_vec();
                let to = dice.roll(text.len() + 1);
                text.splice(to..to, part);
            }
            5 if !text.is_empty() => {
                let at = at.min(text.len() - 1);
                text[at] ^= 1 << dice.roll(8);
            }
            6 => {
                let from = dice.roll(other.len() + 1);
                let until = (from + dice.roll(400)).min(other.len());
                text.splice(at..at, other[from..until].iter().copied());
            }
            7 => {
                let spaces = vec![b' '; dice.roll(6)];
                text.splice(at..at, spaces);
            }
            _ => {
                // A line somewhere else.
                let lines: Vec<Vec<u8>> = text
                    .split_inclusive(|b| *b == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                if lines.len() > 1 {
                    let (from, to) = (dice.roll(lines.len()), dice.roll(lines.len()));
                    let mut lines = lines;
                    let line = lines.remove(from);
                    lines.insert(to.min(lines.len()), line);
                    text = lines.concat();
                }
            }
        }
    }
    text.truncate(200_000);
    text
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn broken_documents_are_refused_or_read_and_never_more() {
    let seeds = seeds();
    assert!(seeds.len() > 30, "{}", seeds.len());
    let first = number("MUTATION_SEED", 0);
    let (mut read, mut refused) = (0_u64, 0_u64);
    for seed in first..first + number("MUTATIONS", SHORT) {
        let mut dice = Dice(seed);
        let text = seeds[dice.roll(seeds.len())].clone();
        let name = if text.starts_with(b"{") {
            "broken.json"
        } else {
            "broken.yaml"
        };
        let other = &seeds[dice.roll(seeds.len())];
        let bytes = broken(&mut dice, text, other);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let start = Instant::now();
        let outcome = std::panic::catch_unwind(|| {
            let (document, told) = Document::examine(name, &text);
            // Places must lie in the text, or the rendering would panic.
            let shown = told.render(false);
            (document.is_some(), told.len(), shown.len())
        });
        let took = start.elapsed();
        let Ok((made, told, _)) = outcome else {
            panic!("MUTATION_SEED={seed}: a panic with {text:?}");
        };
        assert!(
            made || told > 0,
            "MUTATION_SEED={seed}: nothing is told of {text:?}"
        );
        assert!(
            took < LONGEST,
            "MUTATION_SEED={seed} took {took:?}: {text:?}"
        );
        read += u64::from(made);
        refused += u64::from(!made);
    }
    // Mutations that only ever break the YAML would show nothing of the rules.
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}

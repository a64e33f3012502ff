//! A bounded number of mutations of the corpus, the same each time, on whatever compiler there is: what CI runs of the fuzz
//! targets, some 120,000 inputs in seconds, where building the targets themselves takes minutes.

use std::path::PathBuf;

use super::*;

/// How many mutants of the corpus are tried.
const ROUNDS: usize = 30_000;
/// Pieces that mean something somewhere.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b".",
    b"=",
    b"\n",
    b"\0",
    b"\xff",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"\"alg\":\"none\"",
    b"\"crit\":[]",
    b"\"kid\":\"k1\"",
    b"\"d\":\"AA\"",
    b"system:",
    b"\xe2\x80\xae",
];

/// SplitMix64: small, and the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap();
        usize::try_from(self.roll() % bound).unwrap()
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has a corpus");
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

/// Changes an input somewhere, once to four times.
fn mutate(input: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(input.len() + 1);
        let end = (at + dice.below(8)).min(input.len());
        match dice.below(6) {
            0 if at < input.len() => input[at] ^= 1 << dice.below(8),
            1 => drop(input.drain(at..end)),
            2 => drop(input.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
            3 => drop(input.splice(at..end, PIECES[dice.below(PIECES.len())].iter().copied())),
            4 => {
                let piece = input[at..end].to_vec();
                drop(input.splice(at..at, piece));
            }
            _ => {
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(40)).min(other.len());
                drop(input.splice(at..at, other[from..to].iter().copied()));
            }
        }
    }
}

/// Tries the corpus and its mutants; returns how many of these passed for sound.
fn try_all(target: &str, check: impl Fn(&[u8]) -> bool) -> usize {
    let corpus = corpus(target);
    let mut dice = Dice(7);
    let mut sound = 0;
    for seed in &corpus {
        check(seed);
    }
    for _ in 0..ROUNDS {
        let mut input = corpus[dice.below(corpus.len())].clone();
        mutate(&mut input, &corpus[dice.below(corpus.len())], &mut dice);
        sound += usize::from(check(&input));
    }
    sound
}

#[test]
fn no_header_passes_for_what_it_is_not() {
    let all = try_all("header", |input| {
        header(input);
        true
    });
    assert_eq!(all, ROUNDS);
}

#[test]
fn no_token_passes_for_what_it_is_not() {
    let corpus = corpus("token");
    assert!(
        corpus.iter().any(|seed| token(seed)),
        "one of the corpus is good but for its signature"
    );
    let sound = try_all("token", token);
    assert!((1..ROUNDS / 2).contains(&sound), "{sound} of {ROUNDS}");
}

#[test]
fn no_parts_of_a_token_pass_for_what_they_are_not() {
    let sound = try_all("parts", parts);
    assert!(
        (ROUNDS / 100..ROUNDS / 2).contains(&sound),
        "{sound} of {ROUNDS}: the inside is reached"
    );
}

#[test]
fn no_key_set_passes_for_what_it_is_not() {
    let sound = try_all("key_set", key_set);
    assert!(
        (ROUNDS / 100..ROUNDS).contains(&sound),
        "{sound} of {ROUNDS}: the inside is reached"
    );
}

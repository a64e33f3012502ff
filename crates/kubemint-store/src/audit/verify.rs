//! Whether a trail is as it was written.

use std::collections::HashMap;

use super::findings::{Broken, Chain, Verification};
use super::row::hex;
use super::{Anchor, Flow, Scanned, Sink, TrailRow};

/// Judges a trail row by row.
#[derive(Default)]
pub struct Verifier {
    chains: HashMap<String, State>,
    unchained: u64,
    strays: Option<(u64, u64)>,
    unchained_until: u64,
    unseen: Vec<String>,
    records: bool,
    begun: Option<u64>,
}

struct State {
    anchor: Option<Anchor>,
    rows: u64,
    /// The last row that was in order, and its hash.
    last: (i64, Vec<u8>),
    broken: Option<Broken>,
}

impl State {
    fn new(anchor: Option<Anchor>) -> Self {
        let last = anchor
            .as_ref()
            .map_or((0, super::START.to_vec()), |anchor| {
                (anchor.pruned, anchor.pruned_hash.clone())
            });
        Self {
            anchor,
            rows: 0,
            last,
            broken: None,
        }
    }

    fn next(&mut self, row: &TrailRow, link: &super::Link) {
        let first = self.rows == 0;
        self.rows += 1;
        let (number, seq) = (link.number, row.seq);
        match self.broken {
            // What seemed to be missing comes later.
            Some(Broken::Missing { first, last }) if (first..=last).contains(&number) => {
                self.broken = Some(Broken::Reordered { number, seq });
                return;
            }
            Some(_) => return,
            None => {}
        }
        let expected = self.last.0.saturating_add(1);
        self.broken = if number > expected && first {
            Some(Broken::TruncatedHead {
                expected,
                found: number,
            })
        } else if number > expected {
            Some(Broken::Missing {
                first: expected,
                last: number - 1,
            })
        } else if number < expected {
            Some(Broken::Reordered { number, seq })
        } else if row
            .digest()
            .is_none_or(|digest| digest[..] != link.hash[..])
        {
            Some(Broken::Altered { number, seq })
        } else if link.previous != self.last.1 {
            Some(Broken::Unlinked { number, seq })
        } else {
            None
        };
        if self.broken.is_none() {
            self.last = (number, link.hash.clone());
        }
    }

    fn end(mut self, chain: String) -> Chain {
        let (last, hash) = &self.last;
        let anchor = self
            .anchor
            .as_ref()
            .map(|anchor| (anchor.pruned, hex(&anchor.pruned_hash)));
        if self.broken.is_none() {
            self.broken = match &self.anchor {
                None => Some(Broken::Unknown),
                Some(anchor) if anchor.head > *last => Some(Broken::TruncatedEnd {
                    first: last.saturating_add(1),
                    last: anchor.head,
                }),
                Some(anchor) if anchor.head < *last || anchor.head_hash != *hash => {
                    Some(Broken::Head {
                        noted: anchor.head,
                        last: *last,
                    })
                }
                Some(_) => None,
            };
        }
        Chain {
            chain,
            rows: self.rows,
            anchor: anchor.unwrap_or_else(|| (0, hex(&super::START))),
            head: (*last, hex(hash)),
            broken: self.broken,
        }
    }
}

impl Verifier {
    /// A judge. Every hash of `noted` (lower-case hexadecimal), which someone kept elsewhere, must be met.
    #[must_use]
    pub fn new(noted: &[String]) -> Self {
        Self {
            unseen: noted.to_vec(),
            ..Self::default()
        }
    }

    fn judge(&mut self, row: &TrailRow) {
        let Some(link) = &row.link else {
            if row.seq <= self.unchained_until {
                self.unchained += 1;
            } else {
                self.strays.get_or_insert((row.seq, 0)).1 += 1;
            }
            return;
        };
        if !self.unseen.is_empty() {
            let hash = hex(&link.hash);
            self.unseen.retain(|noted| *noted != hash);
        }
        if let Some(state) = self.chains.get_mut(&link.chain) {
            return state.next(row, link);
        }
        let state = self.chains.entry(link.chain.clone());
        state.or_insert_with(|| State::new(None)).next(row, link);
    }

    /// What came of it.
    #[must_use]
    pub fn end(self) -> Verification {
        let mut chains: Vec<_> = self
            .chains
            .into_iter()
            .map(|(chain, state)| state.end(chain))
            .collect();
        chains.sort_by(|a, b| a.chain.cmp(&b.chain));
        let met = chains.len() as u64;
        Verification {
            vanished: self.begun.map_or(0, |begun| begun.saturating_sub(met)),
            emptied: self.records && chains.is_empty() && self.unchained == 0,
            chains,
            unchained: self.unchained,
            strays: self.strays,
            unseen: self.unseen,
        }
    }
}

impl Sink for Verifier {
    fn begin(&mut self, scanned: Scanned) {
        self.unchained_until = scanned.unchained_until;
        self.records = scanned.records;
        self.begun = scanned.begun;
        for anchor in scanned.anchors {
            let hash = hex(&anchor.pruned_hash);
            self.unseen.retain(|noted| *noted != hash);
            self.chains
                .insert(anchor.chain.clone(), State::new(Some(anchor)));
        }
    }

    fn row(&mut self, row: TrailRow) -> Flow {
        self.judge(&row);
        Flow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::START;
    use super::super::row::tests::row;
    use super::*;

    fn chain(length: i64) -> Vec<TrailRow> {
        let mut rows = Vec::new();
        let mut previous = START.to_vec();
        for number in 1..=length {
            let row = row("c", number, &previous);
            previous = hash(&row);
            rows.push(row);
        }
        rows
    }

    fn hash(row: &TrailRow) -> Vec<u8> {
        row.link.as_ref().unwrap().hash.clone()
    }

    fn anchor(rows: &[TrailRow], pruned: usize) -> Anchor {
        let at = |number: usize| match number {
            0 => START.to_vec(),
            number => hash(&rows[number - 1]),
        };
        Anchor {
            chain: "c".to_owned(),
            head: rows.len() as i64,
            head_hash: at(rows.len()),
            pruned: pruned as i64,
            pruned_hash: at(pruned),
        }
    }

    fn verifier(anchors: Vec<Anchor>, unchained_until: u64, noted: &[String]) -> Verifier {
        let mut verifier = Verifier::new(noted);
        verifier.begin(Scanned {
            anchors,
            unchained_until,
            records: true,
            begun: None,
        });
        verifier
    }

    fn judged(anchor: Anchor, rows: &[TrailRow]) -> Option<Broken> {
        let mut verifier = verifier(vec![anchor], 0, &[]);
        for row in rows {
            verifier.judge(row);
        }
        let mut verification = verifier.end();
        assert_eq!(verification.chains.len(), 1);
        verification.chains.remove(0).broken
    }

    #[test]
    fn a_chain_as_it_was_written_is_sound_wherever_it_was_cut() {
        let rows = chain(6);
        for pruned in 0..=6 {
            assert_eq!(judged(anchor(&rows, pruned), &rows[pruned..]), None);
        }
    }

    #[test]
    fn the_first_row_that_is_not_as_it_was_is_named() {
        let rows = chain(6);
        let broken = |change: &dyn Fn(&mut Vec<TrailRow>)| {
            let mut changed = rows.clone();
            change(&mut changed);
            judged(anchor(&rows, 0), &changed).unwrap()
        };
        let altered = broken(&|rows| rows[2].detail.push(' '));
        assert_eq!(altered, Broken::Altered { number: 3, seq: 13 });
        let missing = broken(&|rows| drop(rows.drain(2..4)));
        assert_eq!(missing, Broken::Missing { first: 3, last: 4 });
        let swapped = broken(&|rows| rows.swap(2, 3));
        assert_eq!(swapped, Broken::Reordered { number: 3, seq: 13 });
        let twice = broken(&|rows| rows.insert(3, rows[1].clone()));
        assert_eq!(twice, Broken::Reordered { number: 2, seq: 12 });
        let head = broken(&|rows| drop(rows.drain(..2)));
        let expected = Broken::TruncatedHead {
            expected: 1,
            found: 3,
        };
        assert_eq!(head, expected);
        let end = broken(&|rows| rows.truncate(4));
        assert_eq!(end, Broken::TruncatedEnd { first: 5, last: 6 });
        // Whole in itself, and following something else.
        let replaced = broken(&|rows| rows[2] = row("c", 3, &[9; 32]));
        assert_eq!(replaced, Broken::Unlinked { number: 3, seq: 13 });
        let added = broken(&|rows| rows.push(row("c", 7, &hash(&rows[5]))));
        assert_eq!(added, Broken::Head { noted: 6, last: 7 });
    }

    #[test]
    fn any_single_change_of_any_row_is_found() {
        let rows = chain(4);
        type Change = fn(&mut TrailRow);
        let changes: [Change; 15] = [
            |row| row.at += 1,
            |row| row.kind.push('x'),
            |row| row.request_id = None,
            |row| row.issuer = Some(String::new()),
            |row| row.subject = None,
            |row| row.token_id = Some(String::new()),
            |row| row.region.clear(),
            |row| row.project.push('p'),
            |row| row.cluster.clear(),
            |row| row.kubeconfig = Some("k".to_owned()),
            |row| row.uid = Some("u".to_owned()),
            |row| row.decision = Some("{}".to_owned()),
            |row| row.detail = "{}".to_owned(),
            |row| row.link.as_mut().unwrap().previous[31] ^= 1,
            |row| row.link.as_mut().unwrap().hash[0] ^= 1,
        ];
        for at in 0..rows.len() {
            for change in changes {
                let mut changed = rows.clone();
                change(&mut changed[at]);
                let found = judged(anchor(&rows, 0), &changed).unwrap();
                let number = at as i64 + 1;
                assert!(
                    matches!(found, Broken::Altered { number: n, .. } if n == number),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn a_rewritten_chain_is_whole_and_misses_what_was_noted_elsewhere() {
        let noted: Vec<_> = chain(4).iter().map(|row| hex(&hash(row))).collect();
        let mut rewritten = vec![row("c", 1, &START)];
        rewritten[0].detail = "{}".to_owned();
        let digest = rewritten[0].digest().unwrap();
        rewritten[0].link.as_mut().unwrap().hash = digest.to_vec();
        rewritten.push(row("c", 2, &digest));
        let mut verifier = verifier(vec![anchor(&rewritten, 0)], 0, &noted[..1]);
        rewritten.iter().for_each(|row| verifier.judge(row));
        let verification = verifier.end();
        assert_eq!(verification.chains[0].broken, None);
        assert_eq!(verification.unseen, noted[..1]);
        assert!(!verification.is_sound());
    }

    #[test]
    fn a_chain_that_was_begun_and_of_which_nothing_is_left_is_missed() {
        let rows = chain(2);
        for (begun, vanished) in [(None, 0), (Some(1), 0), (Some(3), 2)] {
            let mut verifier = Verifier::new(&[]);
            verifier.begin(Scanned {
                anchors: vec![anchor(&rows, 0)],
                unchained_until: 0,
                records: true,
                begun,
            });
            rows.iter().for_each(|row| verifier.judge(row));
            let verification = verifier.end();
            assert_eq!(verification.vanished, vanished);
            assert_eq!(verification.is_sound(), vanished == 0);
        }
    }

    #[test]
    fn a_row_in_no_chain_and_a_chain_that_nobody_began_are_found() {
        let rows = chain(2);
        let mut verifier = verifier(vec![], 5, &[]);
        let unchained = |seq| TrailRow {
            seq,
            link: None,
            ..rows[0].clone()
        };
        for seq in [4, 5, 6, 7] {
            verifier.judge(&unchained(seq));
        }
        verifier.judge(&rows[0]);
        let verification = verifier.end();
        assert_eq!(
            (verification.unchained, verification.strays),
            (2, Some((6, 2)))
        );
        assert_eq!(verification.chains[0].broken, Some(Broken::Unknown));
    }
}

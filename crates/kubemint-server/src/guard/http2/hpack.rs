//! What HPACK (RFC 7541) says of `:path`, and nothing else: h2 reads the fields themselves, and cuts a path at its fragment
//! before anyone sees it.

use std::collections::VecDeque;

use super::huffman;

/// The table that a client may use; the server announces no other size.
const MOST: usize = 4096;
/// What an entry costs besides its name and value.
const OVERHEAD: usize = 32;

/// The lengths of the names in the static table; `:path` is the fourth and the fifth.
#[rustfmt::skip]
const STATIC_NAMES: [u8; 61] = [
    10, 7, 7, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 14, 15, 15, 13, 6, 27, 3, 5, 13, 13, 19, 16, 16, 14, 16, 13, 12, 6,
    4, 4, 6, 7, 4, 4, 8, 17, 13, 8, 19, 13, 4, 8, 12, 18, 19, 5, 7, 7, 11, 6, 10, 25, 17, 10, 4, 3, 16,
];
const STATIC_PATHS: [usize; 2] = [4, 5];

/// What was sent cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

/// An entry of the dynamic table.
struct Entry {
    name: Name,
    size: usize,
    /// The path before its fragment, of a path that has one.
    cut: Option<Box<[u8]>>,
}

#[derive(Clone, Copy)]
struct Name {
    is_path: bool,
    length: usize,
}

/// The dynamic table of a client.
pub(super) struct Table {
    /// The newest first.
    entries: VecDeque<Entry>,
    size: usize,
    most: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            most: MOST,
        }
    }
}

impl Table {
    /// Reads a block of fields. Returns its path before the fragment, if its path has one.
    ///
    /// # Errors
    /// It is not HPACK.
    pub(super) fn read(&mut self, block: &[u8]) -> Result<Option<Box<[u8]>>, Lost> {
        let (mut rest, mut found) = (block, None);
        while let Some(first) = rest.first().copied() {
            let cut = match first.leading_zeros() {
                0 => {
                    let index = number(&mut rest, 7)?;
                    self.entry(index)?.and_then(|entry| entry.cut.clone())
                }
                1 => self.literal(&mut rest, 6, true)?,
                2 => {
                    let most = number(&mut rest, 5)?;
                    self.resize(most)?;
                    None
                }
                _ => self.literal(&mut rest, 4, false)?,
            };
            found = found.or(cut);
        }
        Ok(found)
    }

    /// An entry of the dynamic table; none of the static one has a path with a fragment.
    fn entry(&self, index: usize) -> Result<Option<&Entry>, Lost> {
        match index.checked_sub(STATIC_NAMES.len() + 1) {
            None if index == 0 => Err(Lost),
            None => Ok(None),
            Some(place) => self.entries.get(place).map(Some).ok_or(Lost),
        }
    }

    fn name(&self, index: usize) -> Result<Name, Lost> {
        Ok(match self.entry(index)? {
            Some(entry) => entry.name,
            None => Name {
                is_path: STATIC_PATHS.contains(&index),
                length: STATIC_NAMES[index - 1].into(),
            },
        })
    }

    /// A field that is written out, with an index of `bits` for its name.
    fn literal(
        &mut self,
        rest: &mut &[u8],
        bits: u32,
        is_kept: bool,
    ) -> Result<Option<Box<[u8]>>, Lost> {
        let name = match number(rest, bits)? {
            0 => {
                let name = text(rest)?.decoded()?;
                Name {
                    is_path: name == b":path",
                    length: name.len(),
                }
            }
            index => self.name(index)?,
        };
        let value = text(rest)?;
        // The length of what is neither kept nor a path is nobody's concern.
        if !is_kept && !name.is_path {
            return Ok(None);
        }
        let value = value.decoded()?;
        let fragment = value.iter().position(|octet| *octet == b'#');
        let cut: Option<Box<[u8]>> = fragment
            .filter(|_| name.is_path)
            .map(|at| value[..at].into());
        if is_kept {
            self.insert(Entry {
                name,
                size: name.length + value.len() + OVERHEAD,
                cut: cut.clone(),
            });
        }
        Ok(cut)
    }

    fn insert(&mut self, entry: Entry) {
        self.shrink(self.most.saturating_sub(entry.size));
        if entry.size <= self.most {
            self.size += entry.size;
            self.entries.push_front(entry);
        }
    }

    fn resize(&mut self, most: usize) -> Result<(), Lost> {
        if most > MOST {
            return Err(Lost);
        }
        self.most = most;
        self.shrink(most);
        Ok(())
    }

    fn shrink(&mut self, most: usize) {
        while self.size > most {
            let oldest = self.entries.pop_back();
            self.size -= oldest.map_or(self.size, |entry| entry.size);
        }
    }
}

/// A text as it was sent.
struct Text<'a> {
    octets: &'a [u8],
    is_encoded: bool,
}

impl Text<'_> {
    fn decoded(&self) -> Result<Vec<u8>, Lost> {
        if self.is_encoded {
            huffman::decode(self.octets)
        } else {
            Ok(self.octets.to_vec())
        }
    }
}

fn text<'a>(rest: &mut &'a [u8]) -> Result<Text<'a>, Lost> {
    let is_encoded = rest.first().ok_or(Lost)? & 0x80 != 0;
    let length = number(rest, 7)?;
    let (octets, after) = rest.split_at_checked(length).ok_or(Lost)?;
    *rest = after;
    Ok(Text { octets, is_encoded })
}

/// A number that begins in the last `bits` of an octet.
fn number(rest: &mut &[u8], bits: u32) -> Result<usize, Lost> {
    let full = (1_usize << bits) - 1;
    let mut number = usize::from(octet(rest)?) & full;
    if number < full {
        return Ok(number);
    }
    // As many octets as h2 takes, or what it reads is not seen here.
    for shift in [0, 7, 14, 21] {
        let next = octet(rest)?;
        number += usize::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Lost)
}

fn octet(rest: &mut &[u8]) -> Result<u8, Lost> {
    let (first, after) = rest.split_first().ok_or(Lost)?;
    *rest = after;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &mut Table, block: &[u8]) -> Result<Option<String>, Lost> {
        let cut = table.read(block)?;
        Ok(cut.map(|cut| String::from_utf8(cut.to_vec()).unwrap()))
    }

    /// A literal in plain octets: `first` says of what kind it is, and which name it has.
    fn literal(first: u8, name: Option<&str>, value: &str) -> Vec<u8> {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        [vec![first], name.map(text).unwrap_or_default(), text(value)].concat()
    }

    #[test]
    fn a_path_with_a_fragment_is_found_however_it_is_written() {
        let cut = Ok(Some("/a".to_owned()));
        for first in [0x04, 0x05, 0x14, 0x44] {
            let mut table = Table::default();
            assert_eq!(found(&mut table, &literal(first, None, "/a#b")), cut);
            assert_eq!(found(&mut table, &literal(first, None, "/a")), Ok(None));
        }
        for first in [0x00, 0x10, 0x40] {
            let block = literal(first, Some(":path"), "/a#b");
            assert_eq!(found(&mut Table::default(), &block), cut);
            let block = literal(first, Some("x-path"), "/a#b");
            assert_eq!(found(&mut Table::default(), &block), Ok(None));
        }
        // `/a#b` in the code of Huffman: 011000 00011 111111111010 100011.
        let block = [0x04, 0x84, 0x60, 0x7f, 0xf5, 0x1f];
        assert_eq!(found(&mut Table::default(), &block), cut);
    }

    #[test]
    fn a_path_that_was_kept_is_found_again_by_its_index_until_it_is_pushed_out() {
        let mut table = Table::default();
        let cut = Ok(Some("/a".to_owned()));
        assert_eq!(found(&mut table, &literal(0x44, None, "/a#b")), cut);
        assert_eq!(found(&mut table, &literal(0x40, Some("x"), "y")), Ok(None));
        assert_eq!(found(&mut table, &[0xbe]), Ok(None), "x: y");
        assert_eq!(found(&mut table, &[0xbf]), cut);
        assert_eq!(found(&mut table, &[0xc0]), Err(Lost), "there is no third");
        // Its name again, with another value, kept.
        assert_eq!(found(&mut table, &literal(0x7f, None, "")), Err(Lost));
        let mut again = vec![0x7f, 0x00];
        again.extend(literal(0, None, "/c#").into_iter().skip(1));
        assert_eq!(found(&mut table, &again), Ok(Some("/c".to_owned())));
        // No room for any of them, and room again.
        assert_eq!(found(&mut table, &[0x20, 0x3f, 0xe1, 0x1f]), Ok(None));
        assert!(table.entries.is_empty() && table.size == 0);
        assert_eq!(found(&mut table, &[0xbe]), Err(Lost));
    }

    #[test]
    fn the_table_holds_what_the_standard_says() {
        let mut table = Table::default();
        // 1 + 95 + 32 octets each: 32 of them.
        for _ in 0..40 {
            found(&mut table, &literal(0x40, Some("x"), &"y".repeat(95))).unwrap();
        }
        assert_eq!((table.entries.len(), table.size), (32, 4096));
        // What is larger than the table empties it.
        let length = [0x7f, 0xb0, 0x1f];
        let block = [&[0x40, 1, b'x'][..], &length, &[b'y'; 4143][..]].concat();
        assert_eq!(found(&mut table, &block), Ok(None));
        assert_eq!((table.entries.len(), table.size), (0, 0));
        assert_eq!(found(&mut table, &[0x3f, 0xe2, 0x1f]), Err(Lost), "4097");
    }

    #[test]
    fn what_ends_in_its_middle_or_never_is_lost() {
        for block in [
            &[0x80][..],
            &[0x44],
            &[0x44, 0x05, b'/'],
            &[0x40, 0x85],
            &[0xff, 0x80, 0x80, 0x80, 0x80, 0x01],
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(found(&mut Table::default(), block), Err(Lost), "{block:?}");
        }
    }

    #[test]
    fn a_number_may_have_four_octets_more_as_for_h2_and_no_fifth() {
        let read = |octets: &[u8]| number(&mut { octets }, 7).ok();
        assert_eq!(read(&[0x7f, 0x80, 0x80, 0x80, 0x00]), Some(127));
        assert_eq!(read(&[0x7f, 0x01]), Some(128));
        assert_eq!(read(&[0x7f, 0x80, 0x80, 0x80, 0x01]), Some(127 + (1 << 21)));
        assert_eq!(read(&[0x7f, 0x80, 0x80, 0x80, 0x80, 0x00]), None);
        assert_eq!(read(&[0x7f, 0x80]), None);
    }
}

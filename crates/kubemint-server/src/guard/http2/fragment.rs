//! Which requests of a connection had a fragment in their `:path`: it is no part of a target (RFC 9113, section 8.3.1), and h2
//! cuts it off, so that nothing behind sees it. So the octets are looked at on their way in. What cannot be followed is no
//! longer looked at: h2 ends such a connection by itself.

use std::mem;

use super::hpack::{Lost, Table};

/// What a client begins with, before the first frame.
const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
/// A frame's head.
const HEAD: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
/// The longest frame that the server takes.
const LONGEST: usize = 16 * 1024;
/// The longest block of fields that is followed; h2 gives up before.
const MOST_BLOCK: usize = 256 * 1024;
/// How many paths are remembered that no request came for, since h2 refused it.
const MOST_FOUND: usize = 128;

/// Reads along.
pub(super) struct Fragments {
    place: Place,
    table: Table,
    /// The block of fields so far.
    block: Vec<u8>,
    /// Paths, before their fragments, whose request was not seen yet.
    found: Vec<Box<[u8]>>,
}

enum Place {
    /// So many octets are of no interest.
    Skip(usize),
    Head(Vec<u8>),
    /// A frame with fields: its flags, how long it is, and what has come of it.
    Fields {
        flags: u8,
        length: usize,
        payload: Vec<u8>,
    },
    Lost,
}

impl Default for Fragments {
    fn default() -> Self {
        Self {
            place: Place::Skip(PREFACE),
            table: Table::default(),
            block: Vec::new(),
            found: Vec::new(),
        }
    }
}

impl Fragments {
    /// These octets came in.
    pub(super) fn read(&mut self, octets: &[u8]) {
        let mut octets = octets;
        while !octets.is_empty() && !matches!(self.place, Place::Lost) {
            if self.step(&mut octets).is_err() {
                self.place = Place::Lost;
            }
        }
    }

    /// Whether a request for this target had a fragment. Each is told once.
    pub(super) fn take(&mut self, target: &str) -> bool {
        let is_it = |cut: &[u8]| cut == target.as_bytes() || (cut.is_empty() && target == "/");
        let place = self.found.iter().position(|cut| is_it(cut));
        place.map(|place| self.found.swap_remove(place)).is_some()
    }

    fn step(&mut self, octets: &mut &[u8]) -> Result<(), Lost> {
        match &mut self.place {
            Place::Lost => Err(Lost),
            Place::Skip(left) => {
                *left -= taken(octets, *left).len();
                if *left == 0 {
                    self.place = Place::Head(Vec::with_capacity(HEAD));
                }
                Ok(())
            }
            Place::Head(head) => {
                head.extend_from_slice(taken(octets, HEAD - head.len()));
                if let [a, b, c, kind, flags, ..] = head[..]
                    && head.len() == HEAD
                {
                    let length = u32::from_be_bytes([0, a, b, c]) as usize;
                    self.begin(kind, flags, length)?;
                }
                Ok(())
            }
            Place::Fields {
                flags,
                length,
                payload,
            } => {
                payload.extend_from_slice(taken(octets, *length - payload.len()));
                if payload.len() == *length {
                    let (flags, payload) = (*flags, mem::take(payload));
                    self.place = Place::Head(Vec::with_capacity(HEAD));
                    self.fields(flags, &payload)?;
                }
                Ok(())
            }
        }
    }

    /// A frame begins.
    fn begin(&mut self, kind: u8, flags: u8, length: usize) -> Result<(), Lost> {
        let (has_fields, flags) = match kind {
            HEADERS => (true, flags),
            // It has no padding, and its flags mean nothing else.
            CONTINUATION => (true, flags & END_HEADERS),
            _ => (false, 0),
        };
        self.place = match (has_fields, length) {
            (true, 0) => {
                self.fields(flags, &[])?;
                Place::Head(Vec::with_capacity(HEAD))
            }
            (false, 0) => Place::Head(Vec::with_capacity(HEAD)),
            (_, length) if length > LONGEST => return Err(Lost),
            (true, length) => Place::Fields {
                flags,
                length,
                payload: Vec::with_capacity(length),
            },
            (false, length) => Place::Skip(length),
        };
        Ok(())
    }

    /// A frame's fields, perhaps the last of their block.
    fn fields(&mut self, flags: u8, payload: &[u8]) -> Result<(), Lost> {
        let mut payload = payload;
        if flags & PADDED != 0 {
            let (padding, rest) = payload.split_first().ok_or(Lost)?;
            let length = rest.len().checked_sub((*padding).into()).ok_or(Lost)?;
            payload = &rest[..length];
        }
        if flags & PRIORITY != 0 {
            payload = payload.get(5..).ok_or(Lost)?;
        }
        if self.block.len() + payload.len() > MOST_BLOCK {
            return Err(Lost);
        }
        self.block.extend_from_slice(payload);
        if flags & END_HEADERS != 0 {
            let block = mem::take(&mut self.block);
            if let Some(cut) = self.table.read(&block)? {
                if self.found.len() == MOST_FOUND {
                    // The oldest.
                    self.found.remove(0);
                }
                self.found.push(cut);
            }
        }
        Ok(())
    }
}

/// Takes at most so many octets.
fn taken<'a>(octets: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, rest) = octets.split_at(most.min(octets.len()));
    *octets = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    /// `:path: path`, as plain octets, and not kept.
    fn path(path: &str) -> Vec<u8> {
        [&[4, u8::try_from(path.len()).unwrap()], path.as_bytes()].concat()
    }

    fn connection(frames: &[Vec<u8>]) -> Vec<u8> {
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frames.concat(),
        ]
        .concat()
    }

    #[test]
    fn a_fragment_is_found_in_whatever_pieces_and_frames_it_comes() {
        let padded = [&[3][..], &path("/b#c"), &[0; 3]].concat();
        let with_priority = [&[0; 5][..], &path("/d?x=1#y?z")].concat();
        let split = path("#e");
        let all = connection(&[
            frame(4, 0, &[0; 12]),
            frame(HEADERS, END_HEADERS, &path("/a#")),
            frame(0, 1, b"/no#fields"),
            frame(HEADERS, END_HEADERS | PADDED, &padded),
            frame(HEADERS, END_HEADERS, &path("/plain")),
            frame(HEADERS, END_HEADERS | PRIORITY, &with_priority),
            frame(HEADERS, 1, &split[..2]),
            frame(CONTINUATION, PADDED, &split[2..3]),
            frame(CONTINUATION, 0, &[]),
            frame(CONTINUATION, END_HEADERS, &split[3..]),
        ]);
        for size in 1..=all.len() {
            let mut fragments = Fragments::default();
            all.chunks(size).for_each(|piece| fragments.read(piece));
            for (target, had) in [("/a", true), ("/a", false), ("/b", true), ("/plain", false)] {
                assert_eq!(fragments.take(target), had, "{target} in pieces of {size}");
            }
            assert!(fragments.take("/d?x=1"), "{size}");
            assert!(fragments.take("/"), "nothing before the fragment: {size}");
            assert!(fragments.found.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_followed_is_no_longer_looked_at() {
        for broken in [
            frame(HEADERS, END_HEADERS | PADDED, &[9, 4]),
            frame(HEADERS, END_HEADERS | PRIORITY, &[0; 4]),
            frame(HEADERS, END_HEADERS, &[0x80]),
            frame(HEADERS, END_HEADERS, &vec![0; LONGEST + 1]),
        ] {
            let mut fragments = Fragments::default();
            let after = frame(HEADERS, END_HEADERS, &path("/a#"));
            fragments.read(&connection(&[broken, after]));
            assert!(matches!(fragments.place, Place::Lost));
            assert!(!fragments.take("/a"));
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut fragments = Fragments::default();
        fragments.read(&connection(&[]));
        for n in 0..MOST_FOUND * 2 {
            fragments.read(&frame(HEADERS, END_HEADERS, &path(&format!("/{n}#"))));
        }
        assert_eq!(fragments.found.len(), MOST_FOUND);
        for _ in 0..LONGEST {
            fragments.read(&frame(HEADERS, 0, &[0; 64]));
        }
        assert!(fragments.block.len() <= MOST_BLOCK);
    }
}

//! JSON (RFC 8259) to nodes, in one pass.
//!
//! A file that is JSON by its name is read by these rules alone: what is no JSON in it is told as such, all of it as far as the
//! text makes sense. Of any other file that begins like JSON, this reader takes what it can: the reader of YAML reads the same
//! nodes from it, but holds every token of a document in braces before it gives the first, and so costs ten times as much.
//! (To a blank between a key and its colon, that is one of the key.) A mistake there is the other reader's to tell.

mod slip;
#[cfg(test)]
mod tests;
mod texts;

use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};
use crate::read::{MAX_DEPTH, resolve};
use slip::Slip;
use std::collections::HashMap;

/// The most slips of one file that are told: with more, it is something else than JSON with slips.
const MOST_TOLD: usize = 100;

/// Whether the file is JSON by its name.
pub(crate) fn is_named(name: &str) -> bool {
    let end = name.rsplit('.').next();
    end.is_some_and(|end| end.len() < name.len() && end.eq_ignore_ascii_case("json"))
}

/// The document in `text`, a file that is JSON by its name.
///
/// # Errors
/// K0001, K0002 and K0004: what is no JSON, keys that are written twice, and nesting that is too deep.
pub(crate) fn strict(text: &str, file: usize) -> Result<Node, Vec<Diagnostic>> {
    let mut reader = Reader::of(text, file, false);
    // A byte order mark is no part of the text.
    reader.at = text.len() - text.trim_start_matches('\u{feff}').len();
    reader.line_start = reader.at;
    match reader.document() {
        Some(root) if reader.told.is_empty() => Ok(root),
        _ => Err(reader.told),
    }
}

/// The document in `text`, if that is JSON whose keys are unique, and nested no deeper than YAML may be.
pub(crate) fn read(text: &str, file: usize) -> Option<Node> {
    // YAML has further line breaks.
    if !text.starts_with('{') || text.contains('\r') {
        return None;
    }
    Reader::of(text, file, true).document()
}

/// Whether the text is a number as JSON writes it.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            (mantissa, digits(unsigned))
        }
        None => (unsigned, true),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, digits(part)),
        None => (mantissa, true),
    };
    digits(whole) && part && exponent && (whole == "0" || !whole.starts_with('0'))
}

/// A bracket that is open.
struct Open {
    span: Span,
    sign: char,
    /// Where its line begins.
    line_start: usize,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    file: usize,
    line: usize,
    line_start: usize,
    /// Bytes of this line that are not the first of their character.
    beyond: usize,
    /// Whether the first slip ends the reading, and is not told.
    hasty: bool,
    told: Vec<Diagnostic>,
    open: Vec<Open>,
    /// The first bracket that is closed at another indentation than its own: the bracket, its sign, and what closes it.
    askew: Option<(Span, char, Span)>,
}

impl<'a> Reader<'a> {
    fn of(text: &'a str, file: usize, hasty: bool) -> Self {
        Reader {
            text,
            at: 0,
            file,
            line: 1,
            line_start: 0,
            beyond: 0,
            hasty,
            told: Vec::new(),
            open: Vec::new(),
            askew: None,
        }
    }

    /// Tells a slip after which the text still makes sense; `None` for the hasty reader, who does not go on.
    fn slip(&mut self, span: Span, slip: Slip<'_>) -> Option<()> {
        if self.hasty {
            return None;
        }
        self.tell(slip.told(span))
    }

    /// Keeps what is told; `None` when it is enough.
    fn tell(&mut self, diagnostic: Diagnostic) -> Option<()> {
        self.told.push(diagnostic);
        (self.told.len() < MOST_TOLD).then_some(())
    }

    /// Tells a slip after which nothing makes sense.
    fn stop<T>(&mut self, span: Span, slip: Slip<'_>) -> Option<T> {
        self.slip(span, slip)?;
        None
    }

    fn document(&mut self) -> Option<Node> {
        self.blanks()?;
        let here = self.here();
        match self.peek() {
            None => return self.stop(here, Slip::Empty),
            Some(b'{' | b'[' | b'"') => {}
            Some(_) => return self.stop(self.sign(), Slip::Foreign),
        }
        let root = self.value()?;
        self.blanks()?;
        match self.peek() {
            None => Some(root),
            Some(_) => {
                let (sign, askew) = (self.sign(), self.askew);
                match askew {
                    Some((open, kind, end)) => self.stop(open, Slip::Unclosed(end, kind)),
                    None => self.stop(sign, Slip::More),
                }
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The character that is next; a blank at the end.
    fn next(&self) -> char {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.chars().next().unwrap_or(' ')
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn blanks(&mut self) -> Option<()> {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    self.line_start = self.at;
                    self.beyond = 0;
                }
                b'/' | b'#' => self.comment()?,
                _ => break,
            }
        }
        Some(())
    }

    /// What other languages take for a comment.
    fn comment(&mut self) -> Option<()> {
        let mut span = self.here();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = if rest.starts_with("/*") {
            rest.find("*/").map(|end| end + 2)
        } else if rest.starts_with("//") || rest.starts_with('#') {
            Some(rest.find('\n').unwrap_or(rest.len()))
        } else {
            None
        };
        let Some(length) = length else {
            let sign = self.next();
            return self.stop(self.sign(), Slip::NoValue(sign));
        };
        let comment = rest.get(..length).unwrap_or_default();
        self.at += length;
        span.end = self.at;
        self.slip(span, Slip::Comment)?;
        match comment.rfind('\n') {
            Some(last) => {
                self.line += comment.matches('\n').count();
                self.line_start = self.at - length + last + 1;
                self.beyond = beyond(&comment[last..]);
            }
            None => self.beyond += beyond(comment),
        }
        Some(())
    }

    /// A place that begins here, and is not known to end later.
    fn here(&self) -> Span {
        Span {
            start: self.at,
            end: self.at,
            line: self.line,
            column: self.at - self.line_start - self.beyond + 1,
            file: self.file,
        }
    }

    /// The place of the character that is next.
    fn sign(&self) -> Span {
        let here = self.here();
        Span {
            end: (here.start + self.next().len_utf8()).min(self.text.len()),
            ..here
        }
    }

    fn value(&mut self) -> Option<Node> {
        let mut span = self.here();
        let content = match self.peek() {
            Some(b'{') => Content::Map(self.members()?.into()),
            Some(b'[') => Content::List(self.items()?),
            Some(b'"' | b'\'') => Content::String(self.string()?),
            _ => self.word()?,
        };
        span.end = self.at;
        Some(Node { span, content })
    }

    fn members(&mut self) -> Option<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        self.begin('{')?;
        while !self.ends(b'}', entries.last().map(|entry| entry.node.span))? {
            let mut key_span = self.here();
            let key = self.key()?;
            key_span.end = self.at;
            self.blanks()?;
            if self.take(b':').is_none() {
                self.slip(key_span, Slip::NoColon)?;
                // As other languages write it.
                let _ = self.take(b'=');
            }
            self.blanks()?;
            let node = self.value()?;
            entries.push(Entry {
                key,
                key_span,
                node,
            });
        }
        self.unique(&entries)?;
        Some(entries)
    }

    /// K0002.
    fn unique(&mut self, entries: &[Entry]) -> Option<()> {
        let mut seen: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
        for entry in entries {
            let Some(first) = seen.get(entry.key.as_str()) else {
                seen.insert(&entry.key, entry.key_span);
                continue;
            };
            if self.hasty {
                return None;
            }
            self.tell(crate::read::twice(&entry.key, entry.key_span, *first))?;
        }
        Some(())
    }

    fn key(&mut self) -> Option<String> {
        let mut span = self.here();
        match self.peek() {
            Some(b'"' | b'\'') => self.string(),
            Some(byte) if byte.is_ascii_alphanumeric() || b"_$".contains(&byte) => {
                let word = self.bare();
                span.end = self.at;
                self.slip(span, Slip::BareKey(word))?;
                Some(word.to_owned())
            }
            _ => {
                let sign = self.next();
                self.stop(self.sign(), Slip::NoKey(sign))
            }
        }
    }

    fn items(&mut self) -> Option<Vec<Node>> {
        let mut items: Vec<Node> = Vec::new();
        self.begin('[')?;
        while !self.ends(b']', items.last().map(|item| item.span))? {
            items.push(self.value()?);
        }
        Some(items)
    }

    /// The bracket that opens.
    fn begin(&mut self, sign: char) -> Option<()> {
        let span = self.sign();
        if self.open.len() >= MAX_DEPTH {
            if !self.hasty {
                self.told.push(crate::read::too_deep(span));
            }
            return None;
        }
        let line_start = self.line_start;
        self.open.push(Open {
            span,
            sign,
            line_start,
        });
        self.at += 1;
        self.blanks()
    }

    /// What comes before a member or an item, or after the last: `true` for the bracket that closes. `before` is the place of
    /// the one before.
    fn ends(&mut self, closing: u8, before: Option<Span>) -> Option<bool> {
        self.blanks()?;
        let mut comma = None;
        while before.is_some() && self.peek() == Some(b',') {
            let sign = self.sign();
            if comma.is_some() {
                self.slip(sign, Slip::SecondComma)?;
            }
            comma = Some(sign);
            self.at += 1;
            self.blanks()?;
        }
        match self.peek() {
            Some(byte) if byte == closing => {
                if let Some(comma) = comma {
                    self.slip(comma, Slip::LastComma(char::from(closing)))?;
                }
                self.close();
                return Some(true);
            }
            Some(b'}' | b']') | None => return self.astray(),
            Some(_) => {}
        }
        if let (Some(before), None) = (before, comma) {
            let next = self.sign();
            let span = self.behind(before);
            self.slip(span, Slip::NoComma(next))?;
        }
        Some(false)
    }

    /// Just behind a place: what is missing there.
    fn behind(&self, place: Span) -> Span {
        let written = self.text.get(place.start..place.end).unwrap_or_default();
        let last = written.rfind('\n').map(|at| at + 1);
        let next = self
            .text
            .get(place.end..)
            .unwrap_or_default()
            .chars()
            .next();
        let chars = |text: &str| text.chars().count();
        let column = match last {
            Some(at) => chars(&written[at..]) + 1,
            None => place.column + chars(written),
        };
        Span {
            start: place.end,
            end: place.end + next.map_or(1, char::len_utf8),
            line: place.line + written.matches('\n').count(),
            column,
            file: self.file,
        }
    }

    /// The text ends, or another bracket closes than is open.
    fn astray<T>(&mut self) -> Option<T> {
        if self.hasty {
            return None;
        }
        let end = self.sign();
        let open = self.open.last().map(|open| (open.span, open.sign));
        match (self.askew, open) {
            // What the indentation says is the likelier place.
            (Some((open, sign, end)), _) => self.stop(open, Slip::Unclosed(end, sign)),
            (None, Some((open, sign))) if self.at < self.text.len() => {
                self.stop(end, Slip::Crossed(open, sign))
            }
            (None, Some((open, sign))) => self.stop(open, Slip::Unclosed(end, sign)),
            (None, None) => None,
        }
    }

    /// The bracket that closes.
    fn close(&mut self) {
        let end = self.sign();
        self.at += 1;
        let Some(open) = self.open.pop() else { return };
        if self.hasty || self.askew.is_some() || open.span.line == end.line {
            return;
        }
        let indent = |from: usize| {
            let line = self.text.get(from..).unwrap_or_default();
            line.len() - line.trim_start_matches([' ', '\t']).len()
        };
        let own = indent(self.line_start);
        // Only what begins a line says something by its indentation.
        if self.line_start + own == end.start && indent(open.line_start) != own {
            self.askew = Some((open.span, open.sign, end));
        }
    }

    /// What is written without quotes.
    fn bare(&mut self) -> &'a str {
        let start = self.at;
        let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._$".contains(&byte);
        while self.peek().is_some_and(goes_on) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// A number, a truth, or null.
    fn word(&mut self) -> Option<Content> {
        let mut span = self.here();
        let word = self.bare();
        span.end = self.at;
        match word {
            "true" | "false" | "null" => Some(resolve(word)),
            "" => {
                let sign = self.next();
                match self.peek() {
                    // What follows is where it should be.
                    Some(b',' | b'}' | b']') => self.slip(self.sign(), Slip::NoValue(sign))?,
                    None => return self.astray(),
                    Some(_) => return self.stop(self.sign(), Slip::NoValue(sign)),
                }
                Some(Content::Null)
            }
            word if is_number(word) => match resolve(word) {
                number @ Content::Number(_) => Some(number),
                _ => {
                    self.slip(span, Slip::TooLarge)?;
                    Some(Content::Null)
                }
            },
            word => {
                let number = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
                let slip = if number {
                    Slip::Number(word)
                } else {
                    Slip::Word(word)
                };
                self.slip(span, slip)?;
                Some(Content::Null)
            }
        }
    }
}

/// How many bytes of a text are not the first of their character.
fn beyond(text: &str) -> usize {
    text.bytes().filter(|byte| byte & 0xc0 == 0x80).count()
}

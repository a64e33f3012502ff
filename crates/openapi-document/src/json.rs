//! JSON to nodes, in one pass. What it does not take (a mistake, or YAML that only begins like JSON) is left to the reader
//! of YAML, which reads the same nodes from JSON and tells what is wrong; that one holds every token of a document in braces
//! before it gives the first, and so costs ten times as much. (To a blank between a key and its colon, that is one of the key.)

use crate::node::{Content, Entry, Node, Span};
use crate::read::{MAX_DEPTH, resolve};
use std::collections::HashSet;

/// The document in `text`, if that is JSON whose keys are unique, and nested no deeper than YAML may be.
pub(crate) fn read(text: &str, file: usize) -> Option<Node> {
    // YAML has further line breaks.
    if !text.starts_with('{') || text.contains('\r') {
        return None;
    }
    let mut reader = Reader {
        text,
        at: 0,
        file,
        line: 1,
        line_start: 0,
        beyond: 0,
    };
    let root = reader.value(0)?;
    reader.blanks();
    (reader.at == text.len()).then_some(root)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    file: usize,
    line: usize,
    line_start: usize,
    /// Bytes of this line that are not the first of their character.
    beyond: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    self.line_start = self.at;
                    self.beyond = 0;
                }
                _ => return,
            }
        }
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

    fn value(&mut self, depth: usize) -> Option<Node> {
        let mut span = self.here();
        let content = match self.peek()? {
            b'{' => Content::Map(self.members(depth)?.into()),
            b'[' => Content::List(self.items(depth)?),
            b'"' => Content::String(self.string()?),
            _ => self.word()?,
        };
        span.end = self.at;
        Some(Node { span, content })
    }

    fn members(&mut self, depth: usize) -> Option<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        self.begin(depth)?;
        if self.take(b'}').is_some() {
            return Some(entries);
        }
        loop {
            let mut key_span = self.here();
            let key = self.string()?;
            key_span.end = self.at;
            self.blanks();
            self.take(b':')?;
            self.blanks();
            let node = self.value(depth + 1)?;
            entries.push(Entry {
                key,
                key_span,
                node,
            });
            if self.ends(b'}')? {
                break;
            }
        }
        let mut seen = HashSet::with_capacity(entries.len());
        let unique = entries.iter().all(|entry| seen.insert(entry.key.as_str()));
        unique.then_some(entries)
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.begin(depth)?;
        if self.take(b']').is_some() {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.ends(b']')? {
                return Some(items);
            }
        }
    }

    /// The bracket that opens.
    fn begin(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.blanks();
        (depth < MAX_DEPTH).then_some(())
    }

    /// What comes after a member or an item: `true` for the bracket that closes.
    fn ends(&mut self, closing: u8) -> Option<bool> {
        self.blanks();
        if self.take(closing).is_some() {
            return Some(true);
        }
        self.take(b',')?;
        self.blanks();
        Some(false)
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut value = String::new();
        let mut copied = self.at;
        loop {
            match self.peek()? {
                b'"' => {
                    value.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    return Some(value);
                }
                b'\\' => {
                    value.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    value.push(self.escape()?);
                    copied = self.at;
                }
                0..=0x1f => return None,
                byte => {
                    self.beyond += usize::from(byte & 0xc0 == 0x80);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let escape = self.peek()?;
        self.at += 1;
        Some(match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4)?;
                let code = u32::from_str_radix(digits, 16).ok()?;
                self.at += 4;
                // Halves of a pair are left to the other reader.
                char::from_u32(code)?
            }
            _ => return None,
        })
    }

    /// A number, a truth, or null.
    fn word(&mut self) -> Option<Content> {
        let start = self.at;
        let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        while self.peek().is_some_and(goes_on) {
            self.at += 1;
        }
        match &self.text[start..self.at] {
            word @ ("true" | "false" | "null") => Some(resolve(word)),
            word => match resolve(word) {
                number @ Content::Number(_) => Some(number),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the reader of YAML makes of it.
    fn yaml(text: &str) -> Option<Node> {
        crate::read::yaml(text, 3).ok()
    }

    #[test]
    fn both_readers_read_the_same_values_at_the_same_places() {
        let texts = [
            "{}",
            "{\"a\": 1, \"b\": [ ], \"c\":{},\n\t\"d\": [-1.5, 1e3, true, false, null, \"x\"]}\n",
            "{\"ä\": \"ü\\n\\u00e9\\\\\\/\\\"\", \"x\": \"é\", \"b\": [{\"日本\": 0}, 18446744073709551615]}",
            "{\"openapi\": \"3.0.3\",\n  \"paths\": {\n    \"/a\": {\"get\": {}}\n  }\n}\n\n",
        ];
        for text in texts {
            let json = read(text, 3);
            assert!(json.is_some(), "{text}");
            assert_eq!(json, yaml(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_left_to_the_other_reader() {
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(200), "]".repeat(200));
        let texts = [
            "a: 1",
            "{a: 1}",
            "{\"a\": 1,}",
            "{\"a\": 1, \"a\": 2}",
            "{\"a\": 1} # said",
            "{\"a\": 1}\r\n",
            "{\"a\": \"b\nc\"}",
            "{\"a\": \"\\ud83d\\ude00\"}",
            "{\"a\": yes}",
            "{\"a\": 012}",
            "{\"a\": [1 2]}",
            "{\"a\": 1",
            deep.as_str(),
        ];
        for text in texts {
            assert_eq!(read(text, 0), None, "{text}");
        }
    }
}

//! RFC 8259, read once from front to back, refusing whatever two readers could understand differently.
//!
//! Written by hand, because the reasons and places of refusal are part of our interface, and because the features
//! that other crates may turn on in `serde_json` must not change what is accepted here.

use serde_json::{Map, Number, Value};

use super::path::Path;
use super::reason;
use super::violation::Violation;

/// Nesting beyond this would endanger the stack, whatever the caller's limit.
const MAX_DEPTH: usize = 128;

/// Reads one document.
pub(super) fn document(bytes: &[u8], max_depth: usize) -> Result<Value, Violation> {
    let refuse = |reason, message: &str| Err(Violation::new(&Path::Body, reason, None, message));
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return refuse(
            reason::BYTE_ORDER_MARK,
            "must not begin with a byte order mark",
        );
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return refuse(reason::NOT_UTF8, "must be UTF-8");
    };
    let mut reader = Reader {
        text,
        at: 0,
        max_depth: max_depth.min(MAX_DEPTH),
    };
    reader.space();
    if reader.peek().is_none() {
        return refuse(reason::EMPTY_BODY, "must not be empty");
    }
    let value = reader.value(&Path::Body, 0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => {
            let message = format!("must end after its JSON value, at byte {}", reader.at);
            refuse(reason::TRAILING_DATA, &message)
        }
    }
}

/// Reads a text that is a JSON number and nothing else; none if it is not. `Err` if a double cannot hold it.
pub(super) fn number(text: &str, path: &Path<'_>) -> Option<Result<Number, Violation>> {
    let mut reader = Reader {
        text,
        at: 0,
        max_depth: 0,
    };
    reader.number_lexeme().ok()?;
    (reader.at == text.len()).then(|| to_number(text, path))
}

/// The number of a lexeme. What is no integer of 64 bits is read by the standard library, which rounds to the nearest
/// double: serde_json may be one off, and so on the other side of a bound.
fn to_number(lexeme: &str, path: &Path<'_>) -> Result<Number, Violation> {
    let signed = lexeme.parse::<i64>().map(Number::from);
    let whole = signed.or_else(|_| lexeme.parse::<u64>().map(Number::from));
    let double = || lexeme.parse().ok().and_then(Number::from_f64);
    // Zero has a sign as a double alone.
    let number = whole.ok().filter(|_| lexeme != "-0").or_else(double);
    number.ok_or_else(|| {
        let message = "must be a number that a double can hold";
        Violation::new(path, reason::NUMBER_OUT_OF_RANGE, None, message)
    })
}

struct Reader<'t> {
    text: &'t str,
    /// The offset of the next byte, never inside a character when a slice is taken.
    at: usize,
    max_depth: usize,
}

/// What was expected and not found. It becomes a violation where the path is known.
struct Expected(&'static str);

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Consumes the byte if it is the next one.
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn syntax(&self, path: &Path<'_>, expected: Expected) -> Violation {
        let what = expected.0;
        let message = match self.peek() {
            Some(_) => format!("is not JSON: {what} expected at byte {}", self.at),
            None => format!("is not JSON: ends where {what} is expected"),
        };
        Violation::new(path, reason::NOT_JSON, None, message)
    }

    /// Reads a value; `depth` is the number of containers around it.
    fn value(&mut self, path: &Path<'_>, depth: usize) -> Result<Value, Violation> {
        match self.peek() {
            Some(b'{') => self.object(path, self.deeper(path, depth)?),
            Some(b'[') => self.array(path, self.deeper(path, depth)?),
            Some(b'"') => self.string(path).map(Value::String),
            Some(b'-' | b'0'..=b'9') => {
                let lexeme = self.number_lexeme().map_err(|e| self.syntax(path, e))?;
                to_number(lexeme, path).map(Value::Number)
            }
            _ => {
                for (word, value) in [
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("null", Value::Null),
                ] {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.syntax(path, Expected("a value")))
            }
        }
    }

    fn deeper(&self, path: &Path<'_>, depth: usize) -> Result<usize, Violation> {
        if depth < self.max_depth {
            return Ok(depth + 1);
        }
        let message = format!("must not nest deeper than {}", self.max_depth);
        let limit = Some(self.max_depth.into());
        Err(Violation::new(path, reason::TOO_DEEP, limit, message))
    }

    fn array(&mut self, path: &Path<'_>, depth: usize) -> Result<Value, Violation> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.space();
            let item = self.value(&Path::Item(path, items.len()), depth)?;
            items.push(item);
            self.space();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.syntax(path, Expected("`,` or `]`")));
            }
        }
    }

    fn object(&mut self, path: &Path<'_>, depth: usize) -> Result<Value, Violation> {
        self.at += 1;
        let mut members = Map::new();
        self.space();
        if self.eat(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.syntax(path, Expected("a member's name")));
            }
            let name = self.string(path)?;
            let member = Path::Member(path, &name);
            if members.contains_key(&name) {
                let message = "must be given only once";
                let reason = reason::DUPLICATE_MEMBER;
                return Err(Violation::new(&member, reason, None, message));
            }
            self.space();
            if !self.eat(b':') {
                return Err(self.syntax(&member, Expected("`:`")));
            }
            self.space();
            let value = self.value(&member, depth)?;
            members.insert(name, value);
            self.space();
            if self.eat(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.syntax(path, Expected("`,` or `}`")));
            }
        }
    }

    fn string(&mut self, path: &Path<'_>) -> Result<String, Violation> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let start = self.at;
            while self
                .peek()
                .is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20)
            {
                self.at += 1;
            }
            // Both ends are at ASCII bytes or at the end, so the slice is whole characters.
            string.push_str(&self.text[start..self.at]);
            if self.eat(b'"') {
                return Ok(string);
            }
            if !self.eat(b'\\') {
                let expected = Expected("a closing quote, or an escape for a control character,");
                return Err(self.syntax(path, expected));
            }
            string.push(self.escape(path)?);
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self, path: &Path<'_>) -> Result<char, Violation> {
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode(path);
            }
            _ => return Err(self.syntax(path, Expected("an escape"))),
        };
        self.at += 1;
        Ok(c)
    }

    /// Reads what follows `\u`: four digits, and the other half if they are the first half of a pair.
    fn unicode(&mut self, path: &Path<'_>) -> Result<char, Violation> {
        let lone = || {
            let message = "must not have half of a surrogate pair";
            Violation::new(path, reason::LONE_SURROGATE, None, message)
        };
        let first = self.hex4().map_err(|e| self.syntax(path, e))?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(lone);
        }
        if !(self.eat(b'\\') && self.eat(b'u')) {
            return Err(lone());
        }
        let second = self.hex4().map_err(|e| self.syntax(path, e))?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(lone)
    }

    fn hex4(&mut self) -> Result<u32, Expected> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            code = code * 16 + digit.ok_or(Expected("a hexadecimal digit"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn number_lexeme(&mut self) -> Result<&'t str, Expected> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        } else if self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(Expected("a number without leading zeros"));
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Expected> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(Expected("a digit"));
        }
        Ok(())
    }
}

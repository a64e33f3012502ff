//! The texts of JSON: what stands between quotes.

use super::Reader;
use super::slip::Slip;
use crate::node::Span;

impl Reader<'_> {
    /// A text in its quotes.
    pub(super) fn string(&mut self) -> Option<String> {
        let mut span = self.here();
        let quote = self.peek()?;
        self.at += 1;
        let mut value = String::new();
        let mut copied = self.at;
        loop {
            let Some(byte) = self.peek() else {
                return self.stop(span, Slip::OpenText);
            };
            match byte {
                byte if byte == quote => {
                    value.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    if quote == b'\'' {
                        span.end = self.at;
                        self.slip(span, Slip::SingleQuotes)?;
                    }
                    return Some(value);
                }
                b'\\' => {
                    value.push_str(&self.text[copied..self.at]);
                    value.push(self.escape()?);
                    copied = self.at;
                }
                b'\n' | b'\r' => {
                    span.end = self.at;
                    return self.stop(span, Slip::OpenText);
                }
                0..=0x1f => {
                    self.slip(self.sign(), Slip::Control(byte))?;
                    self.at += 1;
                }
                byte => {
                    self.beyond += usize::from(byte & 0xc0 == 0x80);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let mut span = self.here();
        self.at += 1;
        let escape = self.next();
        if escape == 'u' {
            return self.code(span);
        }
        // A text that ends here is told as one that is not closed, and a control character as one.
        if self.at >= self.text.len() || escape < ' ' {
            return Some(escape);
        }
        self.at += escape.len_utf8();
        self.beyond += escape.len_utf8() - 1;
        span.end = self.at;
        Some(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            sign => {
                self.slip(span, Slip::Escape(sign))?;
                sign
            }
        })
    }

    /// A character by its number, or by two that are halves of one.
    fn code(&mut self, span: Span) -> Option<char> {
        let Some(first) = self.half() else {
            self.at += 1;
            let span = Span {
                end: self.at,
                ..span
            };
            self.slip(span, Slip::Escape('u'))?;
            return Some('u');
        };
        if let Some(whole) = char::from_u32(first) {
            return Some(whole);
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        if first < 0xdc00 && rest.starts_with("\\u") {
            let before = self.at;
            self.at += 1;
            if let Some(second @ 0xdc00..=0xdfff) = self.half() {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return char::from_u32(code);
            }
            self.at = before;
        }
        let span = Span {
            end: self.at,
            ..span
        };
        self.slip(span, Slip::HalfPair)?;
        Some(char::REPLACEMENT_CHARACTER)
    }

    /// The `u` and the four digits that are next.
    fn half(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at + 1..self.at + 5)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        // A sign is no digit.
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hexadecimal.then(|| {
            self.at += 5;
            code
        })
    }
}

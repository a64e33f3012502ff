//! Tokens as pieces of text: how they are spaced, what belongs together, and where a line must end.
//!
//! The text is the item on one line, so that whatever fits on a line is copied. Nothing here knows Rust's grammar: a `<`
//! is taken for a list of generics, and a brace for a block, by the words before it. A wrong guess costs a line break,
//! never a token.

use super::level::{Level, Word};
use super::piece::{Fence, Kind, Piece};
use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenTree};
use std::fmt::Write as _;
use std::iter::Peekable;

/// An item, in pieces.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) text: String,
    pub(super) all: Vec<Piece>,
    hard: usize,
}

/// Marks of several characters; the tokens say which characters are joined.
const JOINED: [&str; 24] = [
    "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "..", "...", "..=", "+=", "-=", "*=",
    "/=", "%=", "^=", "&=", "|=", "<<", ">>", "<<=", ">>=",
];

type Tokens = Peekable<IntoIter>;

impl Pieces {
    /// Reads the next item; `false` when there is none.
    pub(super) fn read_item(&mut self, tokens: &mut Tokens) -> bool {
        self.text.clear();
        self.all.clear();
        self.hard = 0;
        let mut level = Level::new();
        while let Some(token) = tokens.next() {
            self.token(token, tokens, &mut level);
            if self.item_ends(tokens) {
                break;
            }
        }
        self.unmatched(&level);
        !self.all.is_empty()
    }

    /// Whether the item that is read ends here: with a semicolon, or with the braces of what is declared.
    fn item_ends(&self, rest: &mut Tokens) -> bool {
        let Some(last) = self.all.last() else {
            return false;
        };
        match last.kind {
            Kind::Semicolon => true,
            Kind::Close => {
                let ends =
                    matches!(self.all[last.partner].kind, Kind::Open(fence) if fence.is_hard());
                ends && !matches!(rest.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == ';')
            }
            _ => false,
        }
    }

    fn token(&mut self, token: TokenTree, rest: &mut Tokens, level: &mut Level) {
        match token {
            TokenTree::Ident(word) => self.word(&word, level),
            TokenTree::Literal(literal) => {
                self.push(Kind::Plain, !level.glued, |text| write!(text, "{literal}"));
                level.operand();
            }
            TokenTree::Punct(mark) => match (mark.as_char(), rest.peek()) {
                ('\'', Some(TokenTree::Ident(_))) => {
                    let space = !level.glued;
                    if let Some(TokenTree::Ident(name)) = rest.next() {
                        self.push(Kind::Plain, space, |text| write!(text, "'{name}"));
                    }
                    level.mark(false);
                }
                ('#', Some(TokenTree::Group(_))) => self.attribute(None, rest, level),
                ('#', Some(TokenTree::Punct(next))) if next.as_char() == '!' => {
                    let bang = rest.next();
                    self.attribute(bang, rest, level);
                }
                _ => self.mark(&mark, rest, level),
            },
            TokenTree::Group(group) => self.group(Opened::from(group), level),
        }
    }

    fn push(
        &mut self,
        kind: Kind,
        space: bool,
        write: impl FnOnce(&mut String) -> std::fmt::Result,
    ) -> usize {
        if space {
            self.text.push(' ');
        }
        let start = self.text.len();
        // Writing to a string cannot fail.
        let _ = write(&mut self.text);
        self.all.push(Piece {
            kind,
            space,
            ends_line: false,
            start,
            end: self.text.len(),
            partner: 0,
            hard: self.hard,
        });
        self.all.len() - 1
    }

    fn put(&mut self, kind: Kind, space: bool, text: &str) -> usize {
        self.push(kind, space, |all| {
            all.push_str(text);
            Ok(())
        })
    }

    fn word(&mut self, word: &Ident, level: &mut Level) {
        let index = self.push(Kind::Plain, !level.glued, |text| write!(text, "{word}"));
        let Piece { start, end, .. } = self.all[index];
        let word = Word::of(&self.text[start..end], level.after_dot);
        match word {
            Word::Fn => self.all[index].kind = Kind::Fn,
            Word::Where => self.all[index].kind = Kind::Where,
            _ => {}
        }
        level.word(word);
    }

    fn mark(&mut self, first: &Punct, rest: &mut Tokens, level: &mut Level) {
        let mut bytes = [0_u8; 4];
        let mut mark: &str = first.as_char().encode_utf8(&mut bytes);
        let mut joint = first.spacing() == Spacing::Joint;
        let alone = match mark {
            "<" => level.begins_generics(),
            ">" => !level.angles.is_empty(),
            _ => false,
        };
        while joint && !alone {
            let Some(TokenTree::Punct(next)) = rest.peek() else {
                break;
            };
            let last = next.as_char();
            let longer = JOINED
                .iter()
                .find(|longer| longer.strip_suffix(last) == Some(mark));
            let Some(longer) = longer else {
                break;
            };
            mark = longer;
            joint = next.spacing() == Spacing::Joint;
            rest.next();
        }
        let (operand, space) = (level.is_operand, !level.glued);
        match mark {
            "," => {
                self.put(Kind::Comma, false, mark);
                level.mark(false);
            }
            ";" => {
                self.put(Kind::Semicolon, false, mark);
                level.ends_statement();
            }
            ":" => {
                self.put(Kind::Plain, false, mark);
                level.mark(false);
            }
            "." => {
                self.put(Kind::Dot, false, mark);
                level.mark(true);
                level.after_dot = true;
            }
            "::" => {
                self.put(Kind::Plain, space && !operand, mark);
                level.mark(true);
                level.after_path = true;
            }
            ".." | "..=" | "..." => {
                self.put(Kind::Plain, space && !operand, mark);
                level.mark(true);
            }
            "?" if operand => {
                self.put(Kind::Plain, false, mark);
                level.operand();
            }
            "!" if operand => {
                self.put(Kind::Plain, false, mark);
                level.mark(true);
                level.after_bang = true;
            }
            "&" | "&&" | "*" | "-" | "!" | "?" if !operand => {
                self.put(Kind::Plain, space, mark);
                level.mark(true);
            }
            "|" if level.bar.is_some() => {
                self.close(level.bar.take(), false, mark);
                level.mark(false);
            }
            "|" if !operand => {
                level.bar = Some(self.put(Kind::Open(Fence::Bar), space, mark));
                level.mark(true);
            }
            "<" if alone => {
                let open = self.put(
                    Kind::Open(Fence::Angle),
                    space && !level.takes_generics(),
                    mark,
                );
                level.angles.push((open, level.declares_generics));
                level.mark(true);
            }
            ">" if alone => {
                if let Some((open, declared)) = level.angles.pop() {
                    self.close(Some(open), false, mark);
                    level.operand();
                    // After `impl<T>` a path begins anew.
                    level.is_operand = !declared;
                }
            }
            "=" => {
                let kind = if level.angles.is_empty() {
                    Kind::Assign
                } else {
                    Kind::Plain
                };
                self.put(kind, true, mark);
                level.mark(false);
                level.in_pattern = false;
            }
            "=>" => {
                self.put(Kind::Arrow, true, mark);
                level.ends_statement();
            }
            "&&" | "||" if operand => {
                self.put(Kind::Either, true, mark);
                level.mark(false);
            }
            _ => {
                self.put(Kind::Plain, space, mark);
                level.mark(mark == "$");
            }
        }
    }

    fn close(&mut self, open: Option<usize>, space: bool, text: &str) {
        let index = self.put(Kind::Close, space, text);
        if let Some(open) = open {
            self.all[open].partner = index;
            self.all[index].partner = open;
        }
    }

    fn group(&mut self, group: Opened, level: &mut Level) {
        let Opened {
            delimiter,
            mut tokens,
        } = group;
        let (fence, open, close) = match delimiter {
            Delimiter::Parenthesis => (Fence::Round, "(", ")"),
            Delimiter::Bracket => (Fence::Square, "[", "]"),
            Delimiter::Brace => (level.brace(), "{", "}"),
            Delimiter::None => {
                while let Some(token) = tokens.next() {
                    self.token(token, &mut tokens, level);
                }
                return;
            }
        };
        let call = matches!(fence, Fence::Round | Fence::Square) && level.is_called();
        let empty = tokens.peek().is_none();
        if fence.is_hard() && !empty {
            self.hard += 1;
        }
        let open = self.put(Kind::Open(fence), !level.glued && !call, open);
        let apart = delimiter == Delimiter::Brace && fence != Fence::Names && !empty;
        if apart {
            self.inside(&mut tokens, Level::apart());
        } else {
            self.inside(&mut tokens, Level::new());
        }
        self.close(Some(open), apart, close);
        level.operand();
        level.is_operand = !fence.is_hard();
    }

    fn inside(&mut self, tokens: &mut Tokens, mut level: Level) {
        while let Some(token) = tokens.next() {
            self.token(token, tokens, &mut level);
        }
        self.unmatched(&level);
    }

    /// What began no list after all.
    fn unmatched(&mut self, level: &Level) {
        let angles = level.angles.iter().map(|(open, _)| *open);
        for open in angles.chain(level.bar) {
            self.all[open].kind = Kind::Plain;
        }
    }

    /// An attribute, or documentation, each with the line to itself.
    fn attribute(&mut self, bang: Option<TokenTree>, rest: &mut Tokens, level: &mut Level) {
        let inner = bang.is_some();
        let Some(TokenTree::Group(group)) = rest.next() else {
            return;
        };
        match documentation(group) {
            Ok(text) => {
                let mark = if inner { "//!" } else { "///" };
                for line in text.split('\n') {
                    self.hard += 1;
                    let line = super::visible(line.trim_end());
                    let index = self.push(Kind::Doc, false, |all| {
                        all.push_str(mark);
                        all.push_str(&line);
                        Ok(())
                    });
                    self.all[index].ends_line = true;
                }
            }
            Err(group) => {
                let pound = self.put(Kind::Attribute, false, if inner { "#!" } else { "#" });
                level.mark(true);
                self.group(group, level);
                self.hard += 1;
                let last = self.all.len() - 1;
                self.all[pound].partner = last;
                self.all[last].ends_line = true;
                self.all[last].hard = self.hard;
            }
        }
        level.mark(true);
    }
}

/// The brackets of a group, and what is in them: read without being copied, when nobody else holds the group.
struct Opened {
    delimiter: Delimiter,
    tokens: Tokens,
}

impl From<Group> for Opened {
    fn from(group: Group) -> Self {
        let (delimiter, stream) = (group.delimiter(), group.stream());
        drop(group);
        let tokens = stream.into_iter().peekable();
        Opened { delimiter, tokens }
    }
}

/// The text of `[doc = "text"]`; the group, unless it would be documentation when written as such.
fn documentation(group: Group) -> Result<String, Opened> {
    let mut group = Opened::from(group);
    let begins = matches!(group.tokens.peek(), Some(TokenTree::Ident(word)) if word == "doc");
    if !begins {
        return Err(group);
    }
    let Opened { delimiter, tokens } = group;
    let read: Vec<TokenTree> = tokens.collect();
    if let [_, _, TokenTree::Literal(literal), ..] = read.as_slice()
        && let Some(text) = unquoted(literal)
        && !text.split('\n').any(|line| line.starts_with('/'))
    {
        return Ok(text);
    }
    Err(Group::new(delimiter, read.into_iter().collect()).into())
}

fn unquoted(literal: &Literal) -> Option<String> {
    let written = literal.to_string();
    let plain = written
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    if let Some(text) = plain.filter(|text| !text.contains(['\\', '\r'])) {
        return Some(text.to_owned());
    }
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}

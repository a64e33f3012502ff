//! What the words and marks read so far, at one level of brackets, say of the next.

use super::piece::Fence;

/// A word, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A name of a value, a module or a built-in type.
    Name,
    /// A name of a type, which may have generics.
    Type,
    /// `fn`
    Fn,
    /// `where`
    Where,
    /// `impl`, `for`: generics may follow, and a block later.
    Impl,
    /// A word that a block follows, soon or late.
    Block,
    /// `match`
    Match,
    /// `struct`, `enum`
    Declares,
    /// `let`
    Let,
    /// `pub`
    Pub,
    /// Another word of the language.
    Other,
}

impl Word {
    /// What `text` is; after a dot, every word is a name.
    pub(super) fn of(text: &str, after_dot: bool) -> Word {
        if text.starts_with(|c: char| c.is_ascii_uppercase()) {
            // `MAX < 3` compares.
            let loud = text.len() > 1 && !text.contains(|c: char| c.is_ascii_lowercase());
            return if loud { Word::Name } else { Word::Type };
        }
        if after_dot || text.len() > 6 {
            return Word::Name;
        }
        match text {
            "fn" => Word::Fn,
            "where" => Word::Where,
            "impl" | "for" => Word::Impl,
            "if" | "while" | "loop" | "else" | "unsafe" | "mod" | "trait" => Word::Block,
            "match" => Word::Match,
            "struct" | "enum" => Word::Declares,
            "let" => Word::Let,
            "pub" => Word::Pub,
            "as" | "async" | "break" | "const" | "dyn" | "extern" | "in" | "move" | "mut"
            | "ref" | "return" | "static" | "type" | "use" => Word::Other,
            _ => Word::Name,
        }
    }
}

/// What was read at one level of brackets.
#[derive(Default)]
pub(super) struct Level {
    /// Nothing comes between the last piece and the next.
    pub(super) glued: bool,
    /// The last piece ends an operand: a mark that follows has a left side.
    pub(super) is_operand: bool,
    pub(super) after_dot: bool,
    /// After `::`.
    pub(super) after_path: bool,
    /// After the `!` of a macro.
    pub(super) after_bang: bool,
    /// After `impl` or `for`, whose generics end where another path begins.
    pub(super) declares_generics: bool,
    /// Lists of generics that are open, and whether they are declared there.
    pub(super) angles: Vec<(usize, bool)>,
    /// The closure's parameters that are open.
    pub(super) bar: Option<usize>,
    /// Between `let` and `=`.
    pub(super) in_pattern: bool,
    /// What the next brace of the statement holds.
    block: Option<Fence>,
    may_have_generics: bool,
    after_fn: bool,
    after_pub: bool,
}

impl Level {
    /// The beginning of what is in brackets.
    pub(super) fn new() -> Level {
        Level {
            glued: true,
            ..Level::default()
        }
    }

    /// The beginning of what is in braces.
    pub(super) fn apart() -> Level {
        Level::default()
    }

    fn after(&mut self, glued: bool, is_operand: bool) {
        self.glued = glued;
        self.is_operand = is_operand;
        self.after_dot = false;
        self.after_path = false;
        self.after_bang = false;
        self.declares_generics = false;
        self.may_have_generics = false;
        self.after_fn = false;
        self.after_pub = false;
    }

    /// A literal, or the end of a group.
    pub(super) fn operand(&mut self) {
        self.after(false, true);
    }

    /// A mark; `glued` when nothing comes between it and the next piece.
    pub(super) fn mark(&mut self, glued: bool) {
        self.after(glued, false);
    }

    pub(super) fn ends_statement(&mut self) {
        self.after(false, false);
        self.block = None;
        self.in_pattern = false;
    }

    pub(super) fn word(&mut self, word: Word) {
        let named = self.after_fn;
        self.after(false, matches!(word, Word::Name | Word::Type));
        self.may_have_generics = named || word == Word::Type;
        match word {
            Word::Fn | Word::Block | Word::Impl => self.block = Some(Fence::Block),
            Word::Match => self.block = Some(Fence::Arms),
            Word::Declares => self.block = Some(Fence::Fields),
            Word::Let => self.in_pattern = true,
            _ => {}
        }
        self.declares_generics = word == Word::Impl;
        self.after_fn = word == Word::Fn;
        self.after_pub = word == Word::Pub;
    }

    /// What a brace that opens here holds.
    pub(super) fn brace(&mut self) -> Fence {
        if self.after_path {
            return Fence::Names;
        }
        if self.after_bang {
            return Fence::Block;
        }
        if !self.in_pattern
            && let Some(block) = self.block.take()
        {
            return block;
        }
        if self.is_operand {
            Fence::Value
        } else {
            Fence::Block
        }
    }

    /// Whether a round or square bracket that opens here belongs to the last piece.
    pub(super) fn is_called(&self) -> bool {
        self.is_operand || self.after_fn || self.after_pub || self.after_bang
    }

    /// Whether a `<` here begins a list of generics, or a qualified path.
    pub(super) fn begins_generics(&self) -> bool {
        !self.is_operand || self.may_have_generics
    }

    /// Whether such a list belongs to the last piece.
    pub(super) fn takes_generics(&self) -> bool {
        self.is_operand || self.declares_generics || self.after_fn
    }
}

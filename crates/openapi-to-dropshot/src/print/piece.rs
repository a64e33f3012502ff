//! One piece of the text, and what it means for the layout.

/// What a piece means for the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, a literal, or a mark of no meaning here.
    Plain,
    /// `fn`
    Fn,
    /// `where`
    Where,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `=`
    Assign,
    /// `=>`
    Arrow,
    /// `&&` or `||` between two operands.
    Either,
    /// A line of documentation.
    Doc,
    /// `#` of an attribute.
    Attribute,
    /// The beginning of a group.
    Open(Fence),
    /// Its end.
    Close,
}

/// What a group holds, and how it is written when it is not on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fence {
    /// `( )`
    Round,
    /// `[ ]`
    Square,
    /// `< >` of generics.
    Angle,
    /// `| |` of a closure's parameters.
    Bar,
    /// Statements or items: always on lines of their own.
    Block,
    /// The arms of a `match`: likewise.
    Arms,
    /// The declared fields or variants of a type: likewise.
    Fields,
    /// The fields of a value or a pattern.
    Value,
    /// What a `use` names.
    Names,
}

impl Fence {
    /// Whether what is inside never stands on the line of the brace.
    pub(super) fn is_hard(self) -> bool {
        matches!(self, Fence::Block | Fence::Arms | Fence::Fields)
    }
}

/// One piece of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// Whether a blank comes before it, unless a line begins there.
    pub(super) space: bool,
    /// Whether a line ends after it: it is documentation or an attribute.
    pub(super) ends_line: bool,
    /// Its place in the text.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of the beginning of a group: the index of its end.
    pub(super) partner: usize,
    /// How many pieces, up to this one, need lines of their own.
    pub(super) hard: usize,
}

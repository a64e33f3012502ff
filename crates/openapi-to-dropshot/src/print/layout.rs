//! Pieces on lines: what fits on a line stands there; what does not is broken at its widest brackets.

use super::piece::{Fence, Kind, Piece};
use super::pieces::Pieces;

/// Characters of a line, as rustfmt counts.
const WIDTH: usize = 100;
const INDENT: usize = 4;
/// A call on so short a name stays beside it.
const SHORT: usize = INDENT;

/// Appends the item to `out`.
pub(super) fn lay(pieces: &Pieces, out: &mut String) {
    let mut layout = Layout {
        text: &pieces.text,
        all: &pieces.all,
        line: out.len(),
        out,
        indent: 0,
        fresh: true,
    };
    layout.statement(0, pieces.all.len());
    layout.newline();
}

/// Whether the item stands on several lines.
pub(super) fn is_long(pieces: &Pieces) -> bool {
    pieces.text.len() > WIDTH || pieces.all.last().is_some_and(|last| last.hard > 0)
}

/// An item while it is put on lines.
pub(super) struct Layout<'a> {
    pub(super) text: &'a str,
    pub(super) all: &'a [Piece],
    out: &'a mut String,
    indent: usize,
    /// Where the line began.
    line: usize,
    /// Whether nothing is on the line.
    fresh: bool,
}

impl Layout<'_> {
    fn newline(&mut self) {
        if !self.fresh {
            self.out.push('\n');
            self.line = self.out.len();
            self.fresh = true;
        }
    }

    /// The pieces from `from` up to `to`, on this line.
    fn flat(&mut self, from: usize, to: usize) {
        let (Some(first), Some(last)) = (self.all.get(from), self.all[..to].last()) else {
            return;
        };
        if from >= to {
            return;
        }
        if self.fresh {
            const BLANKS: &str = "                                                                ";
            let mut left = self.indent;
            while left > 0 {
                let some = left.min(BLANKS.len());
                self.out.push_str(&BLANKS[..some]);
                left -= some;
            }
            self.fresh = false;
        } else if first.space {
            self.out.push(' ');
        }
        self.out.push_str(&self.text[first.start..last.end]);
    }

    /// Whether pieces need lines of their own.
    fn is_hard(&self, from: usize, to: usize) -> bool {
        let until = |index: usize| index.checked_sub(1).map_or(0, |last| self.all[last].hard);
        from < to && until(to) > until(from)
    }

    fn width(&self, from: usize, to: usize) -> usize {
        if from >= to {
            return 0;
        }
        let first = &self.all[from];
        self.all[to - 1].end - first.start + usize::from(first.space)
    }

    /// Whether the pieces fit on the rest of the line.
    fn fits(&self, from: usize, to: usize) -> bool {
        let column = if self.fresh {
            self.indent
        } else {
            self.out.len() - self.line
        };
        !self.is_hard(from, to) && column + self.width(from, to) <= WIDTH
    }

    /// Whether the pieces fit on a line of their own, one level deeper.
    fn fits_below(&self, from: usize, to: usize) -> bool {
        !self.is_hard(from, to) && self.indent + INDENT + self.width(from, to) <= WIDTH
    }

    /// Each part, as `end` finds it, on lines of its own.
    fn parts(&mut self, from: usize, to: usize, end: fn(&Self, usize, usize) -> usize) {
        let mut at = from;
        while at < to {
            let after = end(self, at, to);
            self.statement(at, after);
            if after < to {
                self.newline();
            }
            at = after;
        }
    }

    /// An item, a statement, an arm, or one of several in brackets: what is said of it, and it.
    fn statement(&mut self, from: usize, to: usize) {
        let mut from = from;
        while from < to {
            let piece = &self.all[from];
            let end = match piece.kind {
                Kind::Doc => from + 1,
                Kind::Attribute => piece.partner + 1,
                _ => break,
            };
            if self.width(from, end) + self.indent <= WIDTH {
                self.flat(from, end);
            } else {
                self.flow(from, end);
            }
            self.newline();
            from = end;
        }
        if self.fits(from, to) {
            self.flat(from, to);
        } else if let Some(bounds) = self.find(from, to, Kind::Where) {
            self.bounded(from, bounds, to);
        } else if let Some(declared) = self.find(from, to, Kind::Fn) {
            let end = self.block(from, to).unwrap_or(to);
            self.head(from, declared, end);
            self.flow(end, to);
        } else {
            self.assigned(from, to);
        }
    }

    /// `where`, and each bound, on a line of its own.
    fn bounded(&mut self, from: usize, bounds: usize, to: usize) {
        self.head(from, from, bounds);
        self.newline();
        self.flat(bounds, bounds + 1);
        self.newline();
        let end = self.block(bounds, to).unwrap_or(to);
        self.indent += INDENT;
        self.parts(bounds + 1, end, Self::end_of_element);
        self.newline();
        self.indent -= INDENT;
        self.flow(end, to);
    }

    /// What comes before a block: what does not fit is broken at the parameters first.
    fn head(&mut self, from: usize, declared: usize, to: usize) {
        if self.fits(from, to) {
            return self.flat(from, to);
        }
        match self.find(declared, to, Kind::Open(Fence::Round)) {
            Some(open) if self.all[open].partner > open + 1 => {
                self.flow(from, open);
                self.broken(open);
                self.flow(self.all[open].partner + 1, to);
            }
            _ => self.flow(from, to),
        }
    }

    /// `place = value` or `pattern => value`.
    fn assigned(&mut self, from: usize, to: usize) {
        let mark = match self.find(from, to, Kind::Arrow) {
            None => self.find(from, to, Kind::Assign),
            arrow => arrow,
        };
        let Some(mark) = mark.filter(|_| !self.fits(from, to)) else {
            return self.value(from, to);
        };
        self.flow(from, mark + 1);
        if !self.fits(mark + 1, to) && self.fits_below(mark + 1, to) {
            self.indent += INDENT;
            self.newline();
            self.flat(mark + 1, to);
            self.indent -= INDENT;
        } else {
            self.value(mark + 1, to);
        }
    }

    /// An expression: broken before its operators, or its calls, or inside its brackets.
    fn value(&mut self, from: usize, to: usize) {
        let head = self.block(from, to).unwrap_or(to);
        if self.fits(from, to) {
            self.flat(from, to);
        } else if head < to && self.fits(from, head) {
            self.flow(from, to);
        } else if let Some(first) = self.find(from, to, Kind::Either) {
            self.split(from, first, to, |layout, index| {
                layout.find(index, to, Kind::Either)
            });
        } else if let Some(first) = self.chain(from, to) {
            self.split(from, first, to, |layout, index| layout.call(index, to));
        } else {
            self.flow(from, to);
        }
    }

    /// Breaks the line before the piece `first`, and before all that `next` finds after it.
    fn split(
        &mut self,
        from: usize,
        first: usize,
        to: usize,
        next: impl Fn(&Self, usize) -> Option<usize>,
    ) {
        self.flow(from, first);
        self.indent += INDENT;
        let mut at = Some(first);
        while let Some(index) = at {
            self.newline();
            at = next(self, index + 1);
            self.flow(index, at.unwrap_or(to));
        }
        self.indent -= INDENT;
    }

    /// The next `.method(` outside of groups.
    fn call(&self, from: usize, to: usize) -> Option<usize> {
        let mut index = from;
        loop {
            index = self.find(index, to, Kind::Dot)?;
            let mut after = index + 2;
            // `.method::<T>(`
            if after < to && self.is(after, "::") {
                after = self.next(after + 1);
            }
            if after < to && self.all[after].kind == Kind::Open(Fence::Round) {
                return Some(index);
            }
            index += 1;
        }
    }

    /// Where a chain of several calls is broken first; none if there is one call only.
    fn chain(&self, from: usize, to: usize) -> Option<usize> {
        let first = self.call(from, to)?;
        if self.width(from, first) <= SHORT {
            return self.call(first + 1, to);
        }
        let several = self.call(first + 1, to).is_some()
            || self.find(from, first, Kind::Open(Fence::Round)).is_some();
        several.then_some(first)
    }

    /// One piece after the other, with groups broken that do not fit.
    fn flow(&mut self, from: usize, to: usize) {
        let mut index = from;
        while index < to {
            let next = self.next(index);
            if matches!(self.all[index].kind, Kind::Open(_)) {
                let mut tail = next;
                while tail < to && !matches!(self.all[tail].kind, Kind::Open(_)) {
                    tail += 1;
                }
                if self.fits(index, next) && self.fits(index, tail) {
                    self.flat(index, next);
                } else {
                    self.broken(index);
                }
            } else {
                self.flat(index, next);
                if self.all[index].ends_line {
                    self.newline();
                }
            }
            index = next;
        }
    }

    /// A group, on several lines.
    fn broken(&mut self, open: usize) {
        let Piece {
            kind,
            partner: close,
            ..
        } = self.all[open];
        let (from, to) = (open + 1, close);
        self.flat(open, from);
        let end = match kind {
            _ if from == to => {
                return self.flat(close, close + 1);
            }
            Kind::Open(Fence::Block) => Self::end_of_statement,
            Kind::Open(Fence::Arms) => Self::end_of_arm,
            Kind::Open(Fence::Fields | Fence::Value | Fence::Names) => Self::end_of_element,
            _ => {
                if self.hugs(from, to) {
                    self.flow(from, to);
                    return self.flat(close, close + 1);
                }
                Self::end_of_element
            }
        };
        self.newline();
        self.indent += INDENT;
        self.parts(from, to, end);
        // Only where fields are declared is it sure that a comma may stand.
        if kind == Kind::Open(Fence::Fields) && self.all[to - 1].kind != Kind::Comma {
            self.out.push(',');
        }
        self.newline();
        self.indent -= INDENT;
        self.flat(close, close + 1);
    }

    /// Whether what is in brackets begins on their line and ends on it: its last part is a group, before which
    /// everything fits.
    fn hugs(&self, from: usize, to: usize) -> bool {
        let last = to - 1;
        if self.all[last].kind != Kind::Close || self.all[last].ends_line {
            return false;
        }
        let open = self.all[last].partner;
        let single = self.end_of_element(from, to) == to;
        let alone = single && self.chain(from, to).is_none();
        // A block as the last of several: a closure.
        let closure = self.is_hard(open, to) && !self.is_hard(from, open);
        (alone || closure)
            && self.find(from, to, Kind::Either).is_none()
            && self.fits(from, open + 1 - usize::from(self.is_hard(open, open + 1)))
    }
}

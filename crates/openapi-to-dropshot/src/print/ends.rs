//! Where parts of an item begin and end: what is outside of its groups.

use super::layout::Layout;
use super::piece::Kind;

impl Layout<'_> {
    /// The piece after this one, or after the group that begins with it.
    pub(super) fn next(&self, index: usize) -> usize {
        match self.all[index].kind {
            Kind::Open(_) => self.all[index].partner + 1,
            _ => index + 1,
        }
    }

    /// The first piece of the kind outside of groups.
    pub(super) fn find(&self, from: usize, to: usize, kind: Kind) -> Option<usize> {
        let mut index = from;
        while index < to {
            if self.all[index].kind == kind {
                return Some(index);
            }
            index = self.next(index);
        }
        None
    }

    /// The first block outside of groups.
    pub(super) fn block(&self, from: usize, to: usize) -> Option<usize> {
        let mut index = from;
        while index < to {
            match self.all[index].kind {
                Kind::Open(fence) if fence.is_hard() => return Some(index),
                _ => index = self.next(index),
            }
        }
        None
    }

    pub(super) fn is(&self, index: usize, text: &str) -> bool {
        let piece = &self.all[index];
        &self.text[piece.start..piece.end] == text
    }

    /// Whether what follows a block still belongs to its statement.
    pub(super) fn goes_on(&self, index: usize) -> bool {
        let piece = &self.all[index];
        match piece.kind {
            Kind::Dot | Kind::Comma | Kind::Semicolon | Kind::Assign | Kind::Either => true,
            Kind::Plain => ["else", "as", "?", "==", "!=", "+"]
                .iter()
                .any(|word| self.is(index, word)),
            _ => false,
        }
    }

    pub(super) fn end_of_statement(&self, from: usize, to: usize) -> usize {
        let mut index = from;
        while index < to {
            let next = self.next(index);
            match self.all[index].kind {
                Kind::Semicolon => return next,
                Kind::Open(fence) if fence.is_hard() && next < to && !self.goes_on(next) => {
                    return next;
                }
                _ => index = next,
            }
        }
        to
    }

    pub(super) fn end_of_arm(&self, from: usize, to: usize) -> usize {
        let mut index = from;
        let mut in_body = false;
        while index < to {
            let next = self.next(index);
            match self.all[index].kind {
                Kind::Comma => return next,
                Kind::Arrow => in_body = true,
                Kind::Open(fence)
                    if in_body && fence.is_hard() && next < to && !self.goes_on(next) =>
                {
                    return next;
                }
                _ => {}
            }
            index = next;
        }
        to
    }

    pub(super) fn end_of_element(&self, from: usize, to: usize) -> usize {
        self.find(from, to, Kind::Comma)
            .map_or(to, |comma| comma + 1)
    }
}

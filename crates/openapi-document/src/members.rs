//! The members of a mapping: in the order of the document, and found by their keys however many there are.

use crate::node::Entry;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

/// Up to so many, looking at one after the other is as quick as anything.
const FEW: usize = 16;

/// The members of a mapping. A list of [`Entry`], which finds one by its key in few steps.
#[derive(Debug, Clone, Default)]
pub struct Members {
    list: Vec<Entry>,
    /// The places of the members by their keys; made when first asked for, forgotten when anything changes.
    order: OnceLock<Box<[usize]>>,
}

impl Members {
    /// The member named `key`.
    pub fn find(&self, key: &str) -> Option<&Entry> {
        if self.list.len() <= FEW {
            return self.list.iter().find(|entry| entry.key == key);
        }
        let key_at = |at: &usize| self.list[*at].key.as_str();
        let order = self.order.get_or_init(|| {
            let mut order: Box<[usize]> = (0..self.list.len()).collect();
            order.sort_by(|a, b| key_at(a).cmp(key_at(b)));
            order
        });
        let at = order.partition_point(|at| key_at(at) < key);
        let entry = &self.list[*order.get(at)?];
        (entry.key == key).then_some(entry)
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Deref for Members {
    type Target = Vec<Entry>;

    fn deref(&self) -> &Vec<Entry> {
        &self.list
    }
}

impl DerefMut for Members {
    fn deref_mut(&mut self) -> &mut Vec<Entry> {
        self.order.take();
        &mut self.list
    }
}

impl From<Vec<Entry>> for Members {
    fn from(list: Vec<Entry>) -> Self {
        Members {
            list,
            order: OnceLock::new(),
        }
    }
}

impl FromIterator<Entry> for Members {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        entries.into_iter().collect::<Vec<Entry>>().into()
    }
}

impl IntoIterator for Members {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a mut Members {
    type Item = &'a mut Entry;
    type IntoIter = std::slice::IterMut<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.deref_mut().iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{Content, Node, Span};

    fn entry(key: &str, number: u64) -> Entry {
        Entry {
            key: key.to_owned(),
            key_span: Span::default(),
            node: Node {
                span: Span::default(),
                content: Content::Number(number.into()),
            },
        }
    }

    #[test]
    fn a_member_is_found_by_its_key_among_few_and_many_also_after_a_change() {
        for count in [3, 1000] {
            let keys = (0..count).map(|n| (format!("k{n}"), n));
            let mut members: Members = keys.map(|(key, n)| entry(&key, n)).collect();
            let found = |members: &Members, key: &str| members.find(key).map(|e| e.node.clone());
            assert_eq!(found(&members, "k2"), Some(entry("", 2).node));
            assert_eq!(found(&members, "k"), None);
            assert_eq!(found(&members, "z"), None);
            members.insert(0, entry("a", 7));
            members.retain(|entry| entry.key != "k2");
            assert_eq!(found(&members, "a"), Some(entry("", 7).node));
            assert_eq!(found(&members, "k2"), None);
            // Of two alike, the first.
            members.push(entry("a", 8));
            assert_eq!(found(&members, "a"), Some(entry("", 7).node));
        }
    }
}

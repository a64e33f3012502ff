//! A published key set: what of it can be used, and which key a token is proved with.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::jwk::{Key, Unfit};
use crate::error::Reason;
use crate::token::{MAX_KID, object};

/// Most keys of a set; the rest is left out.
const MAX_KEYS: usize = 64;

/// The sound keys of a key set.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    keys: Vec<Arc<Key>>,
    /// The others, by their identifiers, as far as these are told of.
    pub(crate) ignored: Vec<(Option<String>, Unfit)>,
    /// How many came after the most that a set may have.
    pub(crate) beyond: usize,
}

/// Why a document is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKeySet {
    /// It is not JSON, or ambiguous.
    Json,
    /// It has no array `keys`.
    Shape,
    /// It has keys, and none of them can be used. (One without keys says that no token is to be trusted; this one
    /// says nothing.)
    NothingUsable,
}

impl fmt::Display for NoKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoKeySet::Json => "it is not an unambiguous JSON object",
            NoKeySet::Shape => "it has no array of keys",
            NoKeySet::NothingUsable => "none of its keys can be used",
        })
    }
}

impl KeySet {
    /// The set that a document describes (RFC 7517, section 5).
    pub(crate) fn read(document: &[u8]) -> Result<Self, NoKeySet> {
        let members = object(document).ok_or(NoKeySet::Json)?;
        let jwks = members
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(NoKeySet::Shape)?;
        let mut set = Self {
            beyond: jwks.len().saturating_sub(MAX_KEYS),
            ..Self::default()
        };
        for jwk in jwks.iter().take(MAX_KEYS) {
            let kid = jwk.get("kid").and_then(Value::as_str);
            let kid = kid.map(|kid| kid.chars().take(MAX_KID).collect());
            let key = match jwk.as_object() {
                Some(members) => Key::read(members),
                None => Err(Unfit::Malformed),
            };
            match key {
                Ok(key) if set.has_twin(&key) => set.ignored.push((kid, Unfit::Twin)),
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(unfit) => set.ignored.push((kid, unfit)),
            }
        }
        if set.keys.is_empty() && !jwks.is_empty() {
            Err(NoKeySet::NothingUsable)
        } else {
            Ok(set)
        }
    }

    /// Whether a key of the same identifier could prove the same tokens: which of the two would be by chance.
    fn has_twin(&self, key: &Key) -> bool {
        key.kid.is_some()
            && self.keys.iter().any(|other| {
                other.kid == key.kid
                    && other
                        .algorithms
                        .iter()
                        .any(|alg| key.algorithms.contains(alg))
            })
    }

    /// How many keys can be used.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// How many cannot.
    pub(crate) fn ignored_in_all(&self) -> usize {
        self.ignored.len() + self.beyond
    }

    /// The identifiers of the keys, in order.
    pub(crate) fn kids(&self) -> Vec<&str> {
        self.keys
            .iter()
            .map(|key| key.kid.as_deref().unwrap_or("-"))
            .collect()
    }

    /// The key for a token that names `kid`, or none.
    ///
    /// # Errors
    /// [`Reason::UnknownKey`], where a newer set may help; [`Reason::KeyMismatch`] and [`Reason::AmbiguousKey`].
    pub(crate) fn select(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&Arc<Key>, Reason> {
        let mut named = self
            .keys
            .iter()
            .filter(|key| kid.is_none() || key.kid.as_deref() == kid)
            .peekable();
        if named.peek().is_none() {
            return Err(Reason::UnknownKey);
        }
        let mut fitting = named.filter(|key| key.algorithms.contains(&algorithm));
        match (fitting.next(), fitting.next(), kid) {
            (Some(key), None, _) => Ok(key),
            (Some(_), Some(_), _) => Err(Reason::AmbiguousKey),
            (None, _, Some(_)) => Err(Reason::KeyMismatch),
            (None, _, None) => Err(Reason::UnknownKey),
        }
    }
}

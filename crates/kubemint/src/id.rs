//! Names: of a kubeconfig.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The name of a kubeconfig, unique in its cluster and never used again: 1 to 63 characters that match
/// `^[a-z]([-a-z0-9]*[a-z0-9])?$` (spec: schema `KubeconfigId`). It is also the name of the ServiceAccount that
/// stands for it, which Kubernetes holds to the same alphabet (RFC 1123 labels).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubeconfigId(String);

/// A text that is not a [`KubeconfigId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "not a kubeconfig id: 1 to 63 lower-case letters, digits or hyphens, the first a letter, the last no hyphen"
)]
pub struct InvalidId;

/// What generated ids are written with: 32 lower-case letters and digits, without the look-alikes 0, 1, l and o.
pub const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl KubeconfigId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 63;

    /// The id `kubeconfig-` and twelve characters of [`ALPHABET`], one for each byte given: 60 bits of randomness.
    #[must_use]
    pub fn generated(random: [u8; 12]) -> Self {
        let tail: String = random
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect();
        Self(format!("kubeconfig-{tail}"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KubeconfigId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bytes = text.as_bytes();
        let within =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        match (bytes.first(), bytes.last()) {
            (Some(first), Some(last))
                if bytes.len() <= Self::MAX_LEN
                    && first.is_ascii_lowercase()
                    && *last != b'-'
                    && bytes.iter().all(within) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidId),
        }
    }
}

impl fmt::Display for KubeconfigId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_pattern_of_the_contract() {
        for good in ["a", "a1", "a-b", "kubeconfig-s2t3u4", &"a".repeat(63)] {
            assert_eq!(good.parse::<KubeconfigId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-a",
            "a-",
            "1a",
            "A",
            "a_b",
            "a.b",
            "a b",
            "é",
            "a\n",
            &"a".repeat(64),
        ] {
            assert_eq!(bad.parse::<KubeconfigId>(), Err(InvalidId), "{bad:?}");
        }
    }

    #[test]
    fn generated_ids_are_ids_whatever_the_randomness() {
        for seed in 0..=255u8 {
            let id = KubeconfigId::generated([seed; 12]);
            assert_eq!(id.as_str().parse(), Ok(id.clone()));
            assert_eq!(id.as_str().len(), "kubeconfig-".len() + 12);
        }
    }

    #[test]
    fn the_alphabet_has_32_different_letters() {
        let unique: std::collections::BTreeSet<_> = ALPHABET.iter().collect();
        assert_eq!(unique.len(), 32);
    }
}

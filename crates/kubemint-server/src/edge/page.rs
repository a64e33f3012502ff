//! Page tokens: a place in a list, signed, so that a forged one or another list's is refused, and hidden, since places are
//! numbered across the whole installation. It is what RFC 5297 calls synthetic: the signature of the place is also what
//! hides it, so that the same place in the same list has one token.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubemint::ports::{Filter, Position};
use kubemint::{ClusterKey, Principal};

/// The bytes of the signature that a token carries.
const TAG: usize = 16;

/// Makes and reads page tokens.
pub(crate) struct Pager {
    /// Signs.
    key: hmac::Key,
    /// Hides.
    veil: hmac::Key,
}

impl Pager {
    /// A pager with the installation's key, so that tokens outlive a restart.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let veil = hmac::sign(&key, b"page tokens: veil");
        Self {
            veil: hmac::Key::new(hmac::HMAC_SHA256, veil.as_ref()),
            key,
        }
    }

    /// The token of a place in the list of `cluster` as `caller` sees it through `filter`.
    pub(super) fn token(
        &self,
        caller: &Principal,
        cluster: &ClusterKey,
        filter: &Filter,
        place: Position,
    ) -> String {
        let place = place.0.to_be_bytes();
        let tag = hmac::sign(&self.key, &signed(caller, cluster, filter, place));
        let tag = &tag.as_ref()[..TAG];
        URL_SAFE_NO_PAD.encode([self.veiled(place, tag).as_slice(), tag].concat())
    }

    /// The place of a token; `None` for one that was not made here for this caller and list.
    pub(super) fn place(
        &self,
        caller: &Principal,
        cluster: &ClusterKey,
        filter: &Filter,
        token: &str,
    ) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (veiled, tag) = bytes.split_first_chunk::<8>()?;
        let position = Position(u64::from_be_bytes(self.veiled(*veiled, tag)));
        // One encoding for one place: the comparison is of what would be made, in constant time.
        let expected = self.token(caller, cluster, filter, position);
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(
            expected.as_bytes(),
            token.as_bytes(),
        );
        same.ok().map(|()| position)
    }
}

impl Pager {
    /// A place under the veil that goes with its signature, or the place of one that was.
    fn veiled(&self, place: [u8; 8], tag: &[u8]) -> [u8; 8] {
        let veil = hmac::sign(&self.veil, tag);
        let mut veiled = place;
        for (byte, mask) in veiled.iter_mut().zip(veil.as_ref()) {
            *byte ^= mask;
        }
        veiled
    }
}

/// What is signed: every part with its length, so that no two lists give the same bytes. A filter that is given is one
/// part more for its name and one for its value.
fn signed(caller: &Principal, cluster: &ClusterKey, filter: &Filter, place: [u8; 8]) -> Vec<u8> {
    let mut bytes = place.to_vec();
    let list = [
        &*caller.issuer,
        &*caller.subject,
        &*cluster.region,
        &*cluster.project,
        &*cluster.cluster,
    ];
    let narrowed = [
        ("status", filter.status.map(|status| status.as_str())),
        ("user", filter.user.as_deref()),
        ("role", filter.role.as_deref()),
    ];
    let narrowed = narrowed
        .into_iter()
        .filter_map(|(name, value)| Some([name, value?]));
    for part in list.into_iter().chain(narrowed.flatten()) {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use kubemint::Status;

    use super::*;

    fn principal(subject: &str) -> Principal {
        Principal {
            issuer: "https://issuer".to_owned(),
            subject: subject.to_owned(),
        }
    }

    fn all() -> Filter {
        Filter::default()
    }

    #[test]
    fn a_token_goes_on_with_its_own_filters_alone() {
        let pager = Pager::new(&[7; 32]);
        let here = ClusterKey::new("r", "p", "c");
        let text = |text: &str| Some(text.to_owned());
        let filters = [
            all(),
            Filter {
                status: Some(Status::Active),
                ..all()
            },
            Filter {
                status: Some(Status::Expired),
                ..all()
            },
            Filter {
                user: text("a"),
                ..all()
            },
            Filter {
                role: text("a"),
                ..all()
            },
            Filter {
                user: text("a"),
                role: text("a"),
                ..all()
            },
            Filter {
                user: text("active"),
                ..all()
            },
        ];
        for (at, filter) in filters.iter().enumerate() {
            let token = pager.token(&principal("alice"), &here, filter, Position(42));
            for (other, with) in filters.iter().enumerate() {
                let read = pager.place(&principal("alice"), &here, with, &token);
                let expected = (at == other).then_some(Position(42));
                assert_eq!(read, expected, "{filter:?} with {with:?}");
            }
        }
    }

    #[test]
    fn a_token_is_read_by_the_same_caller_in_the_same_list_alone() {
        let pager = Pager::new(&[7; 32]);
        let here = ClusterKey::new("r", "p", "c");
        let token = pager.token(&principal("alice"), &here, &all(), Position(42));
        assert_eq!(
            pager.place(&principal("alice"), &here, &all(), &token),
            Some(Position(42))
        );
        assert_eq!(pager.place(&principal("bob"), &here, &all(), &token), None);
        assert_eq!(
            pager.place(
                &principal("alice"),
                &ClusterKey::new("r", "pc", ""),
                &all(),
                &token
            ),
            None
        );
        assert_eq!(
            Pager::new(&[8; 32]).place(&principal("alice"), &here, &all(), &token),
            None
        );
    }

    #[test]
    fn a_changed_token_is_refused() {
        let pager = Pager::new(&[7; 32]);
        let here = ClusterKey::new("r", "p", "c");
        let token = pager.token(&principal("alice"), &here, &all(), Position(42));
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(
                pager.place(&principal("alice"), &here, &all(), &forged),
                None,
                "{forged}"
            );
        }
        for forged in [
            "",
            "A",
            "AAAAAAAAACo",
            &token[..token.len() - 1],
            &format!("{token}A"),
        ] {
            assert_eq!(
                pager.place(&principal("alice"), &here, &all(), forged),
                None,
                "{forged}"
            );
        }
    }

    #[test]
    fn a_token_does_not_tell_the_place() {
        let pager = Pager::new(&[7; 32]);
        let here = ClusterKey::new("r", "p", "c");
        let bytes = |place| {
            let token = pager.token(&principal("alice"), &here, &all(), Position(place));
            URL_SAFE_NO_PAD.decode(token).unwrap()
        };
        let (one, next) = (bytes(42), bytes(43));
        assert_ne!(one[..8], 42_u64.to_be_bytes());
        // Neighbours differ all over, and not by one.
        let differ = one[..8].iter().zip(&next[..8]);
        assert!(differ.filter(|(one, next)| one != next).count() >= 4);
    }
}

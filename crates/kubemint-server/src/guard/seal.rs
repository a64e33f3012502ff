//! The mark that a request carries from the guard to dropshot. The private port is on loopback, where other processes
//! of the host can reach it: what does not carry the mark has come around the guard, and is not let in.

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::house::network;

/// The header with the mark.
pub(crate) const MARK: &str = "kubemint-seal";
const SEAL: HeaderName = HeaderName::from_static(MARK);
/// The header with the peer's address, which dropshot puts into its log lines.
pub(crate) const PEER: &str = "kubemint-peer";
/// The header with the id that the request has here, which its lines, its rows and its answer have too.
pub(crate) const REQUEST: &str = "kubemint-request";

/// The id that a request has here; only of one that has the mark.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(REQUEST)?.to_str().ok()
}

/// The network that a request comes from; only of one that has the mark.
pub(crate) fn peer_network(headers: &HeaderMap) -> Option<IpAddr> {
    let peer: SocketAddr = headers.get(PEER)?.to_str().ok()?.parse().ok()?;
    Some(network(peer.ip()))
}

/// A secret of this process.
#[derive(Clone)]
pub(crate) struct Seal(HeaderValue);

/// The system has no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness")]
pub(crate) struct NoRandomness;

impl Seal {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let mut secret = [0_u8; 32];
        rand::fill(&mut secret).map_err(|_| NoRandomness)?;
        let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut value = HeaderValue::from_str(&text).map_err(|_| NoRandomness)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Puts the mark, the peer's address and the request's id in place of whatever the peer sent under these names.
    pub(crate) fn put(&self, headers: &mut HeaderMap, peer: SocketAddr, id: Uuid) {
        headers.insert(SEAL, self.0.clone());
        for (name, text) in [(PEER, peer.to_string()), (REQUEST, id.to_string())] {
            headers.remove(name);
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }

    /// Whether a request came through the guard.
    pub(crate) fn is_on(&self, headers: &HeaderMap) -> bool {
        headers
            .get(SEAL)
            .is_some_and(|mark| self.is(mark.as_bytes()))
    }

    /// Whether it is this mark.
    pub(crate) fn is(&self, mark: &[u8]) -> bool {
        verify_slices_are_equal(mark, self.0.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_sends_under_these_names_is_replaced() {
        let seal = Seal::new().unwrap();
        let mut headers = HeaderMap::new();
        for _ in 0..2 {
            headers.append(SEAL, HeaderValue::from_static("forged"));
            headers.append(PEER, HeaderValue::from_static("10.0.0.1:1"));
            headers.append(REQUEST, HeaderValue::from_static("mine"));
        }
        assert!(!seal.is_on(&headers));
        seal.put(
            &mut headers,
            SocketAddr::from(([192, 0, 2, 1], 7)),
            Uuid::nil(),
        );
        assert!(seal.is_on(&headers));
        assert_eq!(
            headers.get_all(PEER).iter().collect::<Vec<_>>(),
            ["192.0.2.1:7"]
        );
        assert_eq!(
            peer_network(&headers),
            Some(IpAddr::from([192, 0, 2, 1])),
            "without the port"
        );
        assert_eq!(headers.get_all(SEAL).iter().count(), 1);
        assert_eq!(headers.get_all(REQUEST).iter().count(), 1);
        assert_eq!(request_id(&headers), Some(Uuid::nil().to_string().as_str()));
        assert!(
            !Seal::new().unwrap().is_on(&headers),
            "each process has its own"
        );
    }
}

//! Answers over HTTP/2 that the peer has not taken yet. A peer decides by its windows how much it takes, and hyper waits for
//! it without end; so an answer keeps its request's place until the peer has it, and the connection knows how long nothing
//! was taken.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};

use crate::guard::inbound::Watch;

/// How much of an answer is given away at once, in bytes: hyper asks for the next piece when the peer has room for it.
const PIECE: usize = 16 * 1024;

/// What a connection owes its peer.
#[derive(Default)]
pub(super) struct Debts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    owed: HashMap<u64, Debt>,
    /// Since when the peer takes no bytes at all.
    blocked: Option<Instant>,
}

struct Debt {
    /// When the peer last took something of it.
    since: Instant,
    /// The place of its request; one that was refused at the door has none.
    place: Option<Arc<Watch>>,
}

impl Debts {
    /// An answer, whose request keeps `place` until the peer has it.
    pub(super) fn owe(self: &Arc<Self>, answer: Full<Bytes>, place: Option<Arc<Watch>>) -> Owed {
        if let Some(place) = &place {
            place.slot().waits();
        }
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        let since = Instant::now();
        state.owed.insert(number, Debt { since, place });
        Owed {
            left: whole(answer),
            debts: Arc::clone(self),
            number,
        }
    }

    /// Whether there is any.
    pub(super) fn any(&self) -> bool {
        !self.lock().owed.is_empty()
    }

    /// Notes whether the peer takes what is written.
    pub(super) fn takes(&self, takes: bool) {
        let mut state = self.lock();
        if takes {
            state.blocked = None;
        } else {
            state.blocked.get_or_insert_with(Instant::now);
        }
    }

    /// Whether the peer took nothing of an answer for `patience`, or nothing at all, or others need the place of one.
    pub(super) fn overdue(&self, patience: Duration) -> bool {
        let state = self.lock();
        let late = |since: Instant| since.elapsed() > patience;
        let needed =
            |debt: &Debt| (debt.place.as_ref()).is_some_and(|place| place.slot().was_taken_back());
        let owed = state.owed.values();
        state.blocked.is_some_and(late)
            || owed
                .into_iter()
                .any(|debt| late(debt.since) || needed(debt))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of an answer: one frame at most.
fn whole(answer: Full<Bytes>) -> Bytes {
    let mut answer = answer;
    let frame = answer.frame();
    let frame = futures::FutureExt::now_or_never(frame).flatten();
    let data = frame.and_then(|frame| frame.ok()?.into_data().ok());
    data.unwrap_or_default()
}

/// How much of so many bytes is given away next. The last byte goes alone: hyper asks for a piece as soon as the peer has room for
/// one byte, and for this one not before it has room for all that came before.
fn next(left: usize) -> usize {
    match left {
        1 => 1,
        left => PIECE.min(left - 1),
    }
}

/// An answer as hyper takes it: in pieces, as the peer makes room.
pub(super) struct Owed {
    left: Bytes,
    debts: Arc<Debts>,
    number: u64,
}

impl Body for Owed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let owed = self.get_mut();
        if owed.left.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(debt) = owed.debts.lock().owed.get_mut(&owed.number) {
            debt.since = Instant::now();
        }
        let piece = owed.left.split_to(next(owed.left.len()));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        // The place is let go after the lock.
        let debt = self.debts.lock().owed.remove(&self.number);
        drop(debt);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::guard::slots::{Bounds, Slots};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn places() -> Arc<Slots<IpAddr>> {
        Slots::new(Bounds {
            all: 1,
            per_key: 1,
            patience: Duration::ZERO,
        })
    }

    fn owe(debts: &Arc<Debts>, places: &Arc<Slots<IpAddr>>, bytes: usize) -> Owed {
        let place = Watch::new(places.enter(HERE).unwrap(), false);
        debts.owe(Full::new(Bytes::from(vec![b'x'; bytes])), Some(place))
    }

    #[tokio::test]
    async fn an_answer_is_given_in_pieces_and_whole() {
        let (debts, places) = (Arc::new(Debts::default()), places());
        let mut owed = owe(&debts, &places, 2 * PIECE);
        assert_eq!(owed.size_hint().exact(), Some(2 * PIECE as u64));
        let mut lengths = Vec::new();
        while let Some(Ok(frame)) = owed.frame().await {
            lengths.push(frame.into_data().unwrap().len());
        }
        assert_eq!(lengths, [PIECE, PIECE - 1, 1]);
        assert!(debts.any() && owed.is_end_stream());
        drop(owed);
        assert!(!debts.any());
    }

    #[test]
    fn what_is_not_taken_is_overdue_and_its_place_can_be_needed() {
        let (debts, places) = (Arc::new(Debts::default()), places());
        let owed = owe(&debts, &places, 1);
        assert!(!debts.overdue(Duration::from_secs(60)));
        assert!(debts.overdue(Duration::ZERO));
        let other = places.enter(HERE);
        assert!(other.is_ok() && debts.overdue(Duration::from_secs(60)));
        drop(owed);
        assert!(!debts.overdue(Duration::ZERO));
    }

    #[test]
    fn a_peer_that_takes_nothing_at_all_is_overdue_until_it_does() {
        let debts = Debts::default();
        debts.takes(false);
        std::thread::sleep(Duration::from_millis(2));
        // The first that is not taken counts.
        debts.takes(false);
        assert!(debts.overdue(Duration::from_millis(1)));
        debts.takes(true);
        assert!(!debts.overdue(Duration::ZERO));
    }
}

//! What stands between a socket and hyper on a connection of HTTP/1.1. It holds every head back until it is whole and
//! judged, so that hyper never sees one that is not well-formed beyond doubt; it knows where bodies end, and thereby
//! which deadline holds. To hyper a refusal looks like the end of the stream, after which the answers to earlier
//! requests are still written; then [`Gate::finish`] tells the peer why.

mod stream;

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep, timeout};
use uuid::Uuid;

use super::framing::{Framing, Malformed};
use super::head;
use super::limits::Deadlines;
use super::refusal::Refused;
use super::slots::Slot;

/// How much is read at once.
const PIECE: usize = 8 * 1024;
/// How long a peer may go on sending after the last answer: closed earlier, the answer might never reach it.
const LINGER: Duration = Duration::from_secs(1);
/// And how much.
const MOST_LINGERING: usize = 1024 * 1024;
/// How long writing a refusal may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A socket whose every request head was judged.
pub(super) struct Gate<S> {
    socket: S,
    deadlines: Deadlines,
    slot: Arc<Slot<IpAddr>>,
    received: BytesMut,
    /// How much of what was received hyper may have.
    cleared: usize,
    /// How much of what was received was searched for the end of a head.
    searched: usize,
    place: Place,
    reading: Pin<Box<Sleep>>,
    /// Set from when the peer first falls behind with an answer until it has taken it.
    writing: Option<Pin<Box<Sleep>>>,
    /// The last write found no room.
    stalled: bool,
    /// A read waits until the answer is taken.
    parked: bool,
    refused: Option<Refused>,
    peer_is_done: bool,
}

/// Where in the conversation the next byte is.
#[derive(Clone, Copy)]
enum Place {
    /// Before a request; whether its deadline runs already.
    Between {
        first: bool,
        armed: bool,
    },
    Head,
    Body(Framing),
    /// Nothing more is read.
    Over,
}

/// How to go on.
enum Step {
    Again,
    Read,
    End,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Gate<S> {
    pub(super) fn new(socket: S, deadlines: Deadlines, slot: Arc<Slot<IpAddr>>) -> Self {
        Self {
            socket,
            deadlines,
            slot,
            received: BytesMut::new(),
            cleared: 0,
            searched: 0,
            place: Place::Between {
                first: true,
                armed: false,
            },
            reading: Box::pin(sleep(deadlines.first_byte)),
            writing: None,
            stalled: false,
            parked: false,
            refused: None,
            peer_is_done: false,
        }
    }

    /// Moves on with what was received.
    fn step(&mut self) -> Result<Step, Malformed> {
        match &mut self.place {
            Place::Over => Ok(Step::End),
            Place::Between { .. } if self.received.is_empty() => Ok(Step::Read),
            Place::Between { armed, .. } => {
                if !*armed {
                    self.slot.waits();
                }
                // The answer before was taken.
                self.writing = None;
                self.searched = 0;
                self.place = Place::Head;
                self.arm(self.deadlines.head);
                Ok(Step::Again)
            }
            Place::Head => {
                // A line break too many before a request is an old habit (RFC 9112, section 2.2).
                while self.searched == 0 && self.received.starts_with(b"\r\n") {
                    self.received.advance(2);
                }
                Ok(self.head())
            }
            Place::Body(framing) => {
                let passed = framing.pass(&self.received)?;
                self.cleared = passed;
                let over = framing.is_over();
                if over {
                    self.place = Place::Between {
                        first: false,
                        armed: false,
                    };
                }
                Ok(if passed > 0 || over {
                    Step::Again
                } else {
                    Step::Read
                })
            }
        }
    }

    fn head(&mut self) -> Step {
        let found = head::end(&self.received, self.searched);
        self.searched = self.received.len();
        let judged = match found {
            Ok(None) => return Step::Read,
            Ok(Some(length)) => head::judge(&self.received[..length]).map(|body| (length, body)),
            Err(refused) => Err(refused),
        };
        match judged {
            Ok((length, body)) => {
                self.slot.works();
                self.cleared = length;
                self.place = if body.is_over() {
                    Place::Between {
                        first: false,
                        armed: false,
                    }
                } else {
                    Place::Body(body)
                };
                Step::Again
            }
            Err(refused) => {
                self.refused = Some(refused);
                self.place = Place::Over;
                Step::End
            }
        }
    }

    fn arm(&mut self, time: Duration) {
        self.reading.as_mut().reset(Instant::now() + time);
    }

    /// The deadline of the place has passed.
    fn too_late(&mut self) {
        if let (Place::Head, false) = (self.place, self.received.is_empty()) {
            let message = "the request's head did not arrive in time";
            self.refused = Some(Refused::new(
                StatusCode::REQUEST_TIMEOUT,
                "head_timeout",
                message,
            ));
        }
        self.place = Place::Over;
    }

    /// Starts the deadline of the place, if it has one and it does not run yet.
    fn start_clock(&mut self) {
        if let Place::Between {
            first,
            armed: false,
        } = self.place
        {
            self.slot.waits();
            // The answer before was taken.
            self.writing = None;
            let time = if first {
                self.deadlines.first_byte
            } else {
                self.deadlines.idle
            };
            self.arm(time);
            self.place = Place::Between { first, armed: true };
        }
    }

    fn has_deadline(&self) -> bool {
        matches!(self.place, Place::Between { .. } | Place::Head)
    }

    /// The beginning of the request line that was refused; empty if none was.
    pub(super) fn request_line(&self) -> Vec<u8> {
        let line = match &self.refused {
            Some(_) => head::beginning(&self.received),
            None => &[],
        };
        line.to_vec()
    }

    /// Tells the peer why its request was refused, if it was, and closes the connection so that the peer gets to read
    /// the last answer, which calls the request `id`. Returns the refusal.
    pub(super) async fn finish(mut self, id: Uuid) -> Option<Refused> {
        self.slot.waits();
        if let Some(refused) = &self.refused {
            let words = refused.bytes(id);
            let said = timeout(LAST_WORDS, self.socket.write_all(&words)).await;
            if !matches!(said, Ok(Ok(()))) {
                return self.refused;
            }
        }
        let close = async {
            let _ = self.socket.shutdown().await;
            let (mut piece, mut left) = ([0; PIECE], MOST_LINGERING);
            while !self.peer_is_done && left > 0 {
                let read = self.socket.read(&mut piece).await.unwrap_or(0);
                self.peer_is_done = read == 0;
                left = left.saturating_sub(read);
            }
        };
        // Whoever goes on sending is cut off.
        let _ = timeout(LINGER, close).await;
        self.refused
    }
}

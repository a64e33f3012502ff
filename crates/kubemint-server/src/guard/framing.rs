//! Where a body of HTTP/1.1 ends. Only the plainest form of chunks is taken: no extensions, no trailers.

/// What is left of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing(Next);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// So many bytes, and it is over.
    Length(u64),
    /// A chunk's size, of which so many digits have come.
    Size {
        digits: u8,
        size: u64,
    },
    /// The LF behind a size.
    SizeLf(u64),
    /// A chunk's bytes.
    Data(u64),
    /// The CR, then the LF, behind a chunk.
    DataCr,
    DataLf,
    /// The CR, then the LF, behind the last chunk.
    LastCr,
    LastLf,
    /// Nothing.
    Over,
}

/// A chunk is not written as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) &'static str);

const CHUNK: Malformed = Malformed("a chunk of the body is malformed");
const EXTENSION: Malformed = Malformed("a chunk of the body has an extension, which is not taken");
const TRAILER: Malformed = Malformed("the body has trailers, which are not taken");

/// The most digits of a chunk's size.
const MOST_DIGITS: u8 = 8;

impl Framing {
    /// A body of so many bytes.
    pub(super) const fn length(bytes: u64) -> Self {
        Self(if bytes == 0 {
            Next::Over
        } else {
            Next::Length(bytes)
        })
    }

    /// A chunked body.
    pub(super) const fn chunked() -> Self {
        Self(Next::Size { digits: 0, size: 0 })
    }

    /// Whether nothing of the body is left.
    pub(super) fn is_over(self) -> bool {
        self.0 == Next::Over
    }

    /// Tells how many of these bytes belong to the body, and moves on behind them.
    ///
    /// # Errors
    /// A chunk is not written as it must be.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut at = 0;
        while at < bytes.len() && !self.is_over() {
            let there = (bytes.len() - at) as u64;
            let (next, taken) = match self.0 {
                Next::Length(left) if left > there => (Next::Length(left - there), there),
                Next::Length(left) => (Next::Over, left),
                Next::Data(left) if left > there => (Next::Data(left - there), there),
                Next::Data(left) => (Next::DataCr, left),
                other => (other.byte(bytes[at])?, 1),
            };
            self.0 = next;
            // At most what is there.
            #[allow(clippy::cast_possible_truncation)]
            {
                at += taken as usize;
            }
        }
        Ok(at)
    }
}

impl Next {
    fn byte(self, byte: u8) -> Result<Self, Malformed> {
        match (self, byte) {
            (Next::Size { digits: 1.., size }, b'\r') => Ok(Next::SizeLf(size)),
            (Next::Size { digits: 1.., .. }, b';' | b' ' | b'\t') => Err(EXTENSION),
            (Next::Size { digits, size }, _) if digits < MOST_DIGITS => {
                let digit = char::from(byte).to_digit(16).ok_or(CHUNK)?;
                Ok(Next::Size {
                    digits: digits + 1,
                    size: size * 16 + u64::from(digit),
                })
            }
            (Next::SizeLf(0), b'\n') => Ok(Next::LastCr),
            (Next::SizeLf(size), b'\n') => Ok(Next::Data(size)),
            (Next::DataCr, b'\r') => Ok(Next::DataLf),
            (Next::DataLf, b'\n') => Ok(Next::Size { digits: 0, size: 0 }),
            (Next::LastCr, b'\r') => Ok(Next::LastLf),
            (Next::LastLf, b'\n') => Ok(Next::Over),
            (Next::LastCr, _) => Err(TRAILER),
            _ => Err(CHUNK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(framing: Framing, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut framing = framing;
        let passed = framing.pass(bytes)?;
        assert!(framing.is_over() || passed == bytes.len());
        Ok(passed)
    }

    #[test]
    fn a_body_ends_where_it_says() {
        assert!(Framing::length(0).is_over());
        assert_eq!(whole(Framing::length(3), b"abcGET /"), Ok(3));
        assert_eq!(whole(Framing::length(3), b"ab"), Ok(2));
        let chunks = b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET /";
        assert_eq!(whole(Framing::chunked(), chunks), Ok(chunks.len() - 5));
    }

    #[test]
    fn a_body_may_come_in_any_pieces() {
        let chunks = b"3\r\nabc\r\n0010\r\n0123456789abcdef\r\n0\r\n\r\n";
        for size in 1..chunks.len() {
            let mut framing = Framing::chunked();
            for piece in chunks.chunks(size) {
                assert!(!framing.is_over());
                assert_eq!(framing.pass(piece), Ok(piece.len()), "{size}");
            }
            assert!(framing.is_over());
        }
    }

    #[test]
    fn chunks_that_readers_could_take_differently_are_malformed() {
        for (chunks, why) in [
            ("\r\n", CHUNK),
            ("3;x=y\r\nabc\r\n", EXTENSION),
            ("3 \r\nabc\r\n", EXTENSION),
            ("0x3\r\n", CHUNK),
            ("-1\r\n", CHUNK),
            ("3\nabc\r\n", CHUNK),
            ("3\r\nabcd\r\n", CHUNK),
            ("3\r\nabc\n", CHUNK),
            ("123456789\r\n", CHUNK),
            ("0\r\nTrailer: x\r\n\r\n", TRAILER),
            ("g\r\n", CHUNK),
        ] {
            assert_eq!(
                whole(Framing::chunked(), chunks.as_bytes()),
                Err(why),
                "{chunks:?}"
            );
        }
    }
}

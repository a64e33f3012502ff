//! Standard output. Whoever reads it may stop: then the rest is not told to anyone, and nothing else changes, the exit code
//! neither. That it cannot be written otherwise (a full disk) is an error.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

use thiserror::Error;

/// Standard output cannot be written.
#[derive(Debug, Error)]
#[error("cannot write to standard output")]
pub struct OutError(#[source] io::Error);

impl OutError {
    /// What a failed write means; `Ok` where nobody reads any more.
    pub(crate) fn unless_unread(error: io::Error) -> Result<(), Self> {
        match error.kind() {
            ErrorKind::BrokenPipe => Ok(()),
            _ => Err(Self(error)),
        }
    }
}

/// Writes a text, and nothing after it.
pub(crate) fn write(text: Arguments<'_>) -> Result<(), OutError> {
    write_to(&mut io::stdout().lock(), text)
}

fn write_to(out: &mut impl Write, text: Arguments<'_>) -> Result<(), OutError> {
    let written = out.write_fmt(text).and_then(|()| out.flush());
    written.or_else(OutError::unless_unread)
}

/// As `print!`, and it returns an [`OutError`] instead of panicking.
macro_rules! out {
    ($($text:tt)*) => {
        $crate::out::write(format_args!($($text)*))
    };
}

/// As `println!`, and it returns an [`OutError`] instead of panicking.
macro_rules! outln {
    ($($text:tt)*) => {
        $crate::out::write(format_args!("{}\n", format_args!($($text)*)))
    };
}

pub(crate) use {out, outln};

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_stops_reading_is_no_failure_and_a_full_disk_is() {
        let wrote = |kind| write_to(&mut Broken(kind), format_args!("x\n"));
        assert!(wrote(ErrorKind::BrokenPipe).is_ok());
        let full = wrote(ErrorKind::StorageFull).unwrap_err();
        assert_eq!(full.to_string(), "cannot write to standard output");
    }

    #[test]
    fn what_is_buffered_is_written_at_once() {
        struct Buffered(bool);
        impl Write for Buffered {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                self.0 = true;
                Err(ErrorKind::StorageFull.into())
            }
        }
        let mut out = Buffered(false);
        assert!(write_to(&mut out, format_args!("no line")).is_err());
        assert!(out.0);
    }
}

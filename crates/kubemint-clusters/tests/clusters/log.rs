//! A log that can be read.

use std::fmt;
use std::sync::{Arc, Mutex};

use slog::{Drain, KV, OwnedKVList, Record as LogRecord, Serializer};

/// A logger into a text.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

impl Log {
    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Drain for Log {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &LogRecord<'_>, _: &OwnedKVList) -> Result<(), slog::Never> {
        struct Pairs<'a>(&'a mut String);
        impl Serializer for Pairs<'_> {
            fn emit_arguments(
                &mut self,
                key: slog::Key,
                value: &fmt::Arguments<'_>,
            ) -> slog::Result {
                *self.0 += &format!(" {key}={value}");
                Ok(())
            }
        }
        let mut text = self.0.lock().unwrap();
        *text += &format!("{} {}", record.level(), record.msg());
        record
            .kv()
            .serialize(record, &mut Pairs(&mut text))
            .unwrap();
        text.push('\n');
        Ok(())
    }
}

//! What the HTTP server logs of a request's target: its path. A query may hold what belongs into a header, and a log is no
//! place for it.

use std::fmt;

use slog::{Drain, KV, Key, Level, Logger, Never, OwnedKV, OwnedKVList, Record, Serializer};

/// The name under which dropshot logs the target.
const TARGET: &str = "uri";

/// A logger to `log` that leaves queries out.
pub(crate) fn without_queries(log: Logger) -> Logger {
    Logger::root(Quiet(log), OwnedKV(()))
}

struct Quiet(Logger);

impl Drain for Quiet {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), Never> {
        if !self.0.is_enabled(record.level()) {
            return Ok(());
        }
        let mut kept = Kept(Vec::new());
        // It collects, and does not fail.
        let _ = values.serialize(record, &mut kept);
        Drain::log(&self.0, record, &OwnedKVList::from(OwnedKV(kept)))
    }

    fn is_enabled(&self, level: Level) -> bool {
        self.0.is_enabled(level)
    }
}

/// Values as texts, the target without its query.
struct Kept(Vec<(Key, String)>);

impl Serializer for Kept {
    fn emit_arguments(&mut self, key: Key, value: &fmt::Arguments<'_>) -> slog::Result {
        let mut text = value.to_string();
        if key == TARGET
            && let Some(query) = text.find('?')
        {
            text.truncate(query + 1);
            text.push('…');
        }
        self.0.push((key, text));
        Ok(())
    }
}

impl KV for Kept {
    fn serialize(&self, _record: &Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        for (key, text) in &self.0 {
            serializer.emit_str(key.clone(), text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use slog::{info, o};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_target_is_logged_without_its_query_and_the_rest_as_it_is() {
        let page = Page::default();
        let json = Mutex::new(slog_json::Json::default(page.clone()));
        let log = without_queries(Logger::root(json.fuse(), o!("service" => "s")));
        let request = log.new(o!("uri" => "/v1/x?access_token=canary&y", "method" => "GET"));
        info!(request, "answered"; "code" => 200);
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["uri"], "/v1/x?…");
        assert_eq!(
            (&line["service"], &line["method"], &line["code"]),
            (&"s".into(), &"GET".into(), &200.into())
        );
        assert!(!text.contains("canary"));
    }
}

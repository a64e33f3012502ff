//! What is logged of a request's target: the segments of its path that could be names. Others, and a query, may hold what
//! belongs into a header, and a log is no place for it.

use std::fmt;

use slog::{Drain, KV, Key, Level, Logger, Never, OwnedKV, OwnedKVList, Record, Serializer};

/// The name under which dropshot logs the target.
const TARGET: &str = "uri";

/// A target as it may be logged.
pub(crate) fn shown(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, _)) => (path, "?…"),
        None => (target, ""),
    };
    let plain =
        |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-.".contains(&octet);
    let name = |segment: &&str| segment.len() <= 63 && segment.bytes().all(plain);
    let segments = path.split('/');
    let segments: Vec<&str> = segments
        .map(|segment| Some(segment).filter(name).unwrap_or("…"))
        .collect();
    segments.join("/") + query
}

/// A logger to `log` that leaves out of targets what is not to be shown.
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

/// Values as texts, the target as it may be shown.
struct Kept(Vec<(Key, String)>);

impl Serializer for Kept {
    fn emit_arguments(&mut self, key: Key, value: &fmt::Arguments<'_>) -> slog::Result {
        let mut text = value.to_string();
        if key == TARGET {
            text = shown(&text);
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
    fn what_could_be_no_name_is_not_shown() {
        for (target, expected) in [
            ("/", "/"),
            ("/v1/regions/us-texas-1", "/v1/regions/us-texas-1"),
            ("/openapi.json?", "/openapi.json?…"),
            ("/v1/eyJhbGciOi.eyJpc3M.c2ln/x", "/v1/…/x"),
            ("/v1/%00", "/v1/…"),
        ] {
            assert_eq!(shown(target), expected);
        }
        assert_eq!(shown(&format!("/{}", "a".repeat(63))).len(), 64);
        assert_eq!(shown(&format!("/{}", "a".repeat(64))), "/…");
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

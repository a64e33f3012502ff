//! What is logged of a request. Of its target the segments of its path that could be names: others, and a query, may hold what
//! belongs into a header, and a log is no place for it. Its id is the one that its answer has. And who has no good token
//! fills no log: lines of what needs none are some a minute for each address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slog::{Drain, KV, Key, Level, Logger, Never, OwnedKV, OwnedKVList, Record, Serializer};

use crate::guard::{self, Lines, Seal};

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

/// The name under which dropshot logs the id that it gave.
const ID: &str = "req_id";

/// The statuses that anyone may have as often as they like, and what lines of them are called: of a request whose caller nobody
/// knows, and of one that comes too often.
const CHEAP: [(&str, &str); 2] = [("401", "unknown_caller"), ("429", "too_often")];

/// What dropshot's router says of a request that no operation is there for, which nobody needs a token to send.
const NO_OPERATION: [&str; 2] = ["Not Found", "Method Not Allowed"];

/// What is served to everyone.
const OPEN: &str = "/openapi.json";

/// Whose lines those of requests without the guard's mark are.
const AROUND: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What dropshot says of a request whose connection ended before its answer.
const CANCELLED: &str = "request handling cancelled (client disconnected)";

/// Headers that dropshot is to log for [`without_queries`].
pub(crate) const HEADERS: [&str; 3] = [guard::MARK, guard::PEER, guard::REQUEST];

/// A logger to `log` for requests, that leaves out what is not to be shown: the mark itself, and what comes without the mark
/// of this process calls itself nothing. Once `broken_off`, it is the server that ends connections, and no client: the guard
/// tells of each request that it answers then.
pub(crate) fn without_queries(log: Logger, seal: Seal, broken_off: Arc<AtomicBool>) -> Logger {
    let quiet = Quiet {
        log,
        seal,
        broken_off,
        mark: logged_as(guard::MARK),
        peer: logged_as(guard::PEER),
        request: logged_as(guard::REQUEST),
        refused: Lines::default(),
        completed: Lines::default(),
    };
    Logger::root(quiet, OwnedKV(()))
}

/// The name under which dropshot logs a header.
fn logged_as(header: &str) -> String {
    format!("hdr_{}", header.replace('-', "_"))
}

struct Quiet {
    log: Logger,
    seal: Seal,
    broken_off: Arc<AtomicBool>,
    mark: String,
    peer: String,
    request: String,
    /// Lines of what was refused for want of a token, by address.
    refused: Lines,
    /// And those that dropshot writes of their ends.
    completed: Lines,
}

impl Quiet {
    /// How many lines like it had none before; `None`: neither has this one.
    fn left_out(&self, record: &Record<'_>, kept: &Kept) -> Option<u64> {
        let mut own = Kept(Vec::new());
        let _ = record.kv().serialize(record, &mut own);
        let cheap = |name| {
            let code = own.text(name)?;
            CHEAP
                .iter()
                .find(|(cheap, _)| *cheap == code)
                .map(|(_, kind)| *kind)
        };
        let is_open = || {
            kept.text(TARGET)
                .is_some_and(|target| target.starts_with(OPEN))
        };
        let nowhere = || {
            (own.text("error_message_external")).is_some_and(|told| NO_OPERATION.contains(&told))
        };
        let (lines, kind) = if let Some(kind) = cheap("code") {
            (&self.refused, kind)
        } else if let Some(kind) = cheap("response_code") {
            (&self.completed, kind)
        } else if nowhere() || is_open() {
            (&self.completed, "needs_no_token")
        } else {
            return Some(0);
        };
        let peer: Option<SocketAddr> = kept.text(&self.peer).and_then(|peer| peer.parse().ok());
        // Who comes around the guard is on this machine.
        let peer = peer.map_or(AROUND, |peer| guard::network(peer.ip()));
        lines.take(peer, kind)
    }

    /// Takes away the mark; and where it is not ours, what only the guard can know.
    fn believe(&self, kept: &mut Kept) {
        let mark = kept.take(&self.mark);
        if !mark.is_some_and(|mark| self.seal.is(mark.as_bytes())) {
            kept.take(&self.peer);
            kept.take(&self.request);
        }
    }
}

impl Drain for Quiet {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), Never> {
        if !self.log.is_enabled(record.level()) {
            return Ok(());
        }
        let cancelled = || record.msg().to_string() == CANCELLED;
        if self.broken_off.load(Ordering::Relaxed) && cancelled() {
            return Ok(());
        }
        let mut kept = Kept(Vec::new());
        // It collects, and does not fail.
        let _ = values.serialize(record, &mut kept);
        self.believe(&mut kept);
        let Some(left_out) = self.left_out(record, &kept) else {
            return Ok(());
        };
        if left_out > 0 {
            kept.0.push(("alike_left_out".into(), left_out.to_string()));
        }
        kept.call(ID, &self.request);
        Drain::log(&self.log, record, &OwnedKVList::from(OwnedKV(kept)))
    }

    fn is_enabled(&self, level: Level) -> bool {
        self.log.is_enabled(level)
    }
}

/// Values as texts, the target as it may be shown.
struct Kept(Vec<(Key, String)>);

impl Kept {
    fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, text)| text.as_str())
    }

    /// Leaves it out.
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// What is logged as `from` is logged as `name`, in place of what was.
    fn call(&mut self, name: &'static str, from: &str) {
        let Some(text) = self.take(from) else {
            return;
        };
        self.0.retain(|(key, _)| key != name);
        self.0.push((name.into(), text));
    }
}

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

    /// A log of this page, and the mark that it believes.
    fn log_on(page: &Page) -> (Logger, String) {
        let seal = Seal::new().unwrap();
        let mut headers = http::HeaderMap::new();
        let peer = SocketAddr::from(([192, 0, 2, 1], 7));
        seal.put(&mut headers, peer, uuid::Uuid::nil());
        let mark = headers[guard::MARK].to_str().unwrap().to_owned();
        let json = Mutex::new(slog_json::Json::default(page.clone()));
        let log = Logger::root(json.fuse(), o!("service" => "s"));
        (without_queries(log, seal, Arc::default()), mark)
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
        let (log, _) = log_on(&page);
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

    #[test]
    fn a_request_is_called_as_its_answer_calls_it() {
        let page = Page::default();
        let (log, mark) = log_on(&page);
        let request = log.new(o!("req_id" => "dropshot's"));
        let called = request.new(o!("hdr_kubemint_request" => "ours"));
        info!(
            called.new(o!("hdr_kubemint_seal" => mark.clone())),
            "answered"
        );
        info!(request, "from elsewhere");
        // Whoever comes around the guard.
        info!(called, "forged");
        info!(
            called.new(o!("hdr_kubemint_seal" => "forged", "hdr_kubemint_peer" => "192.0.2.9:1")),
            "forged"
        );
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let ids: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["req_id"].take())
            .collect();
        assert_eq!(ids, ["ours", "dropshot's", "dropshot's", "dropshot's"]);
        for hidden in ["hdr_kubemint_request", "seal", &mark, "192.0.2.9"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }

    #[test]
    fn who_has_no_token_has_some_lines_a_minute() {
        let page = Page::default();
        let (log, mark) = log_on(&page);
        let from = |peer: &'static str| {
            let marked = log.new(o!("hdr_kubemint_seal" => mark.clone()));
            marked.new(o!("hdr_kubemint_peer" => peer))
        };
        for _ in 0..100 {
            // Without the mark, or with none that is an address: they are one address's.
            info!(log.new(o!("hdr_kubemint_peer" => "nobody")), "request refused"; "code" => 401, "around" => 1);
            info!(log, "request refused"; "code" => 401, "around" => 1);
        }
        for _ in 0..100 {
            info!(from("192.0.2.1:7"), "request refused"; "code" => 401);
            info!(from("192.0.2.1:8"), "request completed"; "response_code" => 401);
            info!(from("192.0.2.1:9"), "request completed"; "response_code" => 200);
        }
        info!(from("192.0.2.2:7"), "request refused"; "code" => 401);
        for _ in 0..100 {
            let other = from("192.0.2.3:6");
            info!(other, "request completed"; "response_code" => 404, "error_message_external" => "Not Found");
            info!(other, "request completed"; "response_code" => 405, "error_message_external" => "Method Not Allowed");
            info!(other.new(o!("uri" => "/openapi.json?x")), "request completed"; "response_code" => 200);
            // Of an operation: its caller is known.
            let own = from("192.0.2.4:5");
            info!(own, "request completed"; "response_code" => 404, "error_message_external" => "no such kubeconfig");
        }
        for _ in 0..100 {
            // A caller who asks too often.
            info!(from("192.0.2.5:4"), "request refused"; "code" => 429);
            info!(from("192.0.2.5:4"), "request completed"; "response_code" => 429);
            info!(from("192.0.2.5:3"), "request completed"; "response_code" => 403);
        }
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
        assert_eq!((count(":7\""), count(":8\""), count(":9\"")), (21, 20, 100));
        assert_eq!((count(":6\""), count(":5\"")), (20, 100));
        assert_eq!(count("around"), 20);
        assert_eq!((count(":4\""), count(":3\"")), (40, 100));
    }
}

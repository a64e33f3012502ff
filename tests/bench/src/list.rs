//! `bench list`: a page of 500 from a million records, beside a handler that answers such a page from memory.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Args;
use http::header::{AUTHORIZATION, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Builder;

use crate::history;
use crate::issue::place;
use crate::latency::Latencies;
use crate::load::{Target, connect};
use crate::process::Server;
use crate::subjects::Subject;

/// The largest page.
const PAGE: usize = 500;
/// How long a page may take at the 99th percentile.
const GOAL: Duration = Duration::from_millis(20);
/// Requests before anything counts.
const WARM_UP: usize = 20;

/// What a list is narrowed to, and how it is called.
const FILTERS: [(&str, &str); 8] = [
    ("everything", ""),
    ("status=active", "&status=active"),
    ("status=expired", "&status=expired"),
    ("status=revoking", "&status=revoking"),
    ("user", "&user=user-7"),
    ("role", "&role=viewer"),
    ("a rare role", "&role=editor"),
    ("all three", "&status=expired&user=user-7&role=viewer"),
];

/// The arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many records there are.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    records: u32,
    /// How many pages of each kind count.
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    pages: usize,
    /// Where the store is made, and removed again; on a disk [default: `bench` in the folder of builds]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// One line of the table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    what: String,
    /// How many records the last page held.
    records: usize,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    lost: usize,
}

/// Measures, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// A server does not start, or cannot be measured; the file cannot be written.
pub(crate) fn run(args: &ListArgs) -> Result<()> {
    ensure!(args.records >= 1, "--records must be 1 or more");
    ensure!(args.pages >= 1, "--pages must be 1 or more");
    let folder = place(args.folder.as_deref())?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut lines = Vec::new();
    let bare = folder.path().join("bare");
    std::fs::create_dir(&bare)?;
    {
        let server = Server::start(Subject::BareList, &bare, None)?;
        let asked = repeat(server.target(), "", args.pages);
        lines.push(runtime.block_on(asked)?.line("a bare handler"));
    }

    let full = folder.path().join("full");
    std::fs::create_dir(&full)?;
    eprintln!("writing {} records", args.records);
    let began = Instant::now();
    history::write(&full, args.records)?;
    eprintln!("written in {:.0} s", began.elapsed().as_secs_f64());
    let server = Server::start(Subject::Issue, &full, None)?;
    for (what, filter) in FILTERS {
        eprintln!("{what}");
        let asked = repeat(server.target(), filter, args.pages);
        lines.push(runtime.block_on(asked)?.line(what));
    }
    eprintln!("page after page");
    let walked = walk(server.target(), args.pages);
    lines.push(runtime.block_on(walked)?.line("page after page"));

    print!("{}", table(&lines, args.records));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// What was answered.
struct Answered {
    latencies: Latencies,
    records: usize,
}

impl Answered {
    fn line(self, what: &str) -> Line {
        let millis = |part| {
            let latency = self.latencies.percentile(part);
            latency.map(|latency: Duration| latency.as_secs_f64() * 1000.0)
        };
        Line {
            what: what.to_owned(),
            records: self.records,
            p50_ms: millis(0.5),
            p99_ms: millis(0.99),
            lost: self.latencies.lost(),
        }
    }
}

/// The same page, again and again: one client, which waits for each answer.
async fn repeat(target: &Target, filter: &str, pages: usize) -> Result<Answered> {
    let mut client = Client::new(target).await?;
    let query = format!("?pageSize={PAGE}{filter}");
    let (mut times, mut lost, mut records) = (Vec::new(), 0, 0);
    for turn in 0..WARM_UP + pages {
        let (status, body, time) = client.get(&query).await?;
        if turn >= WARM_UP {
            match status {
                StatusCode::OK => times.push(time),
                _ => lost += 1,
            }
            records = held(&body);
        }
    }
    Ok(Answered {
        latencies: Latencies::new(times, lost),
        records,
    })
}

/// Each page by the token of the one before, to so many or to the end.
async fn walk(target: &Target, pages: usize) -> Result<Answered> {
    let mut client = Client::new(target).await?;
    let (mut times, mut records, mut token) = (Vec::new(), 0, String::new());
    for _ in 0..pages {
        let query = format!("?pageSize={PAGE}{token}");
        let (status, body, time) = client.get(&query).await?;
        ensure!(status == StatusCode::OK, "a page was answered {status}");
        times.push(time);
        records = held(&body);
        let page: Value = serde_json::from_slice(&body)?;
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }
    Ok(Answered {
        latencies: Latencies::new(times, 0),
        records,
    })
}

fn held(body: &[u8]) -> usize {
    let page: Option<Value> = serde_json::from_slice(body).ok();
    let items = page
        .as_ref()
        .and_then(|page| page["kubeconfigs"].as_array());
    items.map_or(0, Vec::len)
}

/// A connection to a server.
struct Client<'a> {
    target: &'a Target,
    sender: SendRequest<Full<Bytes>>,
}

impl<'a> Client<'a> {
    async fn new(target: &'a Target) -> Result<Self> {
        let sender = connect(target.address).await?;
        Ok(Self { target, sender })
    }

    /// The answer, and how long it took to its last byte.
    async fn get(&mut self, query: &str) -> Result<(StatusCode, Bytes, Duration)> {
        let request = Request::get(format!("{}{query}", self.target.path))
            .header(HOST, self.target.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.target.bearer))
            .body(Full::default())?;
        if self.sender.ready().await.is_err() {
            self.sender = connect(self.target.address).await?;
        }
        let asked = Instant::now();
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, body, asked.elapsed()))
    }
}

fn table(lines: &[Line], records: u32) -> String {
    let mut table = format!(
        "\nA page of {PAGE} from {records} records; one client, which waits for each answer. Goal: p99 under {} ms.\n\n\
         {:<20} {:>8} {:>8} {:>8}\n",
        GOAL.as_millis(),
        "list",
        "records",
        "p50 ms",
        "p99 ms",
    );
    let ms = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
    for line in lines {
        let missed = line
            .p99_ms
            .is_none_or(|p99| p99 >= GOAL.as_secs_f64() * 1000.0);
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "{:<20} {:>8} {:>8} {:>8}{}{}",
            line.what,
            line.records,
            ms(line.p50_ms),
            ms(line.p99_ms),
            if missed { "   missed" } else { "" },
            match line.lost {
                0 => String::new(),
                lost => format!("   {lost} lost"),
            },
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_what_missed_the_goal_and_what_was_lost() {
        let line = |what: &str, p99_ms, lost| Line {
            what: what.to_owned(),
            records: 500,
            p50_ms: Some(5.0),
            p99_ms,
            lost,
        };
        let lines = [line("good", Some(19.9), 0), line("bad", Some(20.0), 3)];
        let table = table(&lines, 7);
        let told: Vec<_> = table.lines().rev().take(2).collect();
        assert!(told[1].ends_with("19.9"), "{table}");
        assert!(told[0].ends_with("20.0   missed   3 lost"), "{table}");
    }

    #[tokio::test]
    async fn what_is_written_can_be_listed_by_every_filter() {
        use kubemint::ports::{Filter, Store as _, Visible};
        use kubemint::{Principal, Status};
        let folder = tempfile::tempdir().unwrap();
        history::write(folder.path(), 10_000).unwrap();
        let store = history::open(folder.path()).unwrap();
        let all = Visible {
            principal: Principal {
                issuer: String::new(),
                subject: String::new(),
            },
            all: true,
            created: true,
            issued_for: true,
        };
        let count = async |status, user: Option<&str>, role: Option<&str>| {
            let filter = Filter {
                status,
                user: user.map(str::to_owned),
                role: role.map(str::to_owned),
                issued_before: None,
            };
            let (now, place) = (chrono::Utc::now(), history::place());
            let page = store.list(&place, &all, &filter, now, None, 20_000).await;
            page.unwrap().records.len()
        };
        assert_eq!(count(None, None, None).await, 10_000);
        assert_eq!(count(Some(Status::Active), None, None).await, 1000);
        assert_eq!(count(Some(Status::Expired), None, None).await, 9000);
        assert_eq!(count(None, Some("user-7"), None).await, 10);
        assert_eq!(count(None, None, Some("editor")).await, 100);
        assert_eq!(
            count(Some(Status::Expired), Some("user-7"), Some("viewer")).await,
            9
        );
    }
}

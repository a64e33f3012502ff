//! `audit find --credential-id`: what a cluster's audit log calls a credential, told as a story.

use std::collections::VecDeque;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use kubemint_store::audit::{Filter, Flow, Sink, TrailRow};
use serde_json::Value;

use super::audit::{BROKEN, Printer, detail, read};
use crate::config::Config;
use crate::out::{out, outln};

/// How many rows of a history are told of its beginning, and as many of its end: a robot downloads one kubeconfig for years.
const TOLD: usize = 20;

/// Looks for the row that tells that a credential was minted, and keeps nothing else: a text may be in many rows.
struct Minting {
    jti: String,
    found: Option<(TrailRow, String)>,
}

impl Sink for Minting {
    fn row(&mut self, row: TrailRow) -> Flow {
        let is_it = detail(&row)["jti"] == self.jti || is_discarded(&row, &self.jti);
        match row.uid.clone().filter(|_| is_it) {
            Some(uid) => {
                self.found = Some((row, uid));
                Flow::Break(())
            }
            None => Flow::Continue(()),
        }
    }
}

/// What is told of a kubeconfig's rows, however many there are.
#[derive(Default)]
struct History {
    requested: Option<TrailRow>,
    granted: Option<TrailRow>,
    first: Vec<String>,
    left_out: u64,
    last: VecDeque<String>,
}

impl Sink for History {
    fn row(&mut self, row: TrailRow) -> Flow {
        let line = format!(
            "  {} seq {} {} {}\n",
            at(&row),
            row.seq,
            row.kind,
            who(&row)
        );
        if self.first.len() < TOLD {
            self.first.push(line);
        } else {
            self.last.push_back(line);
            if self.last.len() > TOLD {
                self.last.pop_front();
                self.left_out += 1;
            }
        }
        match row.kind.as_str() {
            "issue.requested" => self.requested.get_or_insert(row),
            "issue.granted" => self.granted.get_or_insert(row),
            _ => return Flow::Continue(()),
        };
        Flow::Continue(())
    }
}

pub(super) fn find(file: &Path, credential: &str, jsonl: bool) -> Result<ExitCode> {
    let jti = credential.strip_prefix("JTI=").unwrap_or(credential);
    if jti.is_empty() {
        bail!("--credential-id: it is empty");
    }
    let store = Config::store_of(file)?;
    let sink = Minting {
        jti: jti.to_owned(),
        found: None,
    };
    let Some((minted, uid)) = read(&store, Filter::Mentions(jti.to_owned()), sink)?.found else {
        outln!("no credential {} in the trail of {store}", named(jti))?;
        return Ok(ExitCode::from(BROKEN));
    };
    let rows = Filter::Uid(uid.clone());
    if jsonl {
        read(&store, rows, Printer::new())?.end()?;
        return Ok(ExitCode::SUCCESS);
    }
    let history = read(&store, rows, History::default())?;
    out!("{}", story(jti, &minted, &uid, &history))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a row tells that a credential was minted and given to nobody.
fn is_discarded(row: &TrailRow, jti: &str) -> bool {
    let detail = detail(row);
    let discarded = detail["discarded"].as_array();
    discarded.is_some_and(|all| all.iter().any(|one| one == jti))
}

/// A credential as a cluster's audit log names it.
fn named(id: &str) -> String {
    if id.contains('=') {
        id.to_owned()
    } else {
        format!("JTI={id}")
    }
}

/// When a row was written.
fn at(row: &TrailRow) -> String {
    row.export()["at"].as_str().unwrap_or_default().to_owned()
}

/// Who did a row.
fn who(row: &TrailRow) -> String {
    match (&row.subject, &row.issuer) {
        (Some(subject), Some(issuer)) => {
            let token = row.token_id.as_deref().map(|id| format!(", token {id:?}"));
            format!("{subject:?} of {issuer}{}", token.unwrap_or_default())
        }
        _ => "the service itself".to_owned(),
    }
}

/// What a credential is, in lines. What callers chose is quoted: it may hold anything.
fn story(jti: &str, minted: &TrailRow, uid: &str, history: &History) -> String {
    let request = |row: &TrailRow| row.request_id.clone().unwrap_or_else(|| "none".to_owned());
    let fate = if is_discarded(minted, jti) {
        ", and given to nobody"
    } else {
        ""
    };
    let mut lines = vec![
        ("credential", named(jti)),
        (
            "minted",
            format!(
                "{}, {}, request {}{fate}",
                at(minted),
                minted.kind,
                request(minted)
            ),
        ),
        ("for", who(minted)),
        (
            "kubeconfig",
            format!(
                "/v1/regions/{}/projects/{}/compute/clusters/{}/kubeconfigs/{}",
                minted.region,
                minted.project,
                minted.cluster,
                minted.kubeconfig.as_deref().unwrap_or_default()
            ),
        ),
        ("uid", uid.to_owned()),
    ];
    if let Some(asked) = &history.requested {
        let what = detail(asked);
        lines.push((
            "issued by",
            format!("{}, {}, request {}", who(asked), at(asked), request(asked)),
        ));
        lines.push((
            "issued for",
            format!("{}, role {}, {} s", what["user"], what["role"], what["ttl"]),
        ));
        let decision = asked
            .decision
            .as_deref()
            .and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(decision) = decision {
            let allowed = if decision["allowed"] == true {
                "allowed"
            } else {
                "denied"
            };
            lines.push((
                "decision",
                format!(
                    "{allowed} by {}, policies {}",
                    decision["reasons"], decision["policyHash"]
                ),
            ));
        }
    }
    if let Some(granted) = &history.granted {
        lines.push((
            "expires",
            detail(granted)["expiresAt"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ));
    }
    let mut text: String = lines
        .iter()
        .map(|(name, what)| format!("{name:<11} {what}\n"))
        .collect();
    text += "history\n";
    text += &history.first.concat();
    if history.left_out > 0 {
        text += &format!("  {} rows more: --jsonl prints all\n", history.left_out);
    }
    text.extend(history.last.iter().map(String::as_str));
    text
}

//! `audit find --name`: what someone did, or was given, also where the trail has a pseudonym of them.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use kubemint_store::Backend;
use kubemint_store::audit::{Filter, Flow, NotedKey, Sink, TrailRow, pseudonym_keys};

use super::audit::{BROKEN, Printer, detail, read};
use super::operator::block_on;
use crate::config::Config;
use crate::out::outln;
use crate::store::{another_key, moment, pseudonyms};

/// Prints the rows that name someone by one of some names.
struct Named {
    names: Vec<String>,
    printer: Printer,
    found: bool,
}

impl Named {
    fn are_in(&self, row: &TrailRow) -> bool {
        let is_one = |text: &str| self.names.iter().any(|name| name == text);
        if row.subject.as_deref().is_some_and(is_one) {
            return true;
        }
        // Most rows need no look at what they hold.
        if !row.detail.contains("\"user\"") {
            return false;
        }
        let detail = detail(row);
        let users = [&detail["user"], &detail["request"]["user"]];
        users.iter().any(|user| user.as_str().is_some_and(is_one))
    }
}

impl Sink for Named {
    fn row(&mut self, row: TrailRow) -> Flow {
        if !self.are_in(&row) {
            return Flow::Continue(());
        }
        self.found = true;
        self.printer.row(row)
    }
}

/// What someone is called in the trail, and the keys besides the configured one that may have made other pseudonyms of them.
fn called(config: &Config, name: &str) -> Result<(Vec<String>, Vec<NotedKey>)> {
    let store = &config.store;
    let keys =
        block_on(pseudonym_keys(store))?.with_context(|| format!("cannot read the {store}"))?;
    let own = keys.own;
    let Some(pseudonyms) = pseudonyms(&config.audit, || own)? else {
        // Names are written as they are, and what was written before may have pseudonyms.
        return Ok((vec![name.to_owned()], keys.noted));
    };
    let fingerprint = pseudonyms.fingerprint();
    if !keys.noted.iter().any(|key| key.fingerprint == fingerprint)
        && let Some(problem) = another_key(&keys.noted, &fingerprint)
    {
        bail!("{problem}");
    }
    let names = vec![name.to_owned(), pseudonyms.of(name)];
    let mut others = keys.noted;
    others.retain(|key| key.fingerprint != fingerprint);
    Ok((names, others))
}

/// What was not searched for.
fn unsearched(store: &Backend, others: &[NotedKey]) -> Option<String> {
    let last = others.last()?;
    Some(format!(
        "the trail of {store} has pseudonyms by {} more keys, and of those nobody was looked for: a server began last with one of them \
         at {}, whose fingerprint is {}; configure its file to look again",
        others.len(),
        moment(last.last),
        last.fingerprint
    ))
}

pub(super) fn find(file: &Path, name: &str) -> Result<ExitCode> {
    if name.is_empty() {
        bail!("--name: it is empty");
    }
    let config = Config::read(file)?;
    let (names, others) = called(&config, name)?;
    let sink = Named {
        names,
        printer: Printer::new(),
        found: false,
    };
    let store = &config.store;
    let Named { printer, found, .. } = read(store, Filter::ALL, sink)?;
    printer.end()?;
    if let Some(unsearched) = unsearched(store, &others) {
        eprintln!("note: {unsearched}");
    }
    if found {
        return Ok(ExitCode::SUCCESS);
    }
    outln!("nobody of that name in the trail of {store}")?;
    Ok(ExitCode::from(BROKEN))
}

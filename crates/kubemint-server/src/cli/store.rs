//! The operator's commands about the store, and about how everything is.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chrono::Utc;
use kubemint::ports::Alive;
use kubemint_authn::Authn;
use kubemint_clusters::{Finding, Fleet};
use kubemint_store::{Backend, Inspection, PostgresStore};
use slog::{Logger, o};
use uuid::Uuid;

use super::operator::{block_on, chosen};
use crate::config::Config;
use crate::edge::chain;
use crate::log::logger;
use crate::out::{OutError, outln};
use crate::sizes;
use crate::store::{another_key, pseudonyms};
use crate::unconfigured::unconfigured;
use crate::world::SystemClock;

/// Brings the database's schema up to date.
pub(super) fn migrate(file: &Path) -> Result<ExitCode> {
    let store = Config::store_of(file)?;
    let Backend::Postgres(options) = &store else {
        outln!("nothing to do: the embedded store is migrated when it is served")?;
        return Ok(ExitCode::SUCCESS);
    };
    let (from, to) = block_on(PostgresStore::migrate(options))?
        .with_context(|| format!("cannot migrate the {store}"))?;
    if from == to {
        outln!("{store}: schema {to}, as it was")?;
    } else {
        outln!("{store}: schema {to}, from {from}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies the embedded store.
pub(super) fn backup(file: &Path, to: &Path) -> Result<ExitCode> {
    let store = Config::store_of(file)?;
    let Backend::Sqlite(options) = &store else {
        bail!("the {store} is not copied by this program; use pg_dump or pg_basebackup");
    };
    kubemint_store::backup(&options.path, to).with_context(|| format!("cannot copy {store}"))?;
    outln!("{}: copied and checked", to.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Puts a copy into the embedded store's place.
pub(super) fn restore(file: &Path, from: &Path) -> Result<ExitCode> {
    let store = Config::store_of(file)?;
    let Backend::Sqlite(options) = &store else {
        bail!(
            "the {store} is not restored by this program; use pg_restore or what its backups are made with"
        );
    };
    let restored = kubemint_store::restore(&options.path, from)
        .with_context(|| format!("cannot restore {store}"))?;
    if let Some(kept) = restored.kept {
        outln!("{}: what was there before", kept.display())?;
        match restored.landmarks {
            Some(count) => {
                outln!("{count} namespaces, by which clusters are known, as before the restore")?
            }
            None => outln!(
                "by what clusters are known is the copy's: one that was built anew since is to be accepted again"
            )?,
        }
    }
    outln!("{store}: restored; check its trail with `audit verify` before it is served")?;
    Ok(ExitCode::SUCCESS)
}

/// Forgets by what a cluster was known.
pub(super) fn accept_cluster(file: &Path, name: &str) -> Result<ExitCode> {
    let config = Config::read(file)?;
    let (log, _guard) = logger(config.verbosity);
    let key = chosen(&config.clusters, Some(name))?.key.clone();
    if let Backend::Sqlite(options) = &config.store {
        let found = std::fs::metadata(&options.path);
        if !found.is_ok_and(|found| found.len() > 0) {
            // Opening makes one, which is for serving alone.
            bail!("there is no database at {}", options.path.display());
        }
    }
    block_on(async {
        let store = crate::store::open_unserved(&config, &log)
            .await
            .with_context(|| format!("cannot open the store {}", config.store))?;
        let forgotten = store.forget_landmarks(&key).await;
        forgotten.with_context(|| format!("cannot write to the store {}", config.store))
    })??;
    outln!("{key}: whichever cluster is met next at its api_url is the right one")?;
    Ok(ExitCode::SUCCESS)
}

/// How a thing is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// What was not looked at.
    Note,
    Warn,
    Fail,
}

/// Lines of what was looked at. The worst of them is the outcome.
struct Report {
    failed: bool,
    /// Why a line could not be told.
    unsaid: Option<OutError>,
}

impl Report {
    fn say(&mut self, verdict: Verdict, text: &str) {
        let word = match verdict {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        if self.unsaid.is_none() {
            self.unsaid = outln!("{word:<5} {text}").err();
        }
        self.failed |= verdict == Verdict::Fail;
    }

    /// The exit code, if all was told.
    fn end(self, code: u8) -> Result<ExitCode> {
        match self.unsaid {
            None => Ok(ExitCode::from(code)),
            Some(error) => Err(error.into()),
        }
    }
}

/// Looks at everything that serving needs, and changes nothing.
pub(super) fn doctor(file: &Path) -> Result<ExitCode> {
    let mut report = Report {
        failed: false,
        unsaid: None,
    };
    let config = match Config::examine(file) {
        Ok((config, problems)) => {
            for problem in &problems {
                report.say(Verdict::Fail, problem);
            }
            if problems.is_empty() {
                report.say(Verdict::Ok, &format!("{}: configuration", file.display()));
            }
            config
        }
        Err(error) => {
            report.say(Verdict::Fail, &error.to_string());
            None
        }
    };
    // Whatever is wrong, the parts that hold are looked at.
    let Some(config) = config else {
        if let Ok(backend) = Config::store_of(file) {
            block_on(store(&backend, &mut report))?;
        }
        return report.end(super::exit::CONFIG);
    };
    let (log, _guard) = logger(config.verbosity);
    for warning in config.own_warnings() {
        report.say(Verdict::Warn, &warning);
    }
    policy(&config, &mut report);
    block_on(async {
        if let Some(found) = store(&config.store, &mut report).await {
            leftovers(&config, &found.alive, &mut report);
            pseudonym_key(&config, &mut report).await;
        }
        issuers(&config, &log, &mut report).await?;
        clusters(config, &log, &mut report).await?;
        anyhow::Ok(())
    })??;
    let outcome = if report.failed {
        super::exit::FAILED
    } else {
        0
    };
    report.end(outcome)
}

/// The policies as they are in the files now, which a running server may have refused to take.
fn policy(config: &Config, report: &mut Report) {
    match config.load_policy() {
        Ok(policy) => report.say(Verdict::Ok, &format!("policy: hash {}", policy.hash())),
        Err(error) => report.say(Verdict::Fail, &format!("policy: {}", chain(&error))),
    }
}

async fn store(name: &Backend, report: &mut Report) -> Option<Inspection> {
    match kubemint_store::inspect(name, Utc::now()).await {
        Ok(found) => {
            tell(&found, &name.to_string(), report);
            Some(found)
        }
        Err(error) => {
            report.say(Verdict::Fail, &format!("{name}: {}", chain(&error)));
            None
        }
    }
}

/// Whether the trail's pseudonyms are made with the key that they were made with. What cannot be read was told before.
async fn pseudonym_key(config: &Config, report: &mut Report) {
    let Ok(keys) = kubemint_store::audit::pseudonym_keys(&config.store).await else {
        return;
    };
    let Ok(Some(pseudonyms)) = pseudonyms(&config.audit, || keys.own) else {
        return;
    };
    let fingerprint = pseudonyms.fingerprint();
    match another_key(&keys.noted, &fingerprint) {
        Some(problem) => report.say(Verdict::Warn, &problem),
        None => {
            let others = keys.noted.len().saturating_sub(1);
            let mut text =
                format!("audit trail: pseudonyms by the key of fingerprint {fingerprint}");
            if others > 0 {
                text += &format!(", and of before by {others} others");
            }
            report.say(Verdict::Ok, &text);
        }
    }
}

/// What the configuration does not know any more, and works on.
fn leftovers(config: &Config, alive: &[Alive], report: &mut Report) {
    if config.clusters.is_empty() {
        // One mistake in a cluster, and none of them is known: what is alive is not out of order for that.
        let count: u64 = alive.iter().map(|alive| alive.count).sum();
        if count > 0 {
            let text = format!(
                "records: {count} live kubeconfigs; whether their clusters and roles are configured cannot be told before \
                 what is wrong with [[clusters]] is mended"
            );
            report.say(Verdict::Warn, &text);
        }
        return;
    }
    let profiles = config.clusters.iter();
    let profiles = profiles.map(|cluster| (cluster.key.clone(), Arc::clone(&cluster.profile)));
    for one in unconfigured(alive, &profiles.collect()) {
        report.say(Verdict::Fail, &format!("records: {one}"));
    }
}

fn tell(found: &Inspection, name: &str, report: &mut Report) {
    let Inspection { schema, known, .. } = found;
    match schema.cmp(known) {
        std::cmp::Ordering::Equal => {
            report.say(Verdict::Ok, &format!("{name}: schema {schema}"));
        }
        std::cmp::Ordering::Less => report.say(
            Verdict::Fail,
            &format!(
                "{name}: schema {schema}, and this program needs {known}: `kubemint-server migrate` brings a \
                 PostgreSQL database up to date, and serving does an embedded one"
            ),
        ),
        std::cmp::Ordering::Greater => report.say(
            Verdict::Fail,
            &format!("{name}: schema {schema}, and this program knows {known} at most"),
        ),
    }
    for damage in &found.damage {
        report.say(Verdict::Fail, &format!("{name}: damaged: {damage}"));
    }
    if found.searched && found.damage.is_empty() {
        report.say(Verdict::Ok, &format!("{name}: no damage found"));
    }
    if let Some(size) = &found.size {
        report.say(Verdict::Ok, &format!("{name}: {}", sizes::told(size)));
        if let Some(full) = sizes::full(size) {
            report.say(Verdict::Fail, &format!("{name}: {full}"));
        } else if let Some(cramped) = sizes::cramped(size) {
            report.say(Verdict::Warn, &format!("{name}: {cramped}"));
        }
    }
    for warning in &found.warnings {
        report.say(Verdict::Warn, &format!("{name}: {warning}"));
    }
    let counts: Vec<_> = found
        .states
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    if counts.is_empty() {
        report.say(Verdict::Ok, "records: none");
    } else {
        report.say(Verdict::Ok, &format!("records: {}", counts.join(", ")));
    }
    for (count, what) in [
        (found.ended, "past their end and not yet removed"),
        (found.abandoned, "begun and never finished"),
    ] {
        if count > 0 {
            let text =
                format!("records {what}: {count}; a server that runs settles them within seconds");
            report.say(Verdict::Warn, &text);
        }
    }
}

async fn issuers(config: &Config, log: &Logger, report: &mut Report) -> Result<()> {
    let log = log.new(o!("part" => "authn"));
    let authn = Authn::new(config.issuers.clone(), Arc::new(SystemClock), log)?;
    for issuer in authn.warm_up().await {
        if issuer.ok {
            report.say(
                Verdict::Ok,
                &format!("issuer {}: {} keys", issuer.alias, issuer.keys),
            );
        } else {
            let reason = issuer.reason.as_deref().unwrap_or("unwell");
            let detail = issuer.detail.map(|detail| format!(": {detail}"));
            let text = format!(
                "issuer {}: {reason}{}",
                issuer.alias,
                detail.unwrap_or_default()
            );
            report.say(Verdict::Fail, &text);
        }
    }
    Ok(())
}

async fn clusters(config: Config, log: &Logger, report: &mut Report) -> Result<()> {
    for cluster in &config.clusters {
        if let [role] = cluster.roles.keys().collect::<Vec<_>>()[..]
            && cluster.client_ca.is_none()
        {
            let text = format!(
                "cluster {}: known again by the namespace kubemint-{role} alone; when that is made anew, \
                 `kubemint-server accept-cluster` must say that the cluster is the same",
                cluster.key
            );
            report.say(Verdict::Ok, &text);
        }
    }
    // A store that cannot be read was told before.
    let noted = kubemint_store::landmarks(&config.store).await;
    // It makes nothing, so no installation's label is needed.
    let fleet = Fleet::new(config.clusters, Uuid::nil(), log.clone())?;
    let fleet = fleet.noted(&noted.unwrap_or_default());
    for line in fleet.preflight().await.lines {
        let verdict = match line.finding {
            Finding::Ok => Verdict::Ok,
            Finding::Note => Verdict::Note,
            Finding::Excess | Finding::Warning => Verdict::Warn,
            _ => Verdict::Fail,
        };
        report.say(verdict, &format!("cluster {}: {}", line.cluster, line.text));
    }
    Ok(())
}

//! Authentication against issuers over HTTPS, and the configuration of issuers.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod asking;
mod config;
mod introspection;
mod life;
mod unwell;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::ports::Clock;
use kubemint_authn::{Authn, AuthnError, IssuerConfig, IssuerHealth, RawIssuer, Timing, validate};
use kubemint_sandbox::{Issuer, IssuerOptions, Pki};
use slog::{Drain, KV, Logger, OwnedKVList, Record, o};

struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Periods that a test can wait for, and no refresh in the background unless it asks for one.
fn brisk() -> Timing {
    Timing {
        fetch: Duration::from_secs(2),
        retry: (Duration::from_millis(50), Duration::from_millis(100)),
        forced_interval: Duration::from_secs(10),
        ..Timing::default()
    }
}

/// The same, refreshing all the time.
fn restless() -> Timing {
    Timing {
        refresh: (Duration::from_millis(50), Duration::from_millis(50)),
        ..brisk()
    }
}

/// Trusts these issuers, each by its own CA, with further settings in TOML.
fn trust(issuers: &[&Issuer], settings: &str) -> Vec<IssuerConfig> {
    let folder = tempfile::tempdir().unwrap();
    let raw: Vec<RawIssuer> = issuers
        .iter()
        .enumerate()
        .map(|(index, issuer)| {
            std::fs::write(folder.path().join(format!("{index}.pem")), issuer.ca_pem()).unwrap();
            let url = issuer.url();
            let text = format!(
                "url = '{url}'\naudiences = ['kubemint']\nca_file = '{index}.pem'\n{settings}\n"
            );
            toml::from_str(&text).unwrap()
        })
        .collect();
    validate(&raw, folder.path()).unwrap()
}

fn authn(issuers: &[&Issuer], timing: Timing) -> Authn {
    Authn::with_timing(
        trust(issuers, ""),
        Arc::new(SystemClock),
        Logger::root(slog::Discard, o!()),
        timing,
    )
    .unwrap()
}

async fn an_issuer() -> Issuer {
    Issuer::start(&Pki::new("test").unwrap(), IssuerOptions::default())
        .await
        .unwrap()
}

fn token(issuer: &Issuer) -> String {
    issuer.mint(issuer.claims("alice"))
}

/// The only issuer's health.
fn health(authn: &Authn) -> IssuerHealth {
    let [health] = <[IssuerHealth; 1]>::try_from(authn.health()).unwrap();
    health
}

/// Longer than anything here takes that is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something holds; fails after half a minute.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("after half a minute: {what}");
}

/// A logger, and all that it was told.
fn recorder() -> (Logger, Arc<Mutex<String>>) {
    struct Recorder(Arc<Mutex<String>>);

    impl Drain for Recorder {
        type Ok = ();
        type Err = slog::Never;

        fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), slog::Never> {
            let mut told = self.0.lock().unwrap();
            told.push_str(&record.msg().to_string());
            let mut line = |key: slog::Key, value: &std::fmt::Arguments<'_>| {
                told.push_str(&format!(" {key}={value}"));
                Ok(())
            };
            record
                .kv()
                .serialize(record, &mut slog_line(&mut line))
                .unwrap();
            values.serialize(record, &mut slog_line(&mut line)).unwrap();
            told.push('\n');
            Ok(())
        }
    }

    struct Line<F>(F);

    impl<F: FnMut(slog::Key, &std::fmt::Arguments<'_>) -> slog::Result> slog::Serializer for Line<F> {
        fn emit_arguments(
            &mut self,
            key: slog::Key,
            value: &std::fmt::Arguments<'_>,
        ) -> slog::Result {
            (self.0)(key, value)
        }
    }

    fn slog_line<F: FnMut(slog::Key, &std::fmt::Arguments<'_>) -> slog::Result>(
        line: F,
    ) -> Line<F> {
        Line(line)
    }

    let told = Arc::new(Mutex::new(String::new()));
    (Logger::root(Recorder(Arc::clone(&told)), o!()), told)
}

/// An empty folder's path for configurations without files.
fn nowhere() -> &'static Path {
    Path::new("")
}

fn unavailable(result: &Result<kubemint::caller::Caller, AuthnError>) -> bool {
    matches!(result, Err(AuthnError::Unavailable(_)))
}

//! What an operator should know of a configuration although it works.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use kubemint_clusters::ClusterConfig;
use kubemint_store::Backend;
use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::{Config, Tls};
use crate::guard::Validity;

impl Config {
    /// All that can be known without asking anyone.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let clusters = self.clusters.iter();
        let unread = clusters
            .clone()
            .filter_map(ClusterConfig::credential_warning);
        let now = Utc::now();
        let ending = clusters.flat_map(|cluster| cluster.expiry_warnings(now));
        let mut warnings = self.own_warnings();
        warnings.splice(0..0, unread.chain(ending));
        warnings
    }

    /// The same without what a preflight tells of the clusters' files.
    pub(crate) fn own_warnings(&self) -> Vec<String> {
        let clusters = self.clusters.iter();
        let mut warnings: Vec<_> = clusters.flat_map(ClusterConfig::warnings).collect();
        warnings.extend(self.settings_warnings());
        warnings
    }

    /// The same without what the fleet logs itself when it is set up.
    pub(crate) fn warnings_to_log(&self) -> Vec<String> {
        let (clusters, now) = (self.clusters.iter(), Utc::now());
        let mut warnings: Vec<_> = clusters
            .flat_map(|cluster| cluster.expiry_warnings(now))
            .collect();
        warnings.extend(self.settings_warnings());
        warnings
    }

    /// What there is to say of all but the clusters.
    fn settings_warnings(&self) -> Vec<String> {
        let mut warnings = kubemint_authn::warnings(&self.issuers);
        warnings.extend(self.short_trail());
        warnings.extend(self.idle_share());
        warnings.extend(place_of_store(&self.store));
        warnings.extend(store_to_write(&self.store, &|path| may_write(path)));
        warnings.extend(self.tls.as_ref().and_then(|tls| end_of(tls, Utc::now())));
        warnings.extend_from_slice(&self.exposed);
        if !self.internal.ip().is_loopback() {
            warnings.push(format!(
                "internal.listen: {} is not a loopback address; metrics are for anyone who reaches it",
                self.internal
            ));
        }
        warnings
    }
}

impl Config {
    /// That rows of the trail go before what they tell of is over.
    fn short_trail(&self) -> Option<String> {
        let kept = self.retention.audit?;
        let roles = self
            .clusters
            .iter()
            .flat_map(|cluster| cluster.roles.values());
        let longest = roles.map(|role| role.rules.max_ttl).max()?;
        let least = Duration::from_secs(u64::from(longest)) + DAY;
        (kept < least).then(|| {
            format!(
                "retention.audit: rows go after {} s, and kubeconfigs may live for {longest} s: of some that are in use there will \
                 be no row, and `audit find` knows nothing of them; keep rows for a day longer, {} s at least",
                kept.as_secs(),
                least.as_secs()
            )
        })
    }

    /// That the share of one address is more than there is.
    fn idle_share(&self) -> Option<String> {
        let (all, share) = (
            self.guard.requests_in_flight,
            self.guard.requests_in_flight_per_address?,
        );
        (share > all).then(|| {
            format!(
                "limits.requests_in_flight_per_address: {share} is more than limits.requests_in_flight, {all}: one address \
                 may take all there is"
            )
        })
    }
}

/// How much longer rows are of use than what they tell of.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long before its end a certificate is warned of.
const SOON: TimeDelta = TimeDelta::days(7);

/// That the API's certificate has ended, will soon, or has not begun.
fn end_of(tls: &Tls, now: DateTime<Utc>) -> Option<String> {
    let Validity { begin, end } = crate::guard::validity(tls)?;
    let told = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (file, when) = (tls.cert_file.display(), told(end));
    if now < begin {
        Some(format!(
            "server.tls.cert_file: {file} is not valid before {}: no client will accept it until then, unless this machine's \
             clock is behind",
            told(begin)
        ))
    } else if end <= now {
        Some(format!(
            "server.tls.cert_file: {file} ended at {when}: no client will accept it; renew it"
        ))
    } else if end - now < SOON {
        Some(format!(
            "server.tls.cert_file: {file} ends at {when}; renew it in time"
        ))
    } else {
        None
    }
}

/// What keeps a store from being opened where it is to be: another machine may have what this one lacks, so it is a warning.
fn place_of_store(store: &Backend) -> Option<String> {
    match store {
        Backend::Sqlite(options) => {
            let folder = options.path.parent()?;
            let named = !folder.as_os_str().is_empty() && !folder.is_dir();
            named.then(|| {
                let folder = folder.display();
                format!("store.path: there is no folder {folder}; make it, for the user that the server runs as")
            })
        }
        Backend::Postgres(options) => {
            let file = options.password_file.as_ref()?;
            let error = std::fs::File::open(file).err()?;
            Some(format!(
                "store.postgres.password_file: cannot read {}: {error}",
                file.display()
            ))
        }
    }
}

/// That whoever runs this may not write the embedded store, which the server does: its file, its log and its lock, and the
/// folder where those are made.
fn store_to_write(store: &Backend, may_write: &dyn Fn(&Path) -> bool) -> Option<String> {
    let Backend::Sqlite(options) = store else {
        return None;
    };
    let folder = match options.path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let beside = |ending: &str| {
        let mut name = options.path.clone().into_os_string();
        name.push(ending);
        name.into()
    };
    let files = ["", "-wal", "-shm", ".lock"].map(beside);
    let mut all = files.iter().map(PathBuf::as_path).chain([folder]);
    // What is not there is made, or told otherwise.
    let closed = all.find(|path| path.exists() && !may_write(path))?;
    Some(format!(
        "store.path: this user ({}) may not write {}: the server cannot serve as that user",
        rustix::process::geteuid().as_raw(),
        closed.display()
    ))
}

/// Whether this process may write a file, or make files in a folder.
fn may_write(path: &Path) -> bool {
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_before_its_time_shortly_before_its_end_and_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls {
            cert_file: folder.path().join("a.pem"),
            key_file: folder.path().join("a.key"),
        };
        assert_eq!(
            end_of(&tls, Utc::now()),
            None,
            "that it is missing is told otherwise"
        );
        let key = rcgen::KeyPair::generate().unwrap();
        let mut wanted = rcgen::CertificateParams::default();
        wanted.not_before = rcgen::date_time_ymd(2025, 1, 31);
        wanted.not_after = rcgen::date_time_ymd(2026, 1, 31);
        std::fs::write(&tls.cert_file, wanted.self_signed(&key).unwrap().pem()).unwrap();
        let told = |day: &str| end_of(&tls, format!("{day}T00:00:00Z").parse().unwrap());
        let early = told("2025-01-30").unwrap();
        assert!(
            early.contains("a.pem is not valid before 2025-01-31T00:00:00Z: no client"),
            "{early}"
        );
        assert_eq!(told("2025-01-31"), None);
        assert_eq!(told("2026-01-24"), None);
        assert!(
            told("2026-01-25")
                .unwrap()
                .ends_with("a.pem ends at 2026-01-31T00:00:00Z; renew it in time")
        );
        assert!(
            told("2026-01-31")
                .unwrap()
                .contains("a.pem ended at 2026-01-31T00:00:00Z: no client")
        );
    }

    #[test]
    fn a_store_that_may_not_be_written_is_warned_of_by_the_file_or_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let store = Backend::Sqlite(kubemint_store::Options::new(&path));
        assert_eq!(store_to_write(&store, &may_write), None);
        let told = |closed: &Path| store_to_write(&store, &|path| path != closed);
        assert_eq!(told(&path), None, "it is not there yet");
        let of_folder = told(folder.path()).unwrap();
        assert!(of_folder.contains(&format!(
            "may not write {}: the server",
            folder.path().display()
        )));
        for ending in ["", "-wal", ".lock"] {
            let file = folder.path().join(format!("x.db{ending}"));
            std::fs::write(&file, "").unwrap();
            let of_file = told(&file).unwrap();
            assert!(
                of_file.contains(&format!("may not write {}:", file.display())),
                "{of_file}"
            );
        }
        assert!(may_write(folder.path()));
        assert!(!may_write(&folder.path().join("absent")));
    }
}

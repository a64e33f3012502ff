//! Files that are missing or unfit when the service starts: their cluster is out of order, and no other.

use std::path::Path;

use kubemint::ports::Clusters;
use kubemint_clusters::{Fleet, Health};
use kubemint_sandbox::{RequestKind, World, WorldOptions};
use slog::{Logger, o};

use crate::log::Log;
use crate::stage::{self, INSTANCE, LIMITS, failed, object, quiet, record};

/// Two clusters, of which the files of `sick` are as they are when this is called; and their fleet.
struct Pair {
    world: World,
    folder: tempfile::TempDir,
    fleet: Fleet,
    log: Log,
}

impl Pair {
    /// `spoil` changes the folder of the files before they are read.
    async fn new(more: &str, spoil: impl FnOnce(&Path)) -> Self {
        let world = World::start(WorldOptions::with_clusters(&["sick", "well"]))
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut texts: Vec<String> = world
            .clusters()
            .iter()
            .map(|cluster| stage::configure(cluster, folder.path()))
            .collect();
        texts[0] = texts[0].replacen("ca_file", &format!("{more}ca_file"), 1);
        spoil(folder.path());
        let configs = stage::read(&texts.concat(), folder.path()).unwrap();
        let log = Log::default();
        let logger = Logger::root(log.clone(), o!());
        let fleet = Fleet::with_limits(configs, INSTANCE, logger, LIMITS).unwrap();
        Self {
            world,
            folder,
            fleet,
            log,
        }
    }

    /// All four operations fail like this, nobody is called, and the other cluster serves.
    async fn is_sick(&self, class: &'static str, words: &str) {
        let [sick, well] = <[_; 2]>::try_from(self.fleet.keys()).unwrap();
        let lost = record(&sick);
        let gone = object(&lost);
        let fleet = &self.fleet;
        assert_eq!(failed(fleet.create(&lost).await), class);
        assert_eq!(failed(fleet.mint(&sick, &gone, 600).await), class);
        assert_eq!(failed(fleet.remove(&sick, &gone).await), class);
        assert_eq!(failed(crate::stage::listed(fleet, &sick).await), class);
        match fleet.health(&sick).await {
            Some(Health::Sick {
                class: told,
                detail,
            }) => {
                assert_eq!(told, class);
                assert!(detail.contains(words), "{detail}");
            }
            other => panic!("{other:?}"),
        }
        let calls = self.world.clusters()[0].requests(RequestKind::ANY);
        assert_eq!(calls, 0, "a sick cluster is not called");
        // It is configured all the same: what is unknown would be 404.
        assert_eq!(fleet.profile(&sick).unwrap().key, sick);
        fleet.create(&record(&well)).await.unwrap();
        assert_eq!(fleet.health(&well).await, Some(Health::Ready));
        let text = self.log.text();
        assert_eq!(text.matches("OUT OF ORDER").count(), 1, "{text}");
        assert!(text.contains("cluster=r/p/sick"), "{text}");
        assert!(text.contains(words), "{text}");
    }

    /// The report's lines that say that something is wrong, without the folder's name.
    async fn findings(&self) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        let report = self.fleet.preflight().await.to_string();
        assert!(
            report.contains("ok          r/p/well: no rights in excess"),
            "{report}"
        );
        report
            .lines()
            .filter(|line| !line.starts_with("ok ") && !line.starts_with("note "))
            .map(|line| line.replace(&folder, ""))
            .collect()
    }

    /// Mends the file, and waits until the cluster serves; it is to take a few seconds at most.
    async fn heals(&self, file: &str, content: &str) {
        std::fs::write(self.folder.path().join(file), content).unwrap();
        let sick = self.fleet.keys().remove(0);
        let began = std::time::Instant::now();
        while let Err(error) = self.fleet.create(&record(&sick)).await {
            assert!(began.elapsed() < LIMITS.deadline * 2, "{error:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(self.fleet.health(&sick).await, Some(Health::Ready));
        assert!(self.fleet.preflight().await.is_ok());
        assert!(
            self.log.text().contains("it is no longer out of order"),
            "{}",
            self.log.text()
        );
    }
}

#[tokio::test]
async fn a_missing_token_puts_its_cluster_out_of_order_until_it_is_there() {
    let pair = Pair::new("", |folder| {
        std::fs::remove_file(folder.join("sick.token")).unwrap();
    })
    .await;
    pair.is_sick("refused", "sick.token cannot be read: ").await;
    assert_eq!(
        pair.findings().await,
        [
            "missing     r/p/sick: the service's credential cannot be used: sick.token cannot be read: No such file or \
             directory (os error 2); make a token as the manifest says"
        ]
    );
    let token = pair.world.clusters()[0].service_token();
    pair.heals("sick.token", &token).await;
}

#[tokio::test]
async fn a_token_file_that_holds_none_is_as_bad_and_is_not_repeated() {
    let pair = Pair::new("", |folder| {
        std::fs::write(folder.join("sick.token"), "canary canary").unwrap();
    })
    .await;
    pair.is_sick("refused", "sick.token does not hold a bearer token")
        .await;
    assert!(!pair.log.text().contains("canary"));
    let token = pair.world.clusters()[0].service_token();
    pair.heals("sick.token", &token).await;
}

#[tokio::test]
async fn a_missing_bundle_is_mended_before_any_file_leaves_without_it() {
    let pair = Pair::new("", |folder| {
        std::fs::remove_file(folder.join("sick.pem")).unwrap();
    })
    .await;
    pair.is_sick("unreachable", "sick.pem cannot be read: ")
        .await;
    assert_eq!(
        pair.findings().await,
        [
            "unreachable r/p/sick: its certificate cannot be checked: sick.pem cannot be read: No such file or directory \
             (os error 2)"
        ]
    );
    let sick = pair.fleet.keys().remove(0);
    let bundle = pair.world.clusters()[0].ca_pem();
    std::fs::write(pair.folder.path().join("sick.pem"), bundle).unwrap();
    // Whoever had the profile without its bundle is refused once more, the one who finds the file first of all.
    assert_eq!(pair.fleet.profile(&sick).unwrap().ca_pem, None);
    assert_eq!(
        failed(pair.fleet.create(&record(&sick)).await),
        "unreachable"
    );
    let profile = pair.fleet.profile(&sick).unwrap();
    assert_eq!(
        profile.ca_pem.as_deref().map(str::trim),
        Some(bundle.trim())
    );
    pair.heals("sick.pem", bundle).await;
}

#[tokio::test]
async fn the_bundle_of_the_kubeconfig_files_counts_too() {
    let pair = Pair::new("public_ca_file = \"public.pem\"\n", |folder| {
        std::fs::write(folder.join("public.pem"), "no bundle").unwrap();
    })
    .await;
    pair.is_sick("unreachable", "public.pem is not a PEM bundle")
        .await;
    let another = kubemint_sandbox::Pki::new("public").unwrap().ca_pem();
    let public = another + pair.world.clusters()[0].ca_pem();
    pair.heals("public.pem", &public).await;
    let sick = pair.fleet.keys().remove(0);
    let profile = pair.fleet.profile(&sick).unwrap();
    assert_eq!(
        profile.ca_pem.as_deref().map(str::trim),
        Some(public.trim())
    );
    // It is read once: what happens to it later does not matter.
    std::fs::remove_file(pair.folder.path().join("public.pem")).unwrap();
    pair.fleet.create(&record(&sick)).await.unwrap();
}

#[tokio::test]
async fn a_fleet_of_nothing_but_sick_clusters_still_starts() {
    let pair = Pair::new("", |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let texts: String = ["a", "b"]
        .map(|id| {
            format!(
                "[[clusters]]\nregion = \"r\"\nproject = \"p\"\nid = \"{id}\"\napi_url = \"{}\"\n\
                 ca_file = \"absent.pem\"\ncredential = {{ kubeconfig_file = \"absent\" }}\n",
                pair.world.clusters()[0].url()
            )
        })
        .concat();
    let configs = stage::read(&texts, folder.path()).unwrap();
    let fleet = Fleet::with_limits(configs, INSTANCE, quiet(), LIMITS).unwrap();
    assert_eq!(fleet.preflight().await.lines.len(), 2);
}

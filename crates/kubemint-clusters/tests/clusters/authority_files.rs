//! The files of an authority for client certificates: which are refused, and how they are read again.

use std::path::Path;

use chrono::{TimeDelta, Utc};
use kubemint::ports::Clusters as _;
use kubemint_clusters::{Fleet, Health};
use kubemint_sandbox::Pki;

use crate::certificates::{certified, configuration, fleet, for_user, parts};
use crate::openssl::{self, Key, openssl};
use crate::stage::{INSTANCE, LIMITS, failed, quiet, read};

/// What is wrong, as preflight tells it.
async fn complaint(folder: &Path, authority: &str) -> String {
    let fleet = fleet(folder, "https://127.0.0.1:1", authority);
    let record = for_user(&fleet, "alice");
    let until = Utc::now() + TimeDelta::hours(1);
    let refused = fleet.certify(&record, Utc::now(), until).await;
    assert_eq!(failed(refused), "unsigned", "{authority}");
    let health = fleet.health(&fleet.keys()[0]).await.unwrap();
    let Health::Sick { class, detail } = health else {
        panic!("{authority} is of use");
    };
    assert_eq!(class, "unsigned");
    let report = fleet.preflight().await.to_string();
    assert!(
        report.contains(&format!("missing     r/p/sandbox: client_ca: {detail}\n")),
        "{report}"
    );
    detail.replace(&folder.display().to_string(), "DIR")
}

#[tokio::test]
async fn files_that_are_no_authority_are_refused_by_name_and_nothing_of_them_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "good", Key::Sec1("prime256v1"));
    openssl::authority(folder, "good", &[]);
    let copy = |from: &str, to: &str| std::fs::copy(folder.join(from), folder.join(to)).unwrap();
    // A certificate that is not an authority's.
    copy("good.key", "leaf.key");
    openssl::authority(
        folder,
        "leaf",
        &["-addext", "basicConstraints=critical,CA:FALSE"],
    );
    assert_eq!(
        complaint(folder, "leaf").await,
        "DIR/leaf.pem cannot be used: its certificate is not that of an authority (CA:TRUE)"
    );
    copy("good.key", "crl.key");
    openssl::authority(folder, "crl", &["-addext", "keyUsage=critical,cRLSign"]);
    assert_eq!(
        complaint(folder, "crl").await,
        "DIR/crl.pem cannot be used: its certificate may not sign certificates (keyCertSign)"
    );
    copy("good.key", "server.key");
    openssl::authority(
        folder,
        "server",
        &["-addext", "extendedKeyUsage=serverAuth"],
    );
    assert_eq!(
        complaint(folder, "server").await,
        "DIR/server.pem cannot be used: its certificate is not for clients (extended key usage)"
    );
    // Another's key.
    openssl::key(folder, "other", Key::Sec1("prime256v1"));
    copy("good.pem", "other.pem");
    assert_eq!(
        complaint(folder, "other").await,
        "DIR/other.key cannot be used: it is not the key of the certificate"
    );
    // A key that is too weak, or of a kind that Kubernetes does not take.
    for (name, algorithm) in [
        ("weak", &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..]),
        ("curve", &["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
        ("ed448", &["ED448"]),
    ] {
        let file = format!("{name}.key");
        openssl(
            folder,
            &[&["genpkey", "-out", &file, "-algorithm"], algorithm].concat(),
        );
        openssl::authority(folder, name, &[]);
        assert!(
            complaint(folder, name).await.starts_with(&format!(
                "DIR/{name}.key cannot be used: its key is none of RSA"
            )),
            "{name}"
        );
    }
    // A key with a password.
    openssl(
        folder,
        &[
            "pkcs8",
            "-topk8",
            "-in",
            "good.key",
            "-passout",
            "pass:x",
            "-out",
            "locked.key",
        ],
    );
    copy("good.pem", "locked.pem");
    assert!(
        complaint(folder, "locked")
            .await
            .contains("its key has a password")
    );
    // No key, no certificate, not even files.
    copy("good.pem", "empty.pem");
    std::fs::write(folder.join("empty.key"), "canary").unwrap();
    let told = complaint(folder, "empty").await;
    assert_eq!(
        told,
        "DIR/empty.key cannot be used: it holds no private key in PEM (PKCS#8, PKCS#1 or SEC1)"
    );
    copy("good.key", "nothing.key");
    std::fs::write(folder.join("nothing.pem"), "canary").unwrap();
    assert_eq!(
        complaint(folder, "nothing").await,
        "DIR/nothing.pem cannot be used: it holds no certificate"
    );
    copy("good.key", "mixed.key");
    std::fs::write(
        folder.join("mixed.pem"),
        std::fs::read_to_string(folder.join("good.pem")).unwrap()
            + &std::fs::read_to_string(folder.join("good.key")).unwrap(),
    )
    .unwrap();
    assert!(
        complaint(folder, "mixed")
            .await
            .ends_with("it holds something that is no certificate")
    );
    assert!(
        complaint(folder, "absent")
            .await
            .contains("absent.pem cannot be read: No such file")
    );
}

#[tokio::test]
async fn an_authority_is_read_again_and_between_its_two_files_the_old_one_signs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["a", "new"] {
        openssl::key(folder, name, Key::Sec1("prime256v1"));
        openssl::authority(folder, name, &[]);
    }
    let issuer = |chain: &str| {
        std::fs::write(folder.join("client.pem"), chain).unwrap();
        openssl(folder, &["x509", "-in", "client.pem", "-noout", "-issuer"])
    };
    // The limits say that files are looked at on every use.
    let fleet = fleet(folder, "https://127.0.0.1:1", "a");
    let record = for_user(&fleet, "alice");
    let by = async || issuer(parts(&certified(&fleet, &record).await).0);
    assert!(by().await.contains("kubemint a CA"));
    let key = &fleet.keys()[0];
    let told = || (fleet.stale_credential(key), fleet.rereads());
    assert_eq!(told(), (None, (0, 0)));
    std::fs::copy(folder.join("new.pem"), folder.join("a.pem")).unwrap();
    assert!(by().await.contains("kubemint a CA"));
    // Whoever watches is told meanwhile.
    let (stale, counts) = told();
    assert!(
        stale.is_some_and(|stale| stale.contains("it is not the key of the certificate")),
        "{counts:?}"
    );
    assert_eq!(counts, (0, 1));
    std::fs::copy(folder.join("new.key"), folder.join("a.key")).unwrap();
    assert!(by().await.contains("kubemint new CA"));
    std::fs::remove_file(folder.join("a.key")).unwrap();
    assert!(by().await.contains("kubemint new CA"));
}

#[tokio::test]
async fn signing_goes_on_whatever_the_services_own_credential_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    std::fs::write(folder.join("ca.pem"), Pki::new("server").unwrap().ca_pem()).unwrap();
    let text = configuration("https://127.0.0.1:1", "a").replace(
        "client_ca",
        "credential = { token_file = \"token\" }\nclient_ca",
    );
    let fleet = |text: &str| {
        let configs = read(text, folder).unwrap();
        Fleet::with_limits(configs, INSTANCE, quiet(), LIMITS).unwrap()
    };
    for content in [None, Some("no token")] {
        if let Some(content) = content {
            std::fs::write(folder.join("token"), content).unwrap();
        }
        let fleet = fleet(&text);
        certified(&fleet, &for_user(&fleet, "alice")).await;
        // What needs the credential tells what is wrong with it.
        let health = fleet.health(&fleet.keys()[0]).await;
        assert!(
            matches!(&health, Some(Health::Sick { class: "refused", detail }) if detail.contains("/token ")),
            "{health:?}"
        );
    }
    // The bundle behind which the service itself goes is none of a certificate's matter either; the one in the
    // kubeconfig files is.
    let other = text.replace(
        "ca_file = \"ca.pem\"",
        "ca_file = \"no.pem\"\npublic_ca_file = \"ca.pem\"",
    );
    let apart = fleet(&other);
    certified(&apart, &for_user(&apart, "alice")).await;
    let swapped = other.replace("no.pem", "-").replace("ca.pem", "no.pem");
    let without = fleet(&swapped.replace("\"-\"", "\"ca.pem\""));
    let until = Utc::now() + TimeDelta::hours(1);
    let refused = without
        .certify(&for_user(&without, "alice"), Utc::now(), until)
        .await;
    assert_eq!(failed(refused), "unreachable");
}

#[tokio::test]
async fn a_bundle_that_comes_late_lets_certificates_be_signed_without_the_credential() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    let text = configuration("https://127.0.0.1:1", "a").replace(
        "client_ca",
        "credential = { token_file = \"none\" }\nclient_ca",
    );
    let fleet =
        Fleet::with_limits(read(&text, folder).unwrap(), INSTANCE, quiet(), LIMITS).unwrap();
    let record = for_user(&fleet, "alice");
    let sign = async || {
        let until = Utc::now() + TimeDelta::hours(1);
        fleet.certify(&record, Utc::now(), until).await
    };
    assert_eq!(failed(sign().await), "unreachable");
    std::fs::write(folder.join("ca.pem"), Pki::new("server").unwrap().ca_pem()).unwrap();
    // Whoever had the profile without its bundle is refused once more.
    assert_eq!(failed(sign().await), "unreachable");
    let began = std::time::Instant::now();
    while let Err(error) = sign().await {
        assert!(began.elapsed() < LIMITS.deadline * 2, "{error:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(fleet.profile(&fleet.keys()[0]).unwrap().ca_pem.is_some());
}

#[test]
fn checking_the_configuration_reads_the_files_and_tells_which_is_unfit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("ca.pem"), Pki::new("server").unwrap().ca_pem()).unwrap();
    let warned = |authority: &str| {
        let config = read(&configuration("https://127.0.0.1:1", authority), folder)
            .unwrap()
            .remove(0);
        let shown = folder.display().to_string();
        let warnings = config.warnings().into_iter();
        warnings
            .filter(|warning| warning.contains("out of order"))
            .map(|warning| warning.replace(&shown, "DIR"))
            .collect::<Vec<_>>()
    };
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    assert_eq!(warned("a"), [""; 0]);
    openssl::key(folder, "b", Key::Sec1("prime256v1"));
    std::fs::copy(folder.join("a.pem"), folder.join("b.pem")).unwrap();
    let of = "cluster r/p/sandbox is out of order: clusters[0].client_ca";
    assert_eq!(
        warned("b"),
        [format!(
            "{of}.key_file: DIR/b.key cannot be used: it is not the key of the certificate; name the PEM file of its \
             private key (PKCS #8, PKCS #1 or SEC 1), without a password"
        )]
    );
    let absent = warned("absent");
    assert!(
        absent.len() == 1
            && absent[0].starts_with(&format!("{of}.cert_file: DIR/absent.pem cannot be read: ")),
        "{absent:?}"
    );
    let key = rcgen::KeyPair::generate().unwrap();
    let mut over = rcgen::CertificateParams::default();
    over.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    over.not_before = rcgen::date_time_ymd(2020, 1, 1);
    over.not_after = rcgen::date_time_ymd(2020, 1, 2);
    std::fs::write(
        folder.join("over.pem"),
        over.self_signed(&key).unwrap().pem(),
    )
    .unwrap();
    std::fs::write(folder.join("over.key"), key.serialize_pem()).unwrap();
    assert_eq!(
        warned("over"),
        [format!(
            "{of}.cert_file: DIR/over.pem ended at 2020-01-02T00:00:00Z; renew it: an authority signs nothing beyond its own \
             end"
        )]
    );
}

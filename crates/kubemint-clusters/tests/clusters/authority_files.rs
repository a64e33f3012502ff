//! The files of an authority for client certificates: which are refused, and how they are read again.

use std::path::Path;

use chrono::{TimeDelta, Utc};
use kubemint::ports::Clusters as _;
use kubemint_clusters::Health;

use crate::certificates::{certified, fleet, for_user, parts};
use crate::openssl::{self, Key, openssl};
use crate::stage::failed;

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
    std::fs::copy(folder.join("new.pem"), folder.join("a.pem")).unwrap();
    assert!(by().await.contains("kubemint a CA"));
    std::fs::copy(folder.join("new.key"), folder.join("a.key")).unwrap();
    assert!(by().await.contains("kubemint new CA"));
    std::fs::remove_file(folder.join("a.key")).unwrap();
    assert!(by().await.contains("kubemint new CA"));
}

//! Client certificates: what is in them, by the word of openssl.

use std::path::Path;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use kubemint::ports::{ClusterError, Clusters as _, Credential, Secret};
use kubemint::record::Record;
use kubemint_clusters::Fleet;
use kubemint_sandbox::Pki;
use secrecy::ExposeSecret as _;

use crate::openssl::{self, KEYS, Key, openssl};
use crate::stage::{INSTANCE, LIMITS, failed, quiet, read, record};

/// The configuration of a cluster with certificates by `NAME.pem` and `NAME.key`.
pub(crate) fn configuration(url: &str, authority: &str) -> String {
    format!(
        "[[clusters]]\nregion = \"r\"\nproject = \"p\"\nid = \"sandbox\"\napi_url = \"{url}\"\nca_file = \"ca.pem\"\n\
         client_ca = {{ cert_file = \"{authority}.pem\", key_file = \"{authority}.key\" }}\n\
         [clusters.roles.viewer]\ngroups = [\"kubemint:viewer\", \"O=a, CN=b + \\\"c\\\"\"]\n\
         [clusters.roles.bare]\ncluster_role = \"view\"\n"
    )
}

pub(crate) fn fleet(folder: &Path, url: &str, authority: &str) -> Fleet {
    let bundle = Pki::new("server").unwrap().ca_pem();
    if !folder.join("ca.pem").exists() {
        std::fs::write(folder.join("ca.pem"), bundle).unwrap();
    }
    let configs = read(&configuration(url, authority), folder).unwrap();
    Fleet::with_limits(configs, INSTANCE, quiet(), LIMITS).unwrap()
}

pub(crate) fn for_user(fleet: &Fleet, user: &str) -> Record {
    Record {
        issued_for: user.to_owned(),
        ..record(&fleet.keys()[0])
    }
}

/// A certificate for a record, of an hour.
pub(crate) async fn certified(fleet: &Fleet, record: &Record) -> Credential {
    let now = Utc::now();
    let until = now.trunc_subsecs(0) + TimeDelta::hours(1);
    let credential = fleet.certify(record, now, until).await.unwrap();
    assert_eq!(credential.expires_at, until);
    assert_eq!(credential.issued_at, now);
    credential
}

pub(crate) fn parts(credential: &Credential) -> (&str, &str) {
    match &credential.secret {
        Secret::Certificate { chain, key } => (chain, key.expose_secret()),
        Secret::Token(_) => panic!("it should be a certificate"),
    }
}

/// What `openssl x509 -text` says, names as UTF-8 and in one line each.
fn text(folder: &Path, chain: &str) -> String {
    std::fs::write(folder.join("client.pem"), chain).unwrap();
    openssl(
        folder,
        &[
            "x509",
            "-in",
            "client.pem",
            "-noout",
            "-text",
            "-nameopt",
            "RFC2253,-esc_msb,utf8",
        ],
    )
}

#[tokio::test]
async fn every_kind_of_authority_signs_and_openssl_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, kind, algorithm) in KEYS {
        openssl::key(folder, name, kind);
        // Strict verification wants the authority to say what it is for.
        let usage = ["-addext", "keyUsage=critical,keyCertSign"];
        openssl::authority(folder, name, &usage);
        let fleet = fleet(folder, "https://127.0.0.1:1", name);
        let record = for_user(&fleet, "alice");
        let credential = certified(&fleet, &record).await;
        let (chain, key) = parts(&credential);
        let text = text(folder, chain);
        assert!(
            text.contains(&format!("Signature Algorithm: {algorithm}")),
            "{name}: {text}"
        );
        let ca = format!("{name}.pem");
        let verify = [
            "verify",
            "-x509_strict",
            "-purpose",
            "sslclient",
            "-CAfile",
            &ca,
            "client.pem",
        ];
        assert_eq!(openssl(folder, &verify), "client.pem: OK\n", "{name}");
        // The key is the certificate's, and in PKCS#8.
        assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{name}");
        std::fs::write(folder.join("client.key"), key).unwrap();
        assert_eq!(
            openssl(folder, &["pkey", "-in", "client.key", "-pubout"]),
            openssl(folder, &["x509", "-in", "client.pem", "-noout", "-pubkey"]),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_certificate_says_what_it_is_for_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    let fleet = fleet(folder, "https://127.0.0.1:1", "a");
    let record = for_user(&fleet, "alice");
    let credential = certified(&fleet, &record).await;
    let (chain, _) = parts(&credential);
    let text = text(folder, chain);
    for expected in [
        "Version: 3 (0x2)",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        "ASN1 OID: prime256v1",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // The key identifier is the authority's.
    let id = |of: &str, name: &str| {
        let shown = openssl(folder, &["x509", "-in", of, "-noout", "-ext", name]);
        shown.lines().last().unwrap().trim().to_owned()
    };
    assert_eq!(
        id("client.pem", "authorityKeyIdentifier"),
        id("a.pem", "subjectKeyIdentifier")
    );
    // The issuer is the authority's subject, octet by octet.
    let hash = |of: &str, what: &str| openssl(folder, &["x509", "-in", of, "-noout", what]);
    assert_eq!(
        hash("client.pem", "-issuer_hash"),
        hash("a.pem", "-subject_hash")
    );
    let date = |what: &str| {
        let shown = openssl(
            folder,
            &[
                "x509",
                "-in",
                "client.pem",
                "-noout",
                "-dateopt",
                "iso_8601",
                what,
            ],
        );
        let text = shown.trim().split_once('=').unwrap().1.replace(' ', "T");
        text.parse::<DateTime<Utc>>().unwrap()
    };
    assert_eq!(date("-enddate"), credential.expires_at);
    let begins = credential.issued_at.trunc_subsecs(0) - TimeDelta::minutes(5);
    assert_eq!(date("-startdate"), begins);
    // Both times have two digits of the year (RFC 5280, before 2050).
    let asn1 = openssl(folder, &["asn1parse", "-in", "client.pem"]);
    assert_eq!(asn1.matches("UTCTIME").count(), 2, "{asn1}");
    let fingerprint = openssl(
        folder,
        &[
            "x509",
            "-in",
            "client.pem",
            "-noout",
            "-fingerprint",
            "-sha256",
        ],
    );
    let hex = fingerprint
        .trim()
        .split_once('=')
        .unwrap()
        .1
        .replace(':', "")
        .to_lowercase();
    assert_eq!(credential.jti, Some(format!("X509SHA256={hex}")));
}

#[tokio::test]
async fn no_two_certificates_have_a_serial_number_or_a_key_in_common() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    let fleet = fleet(folder, "https://127.0.0.1:1", "a");
    let record = for_user(&fleet, "alice");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let credential = certified(&fleet, &record).await;
        let (chain, key) = parts(&credential);
        text(folder, chain);
        let serial = openssl(folder, &["x509", "-in", "client.pem", "-noout", "-serial"]);
        let digits = serial.trim().strip_prefix("serial=").unwrap();
        assert_eq!(digits.len(), 40, "20 octets: {digits}");
        assert!(digits.as_bytes()[0] < b'8', "positive: {digits}");
        assert!(seen.insert(digits.to_owned()));
        assert!(seen.insert(key.to_owned()));
    }
}

#[tokio::test]
async fn names_are_data_whatever_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    let fleet = fleet(folder, "https://127.0.0.1:1", "a");
    let long = "x".repeat(253);
    for user in [
        "alice, O=system:masters",
        "alice/O=system:masters",
        "alice+O=system:masters",
        "\"; CN=kubernetes-admin",
        "#04024869",
        "a\\2C O=system:masters",
        " leading and trailing ",
        "Алиса 😀 é",
        "kubemint:other-id:bob",
        "$(id) `id` %n <>;=",
        &long,
    ] {
        let record = for_user(&fleet, user);
        let credential = certified(&fleet, &record).await;
        let (chain, _) = parts(&credential);
        std::fs::write(folder.join("client.pem"), chain).unwrap();
        // One line for each part, with nothing escaped.
        let shown = openssl(
            folder,
            &[
                "x509",
                "-in",
                "client.pem",
                "-noout",
                "-subject",
                "-nameopt",
                "multiline,-esc_ctrl,-esc_msb,utf8",
            ],
        );
        let lines: Vec<&str> = shown.lines().skip(1).collect();
        let named = |line: &str| {
            line.trim_start()
                .split_once('=')
                .map(|(key, value)| (key.trim().to_owned(), value[1..].to_owned()))
        };
        let found: Vec<_> = lines.iter().filter_map(|line| named(line)).collect();
        let expected = [
            ("organizationName".to_owned(), "kubemint:viewer".to_owned()),
            (
                "organizationName".to_owned(),
                "O=a, CN=b + \"c\"".to_owned(),
            ),
            (
                "commonName".to_owned(),
                format!("kubemint:{}:{user}", record.id),
            ),
        ];
        assert_eq!(found, expected, "{user:?}");
    }
}

#[tokio::test]
async fn without_groups_there_is_no_organization() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    let fleet = fleet(folder, "https://127.0.0.1:1", "a");
    let record = Record {
        role: "bare".to_owned(),
        ..for_user(&fleet, "alice")
    };
    let credential = certified(&fleet, &record).await;
    let text = text(folder, parts(&credential).0);
    let subject = text
        .lines()
        .find(|line| line.contains("Subject: "))
        .unwrap();
    assert_eq!(
        subject.trim(),
        format!("Subject: CN=kubemint:{}:alice", record.id)
    );
}

#[tokio::test]
async fn nothing_outlives_its_authority_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    // The shortest that openssl makes: a day.
    openssl::authority(folder, "a", &["-days", "1"]);
    let fleet = fleet(folder, "https://127.0.0.1:1", "a");
    let record = for_user(&fleet, "alice");
    let now = Utc::now();
    let asked = now + TimeDelta::days(3);
    let credential = fleet.certify(&record, now, asked).await.unwrap();
    let end = openssl(
        folder,
        &[
            "x509", "-in", "a.pem", "-noout", "-enddate", "-dateopt", "iso_8601",
        ],
    );
    let end: DateTime<Utc> = end
        .trim()
        .split_once('=')
        .unwrap()
        .1
        .replace(' ', "T")
        .parse()
        .unwrap();
    assert_eq!(credential.expires_at, end);
    let later = end + TimeDelta::seconds(1);
    let refused = fleet
        .certify(&record, later, later + TimeDelta::hours(1))
        .await;
    assert_eq!(failed(refused), "unsigned");
    let earlier = now - TimeDelta::days(1);
    let refused = fleet.certify(&record, earlier, now).await;
    assert_eq!(failed(refused), "unsigned");
}

#[tokio::test]
async fn a_role_that_is_not_configured_any_more_is_named_as_what_keeps_from_signing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "a", Key::Sec1("prime256v1"));
    openssl::authority(folder, "a", &[]);
    let fleet = fleet(folder, "https://127.0.0.1:1", "a");
    let mut record = for_user(&fleet, "alice");
    record.role = "gone".to_owned();
    let now = Utc::now();
    let refused = fleet.certify(&record, now, now + TimeDelta::hours(1)).await;
    let Err(error @ ClusterError::Unsigned(_)) = refused else {
        panic!("signed, or not for the role");
    };
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        why.starts_with("role gone is not configured any more"),
        "{why}"
    );
}

#[tokio::test]
async fn an_intermediate_authority_is_in_the_chain_and_a_root_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl::key(folder, "root", Key::Pkcs8(&["ED25519"]));
    openssl::authority(folder, "root", &[]);
    openssl::key(folder, "mid", Key::Sec1("secp384r1"));
    openssl(
        folder,
        &[
            "req", "-new", "-key", "mid.key", "-subj", "/CN=mid", "-out", "mid.csr",
        ],
    );
    std::fs::write(
        folder.join("mid.ext"),
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign\n",
    )
    .unwrap();
    openssl(
        folder,
        &[
            "x509",
            "-req",
            "-in",
            "mid.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "9",
            "-extfile",
            "mid.ext",
            "-out",
            "mid.pem",
        ],
    );
    let middle = fleet(folder, "https://127.0.0.1:1", "mid");
    let credential = certified(&middle, &for_user(&middle, "alice")).await;
    let (chain, _) = parts(&credential);
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    std::fs::write(folder.join("client.pem"), chain).unwrap();
    let verify = [
        "verify",
        "-purpose",
        "sslclient",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "client.pem",
        "client.pem",
    ];
    assert_eq!(openssl(folder, &verify), "client.pem: OK\n");
    let root = fleet(folder, "https://127.0.0.1:1", "root");
    let credential = certified(&root, &for_user(&root, "alice")).await;
    assert_eq!(parts(&credential).0.matches("BEGIN CERTIFICATE").count(), 1);
}

//! TLS to the database, and the password.

use std::fs;
use std::process::Command;

use kubemint::ports::Store as _;
use kubemint_store::{PostgresError, PostgresOptions, PostgresStore};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::cluster::Cluster;

/// An authority, and the PEM texts of a certificate by it and of its key.
fn authority_and_server() -> (String, String, String) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = ["127.0.0.1".to_owned()];
    let server = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &ca)
        .unwrap();
    (ca.pem(), server.pem(), key.serialize_pem())
}

#[tokio::test]
async fn a_database_is_reached_by_tls_with_a_password_and_by_nothing_less() {
    let cluster = Cluster::start(&[]);
    let (ca, certificate, key) = authority_and_server();
    let folder = cluster.folder();
    let data = folder.join("data");
    let write = |path: &std::path::Path, text: &str| {
        fs::write(path, text).unwrap();
        let owned = Command::new("chown")
            .arg("--reference")
            .arg(&data)
            .arg(path)
            .status();
        let private = Command::new("chmod").arg("600").arg(path).status();
        assert!(owned.unwrap().success() && private.unwrap().success());
    };
    write(&data.join("server.crt"), &certificate);
    write(&data.join("server.key"), &key);
    write(
        &data.join("pg_hba.conf"),
        "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
    );
    let mut options = cluster.database();
    for sql in [
        "ALTER SYSTEM SET ssl = on",
        "CREATE ROLE kubemint LOGIN PASSWORD 'first'",
        "ALTER DATABASE test_0 OWNER TO kubemint",
        "SELECT pg_reload_conf()",
    ] {
        assert!(cluster.sql("postgres", sql), "{sql}");
    }
    let (ca_file, password_file) = (folder.join("ca.pem"), folder.join("password"));
    fs::write(&ca_file, &ca).unwrap();
    fs::write(&password_file, "first\n").unwrap();
    options.user = "kubemint".to_owned();
    options.password_file = Some(password_file.clone());
    let plain = options.clone();
    options.ca_file = Some(ca_file);

    // The server takes a moment to read its new configuration.
    let start = std::time::Instant::now();
    while let Err(error) = PostgresStore::migrate(&options).await {
        assert!(start.elapsed().as_secs() < 10, "{error:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let store = PostgresStore::open(&options).await.unwrap();
    store.ping().await.unwrap();

    let refusal = async |options: &PostgresOptions| {
        PostgresStore::open(options).await.err().expect("refused")
    };
    // The database's own word about who asks, and how.
    let turned_away = async |options: &PostgresOptions| {
        let error = refusal(options).await;
        assert!(matches!(error, PostgresError::User(_)), "{error:?}");
    };
    // It never came to that.
    let not_connected = async |options: &PostgresOptions| {
        let error = refusal(options).await;
        assert!(matches!(error, PostgresError::Connect(_)), "{error:?}");
    };
    turned_away(&plain).await;
    let stranger = folder.join("stranger.pem");
    fs::write(&stranger, authority_and_server().0).unwrap();
    not_connected(&PostgresOptions {
        ca_file: Some(stranger),
        ..options.clone()
    })
    .await;
    // The certificate is for the address, not for this name of it.
    not_connected(&PostgresOptions {
        host: "localhost".to_owned(),
        ..options.clone()
    })
    .await;
    fs::write(&password_file, "wrong").unwrap();
    turned_away(&options).await;

    // A new password is used without a restart: the old connection is ended, and the next one has it.
    fs::write(&password_file, "second").unwrap();
    assert!(cluster.sql("postgres", "ALTER ROLE kubemint PASSWORD 'second'"));
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'kubemint'";
    assert!(cluster.sql("postgres", ended));
    let start = std::time::Instant::now();
    while let Err(error) = store.ping().await {
        assert!(start.elapsed().as_secs() < 10, "{error:?}");
    }
}

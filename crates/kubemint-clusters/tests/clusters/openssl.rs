//! Authorities made by the `openssl` command, and what it says of certificates: another program's word.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs `openssl` in a folder; its standard output.
pub(crate) fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the openssl command is needed for these tests");
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// How an authority's key is made and written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    Pkcs8(&'static [&'static str]),
    Pkcs1,
    Sec1(&'static str),
}

/// Every kind of key that authorities have, by name.
pub(crate) const KEYS: [(&str, Key, &str); 9] = [
    ("rsa-pkcs8", Key::Pkcs8(&["RSA"]), "sha256WithRSAEncryption"),
    (
        "rsa-3072-pkcs8",
        Key::Pkcs8(&["RSA", "-pkeyopt", "rsa_keygen_bits:3072"]),
        "sha256WithRSAEncryption",
    ),
    ("rsa-pkcs1", Key::Pkcs1, "sha256WithRSAEncryption"),
    (
        "p256-pkcs8",
        Key::Pkcs8(&["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        "ecdsa-with-SHA256",
    ),
    ("p256-sec1", Key::Sec1("prime256v1"), "ecdsa-with-SHA256"),
    (
        "p384-pkcs8",
        Key::Pkcs8(&["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        "ecdsa-with-SHA384",
    ),
    ("p384-sec1", Key::Sec1("secp384r1"), "ecdsa-with-SHA384"),
    ("p521-sec1", Key::Sec1("secp521r1"), "ecdsa-with-SHA512"),
    ("ed25519", Key::Pkcs8(&["ED25519"]), "ED25519"),
];

/// Makes `NAME.key` in a folder.
pub(crate) fn key(folder: &Path, name: &str, key: Key) -> PathBuf {
    let file = format!("{name}.key");
    match key {
        Key::Pkcs8(algorithm) => {
            let arguments = [&["genpkey", "-out", &file, "-algorithm"], algorithm].concat();
            openssl(folder, &arguments);
        }
        Key::Pkcs1 => {
            openssl(folder, &["genrsa", "-traditional", "-out", &file, "2048"]);
        }
        // It writes the parameters of the curve before the key.
        Key::Sec1(curve) => {
            openssl(
                folder,
                &["ecparam", "-genkey", "-name", curve, "-out", &file],
            );
        }
    }
    folder.join(file)
}

/// Makes `NAME.pem`, signed by the key in `NAME.key` itself.
pub(crate) fn authority(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let (key, file) = (format!("{name}.key"), format!("{name}.pem"));
    let subject = format!("/C=XX/O=Clusters, \"quoted\" = yes/CN=kubemint {name} CA");
    let arguments = [
        "req", "-x509", "-new", "-key", &key, "-out", &file, "-days", "30", "-utf8", "-subj",
        &subject,
    ];
    openssl(folder, &[&arguments[..], more].concat());
    folder.join(file)
}

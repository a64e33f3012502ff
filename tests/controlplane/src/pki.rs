//! The keys and certificates of one control plane: made new at each start, valid for one control
//! plane only.
//!
//! Four authorities, because each answers another question: `server-ca` (is this the API server?),
//! `client-ca` (is this one of the components, or the administrator?), `issuing-ca` (trusted for
//! clients too, and free for tests to sign with or to withdraw), and `etcd-ca` (may this process touch
//! the store?).

use std::time::{Duration, SystemTime};

use anyhow::Context;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

use crate::layout::{Layout, write_private};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate with its key, both as PEM.
pub(crate) struct Credential {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What the rest of the start needs in memory; everything is on disk as well.
pub(crate) struct Pki {
    pub(crate) server_ca: String,
    pub(crate) admin: Credential,
    pub(crate) manager: Credential,
}

/// A certificate authority.
struct Authority {
    certificate: Certificate,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Whom a certificate is for.
struct Subject<'a> {
    name: &'a str,
    group: Option<&'a str>,
    hosts: &'a [&'a str],
    usages: &'a [ExtendedKeyUsagePurpose],
}

impl Authority {
    fn new(name: &str) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let key_pem = key.serialize_pem();
        let mut params = params(name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate,
            key_pem,
            issuer: Issuer::new(params, key),
        })
    }

    fn issue(&self, subject: &Subject<'_>) -> anyhow::Result<Credential> {
        let key = KeyPair::generate()?;
        let mut params = params(subject.name, subject.hosts)?;
        if let Some(group) = subject.group {
            params
                .distinguished_name
                .push(DnType::OrganizationName, group);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = subject.usages.to_vec();
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Credential {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    fn credential(&self) -> Credential {
        Credential {
            certificate: self.certificate.pem(),
            key: self.key_pem.clone(),
        }
    }
}

/// Valid from five minutes ago, for clocks that differ, until in ten years: a development cluster may
/// stay up for long.
fn params(name: &str, hosts: &[&str]) -> anyhow::Result<CertificateParams> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts)?;
    let now = SystemTime::now();
    params.not_before = (now - Duration::from_secs(300)).into();
    params.not_after = (now + 3650 * DAY).into();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

impl Pki {
    /// Makes everything and writes it below the layout's `pki` folder.
    pub(crate) fn create(layout: &Layout) -> anyhow::Result<Self> {
        use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
        let server_ca = Authority::new("kubemint-test-server-ca")?;
        let client_ca = Authority::new("kubemint-test-client-ca")?;
        let issuing_ca = Authority::new("kubemint-test-issuing-ca")?;
        let etcd_ca = Authority::new("kubemint-test-etcd-ca")?;

        let server = server_ca.issue(&Subject {
            name: "kube-apiserver",
            group: None,
            hosts: &[
                "127.0.0.1",
                "localhost",
                // The first address of the range of services: the `kubernetes` service.
                "10.0.0.1",
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
                "kubernetes.default.svc.cluster.local",
            ],
            usages: &[ServerAuth],
        })?;
        let client = |name, group| {
            client_ca.issue(&Subject {
                name,
                group,
                hosts: &[],
                usages: &[ClientAuth],
            })
        };
        let admin = client("kubernetes-admin", Some("system:masters"))?;
        let manager = client("system:kube-controller-manager", None)?;
        // One certificate for the store as server, for itself as peer, and for its one client.
        let etcd = etcd_ca.issue(&Subject {
            name: "etcd",
            group: None,
            hosts: &["127.0.0.1", "localhost"],
            usages: &[ServerAuth, ClientAuth],
        })?;

        for (name, credential) in [
            ("server-ca", &server_ca.credential()),
            ("client-ca", &client_ca.credential()),
            ("issuing-ca", &issuing_ca.credential()),
            ("server", &server),
            ("admin", &admin),
            ("etcd", &etcd),
        ] {
            write_private(&layout.pki(&format!("{name}.crt")), &credential.certificate)?;
            write_private(&layout.pki(&format!("{name}.key")), &credential.key)?;
        }
        write_private(&layout.pki("etcd-ca.crt"), &etcd_ca.certificate.pem())?;
        let bundle = format!(
            "{}{}",
            client_ca.certificate.pem(),
            issuing_ca.certificate.pem()
        );
        write_private(&layout.pki("client-ca-bundle.crt"), &bundle)?;

        // ES256 rather than RSA: twice the tokens per second.
        let tokens = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .context("cannot make the token key")?;
        write_private(&layout.pki("service-account.key"), &tokens.serialize_pem())?;
        write_private(&layout.pki("service-account.pub"), &tokens.public_key_pem())?;

        Ok(Self {
            server_ca: server_ca.certificate.pem(),
            admin,
            manager,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use rustls::RootCertStore;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, UnixTime};
    use rustls::server::WebPkiClientVerifier;

    fn accepts(ca: &str, certificate: &str) -> bool {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(ca.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        verifier
            .verify_client_cert(&certificate, &[], UnixTime::now())
            .is_ok()
    }

    #[test]
    fn the_administrator_is_known_to_the_client_bundle_and_not_to_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path()).unwrap();
        layout.prepare().unwrap();
        let pki = Pki::create(&layout).unwrap();
        let read = |name: &str| std::fs::read_to_string(layout.pki(name)).unwrap();
        assert!(accepts(
            &read("client-ca-bundle.crt"),
            &pki.admin.certificate
        ));
        assert!(!accepts(&read("etcd-ca.crt"), &pki.admin.certificate));
        assert!(!accepts(&read("issuing-ca.crt"), &pki.admin.certificate));
        assert!(!accepts(&pki.server_ca, &pki.admin.certificate));
    }

    #[test]
    fn the_token_key_is_written_in_the_forms_that_the_server_reads() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path()).unwrap();
        layout.prepare().unwrap();
        Pki::create(&layout).unwrap();
        let read = |name: &str| std::fs::read_to_string(layout.pki(name)).unwrap();
        assert!(read("service-account.key").starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(read("service-account.pub").starts_with("-----BEGIN PUBLIC KEY-----"));
    }
}

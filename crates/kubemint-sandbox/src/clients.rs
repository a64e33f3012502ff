//! Client certificates as kube-apiserver takes them: whatever certificate a client shows is let through by TLS, as long as
//! the client has its key; whether it is any good is judged at every request.

use std::sync::Arc;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::error::SandboxError;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// The certificates that a client showed when it connected: an extension of its requests.
#[derive(Clone)]
pub(crate) struct Shown(pub(crate) Arc<[CertificateDer<'static>]>);

/// Asks for a certificate, and takes any.
#[derive(Debug)]
pub(crate) struct AnyCertificate(pub(crate) Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Who a certificate is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
    /// `X509SHA256=` and the digest of the certificate.
    pub(crate) credential_id: String,
}

/// The authorities that a cluster trusts for clients.
pub(crate) struct Authorities(Arc<dyn ClientCertVerifier>);

impl Authorities {
    /// Those of a PEM bundle.
    pub(crate) fn new(bundle: &str) -> Result<Self, SandboxError> {
        let unfit = |_| SandboxError::Options("the client authorities are no bundle".to_owned());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
            let certificate = certificate.map_err(|_| ()).map_err(unfit)?;
            roots.add(certificate).map_err(|_| ()).map_err(unfit)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| ())
            .map_err(unfit)?;
        Ok(Self(verifier))
    }

    /// Whom the certificates are for, at `now`; `None` if they prove nothing.
    pub(crate) fn holder(&self, shown: &Shown, now: DateTime<Utc>) -> Option<Holder> {
        let (own, between) = shown.0.split_first()?;
        // Rounded up: a certificate ends at its last second, as Go counts, not a second later.
        let up = i64::from(now.timestamp_subsec_nanos() > 0);
        let seconds = u64::try_from(now.timestamp() + up).ok()?;
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        self.0.verify_client_cert(own, between, now).ok()?;
        let certificate = Certificate::from_der(own).ok()?;
        let mut holder = Holder {
            name: String::new(),
            groups: Vec::new(),
            credential_id: format!("X509SHA256={}", hex(own)),
        };
        for part in &certificate.tbs_certificate.subject.0 {
            for value in part.0.iter() {
                let text = || String::from_utf8(value.value.value().to_vec()).ok();
                match value.oid {
                    COMMON_NAME => holder.name = text()?,
                    ORGANIZATION => holder.groups.push(text()?),
                    _ => {}
                }
            }
        }
        (!holder.name.is_empty()).then_some(holder)
    }
}

fn hex(der: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, der);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

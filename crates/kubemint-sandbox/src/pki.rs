//! A throw-away certificate authority, and the TLS configuration of a loopback server that it vouches for.

use std::sync::Arc;

use chrono::{Datelike, Duration, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::clients::AnyCertificate;
use crate::error::SandboxError;

/// Whole days that a sandbox certificate is valid for. Nobody keeps a sandbox for longer.
const LIFETIME_DAYS: i64 = 365;

/// The names that a loopback server answers to.
const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// A certificate authority that lives as long as this value: an EC P-256 key that is never written anywhere.
///
/// Two authorities never trust one another, so a client that was given one's certificate refuses a server of the
/// other.
#[derive(Debug)]
pub struct Pki {
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    /// Makes a new authority whose certificate carries `common_name`.
    ///
    /// # Errors
    /// [`SandboxError::Certificate`] if the random source fails.
    pub fn new(common_name: &str) -> Result<Self, SandboxError> {
        let mut params = parameters(common_name, Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { authority })
    }

    /// The authority's certificate in PEM: what a client must trust.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// A client certificate that the authority signs, as PEM, with its PKCS#8 key: for `name` in `groups`, valid from
    /// `from` seconds from now on (negative: ago) until `until`.
    ///
    /// # Errors
    /// [`SandboxError::Certificate`] if the random source fails.
    pub fn client(
        &self,
        name: &str,
        group: Option<&str>,
        (from, until): (i64, i64),
    ) -> Result<(String, String), SandboxError> {
        let key = KeyPair::generate()?;
        let mut params = parameters(name, Vec::new())?;
        if let Some(group) = group {
            params
                .distinguished_name
                .push(DnType::OrganizationName, group);
        }
        let at = |seconds: i64| {
            let moment = Utc::now() + Duration::seconds(seconds);
            std::time::SystemTime::from(moment).into()
        };
        (params.not_before, params.not_after) = (at(from), at(until));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.authority)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    /// The authority's private key in PEM (PKCS#8), for those who sign with it.
    pub fn ca_key_pem(&self) -> String {
        self.authority.key().serialize_pem()
    }

    /// The TLS configuration of a server on loopback, with a fresh P-256 key and a certificate for `127.0.0.1`,
    /// `::1` and `localhost`. It offers HTTP/1.1 by ALPN, and HTTP/2 before it if `http2` is set.
    ///
    /// # Errors
    /// [`SandboxError::Certificate`] or [`SandboxError::Tls`], neither of which depends on input.
    pub fn server_config(&self, http2: bool) -> Result<Arc<ServerConfig>, SandboxError> {
        self.server_config_for(Vec::new(), http2)
    }

    /// As [`Pki::server_config`], for other names: a certificate that a client on loopback must refuse. (No names: those
    /// of loopback.)
    ///
    /// # Errors
    /// [`SandboxError::Certificate`] if one of `names` is not ASCII, and so fits in no certificate.
    pub fn server_config_for(
        &self,
        names: Vec<String>,
        http2: bool,
    ) -> Result<Arc<ServerConfig>, SandboxError> {
        self.configured(names, http2, false)
    }

    /// As [`Pki::server_config_for`], of a server that asks its clients for certificates, and takes whatever they show.
    pub(crate) fn server_config_asking(
        &self,
        names: Vec<String>,
        http2: bool,
    ) -> Result<Arc<ServerConfig>, SandboxError> {
        self.configured(names, http2, true)
    }

    fn configured(
        &self,
        names: Vec<String>,
        http2: bool,
        ask: bool,
    ) -> Result<Arc<ServerConfig>, SandboxError> {
        let names = if names.is_empty() {
            LOOPBACK_NAMES.map(String::from).to_vec()
        } else {
            names
        };
        let key = KeyPair::generate()?;
        let mut params = parameters("kubemint sandbox server", names)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.authority)?;

        // The provider is named, so that the sandbox never depends on what the process installed as its default.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = if ask {
            builder.with_client_cert_verifier(Arc::new(AnyCertificate(provider)))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
        config.alpn_protocols = if http2 {
            vec![b"h2".to_vec(), b"http/1.1".to_vec()]
        } else {
            vec![b"http/1.1".to_vec()]
        };
        Ok(Arc::new(config))
    }
}

fn parameters(common_name: &str, names: Vec<String>) -> Result<CertificateParams, SandboxError> {
    let mut params = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    params.distinguished_name = subject;
    // A day back, so that a client whose clock is a little behind is not refused.
    let (year, month, first) = day(Utc::now() - Duration::days(1));
    params.not_before = rcgen::date_time_ymd(year, month, first);
    let (year, month, last) = day(Utc::now() + Duration::days(LIFETIME_DAYS));
    params.not_after = rcgen::date_time_ymd(year, month, last);
    Ok(params)
}

/// The year, month and day of `at`: certificates begin and end at midnight.
fn day(at: chrono::DateTime<Utc>) -> (i32, u8, u8) {
    let (month, day) = (u8::try_from(at.month()), u8::try_from(at.day()));
    (at.year(), month.unwrap_or(1), day.unwrap_or(1))
}

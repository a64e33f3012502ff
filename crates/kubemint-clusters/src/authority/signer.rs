//! What signs: the certificate and the key of an authority, held against each other, and against what they are for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use kubemint::ports::ClusterError;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::{any_ecdsa_type, any_supported_type};
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;
use secrecy::{ExposeSecret, SecretString};
use x509_cert::Certificate;
use x509_cert::der::asn1::{Any, BitString, ObjectIdentifier, OctetString};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::certificate::{self, CLIENT_AUTH, Issuer, Subject};
use super::{AuthorityError, Files};
use crate::config::{ClientCa, pem};
use crate::failure::unsigned;

const ANY_EXTENDED_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// The schemes that an authority may sign with, and how certificates call them (RFC 4055, 5758, 8410); the flag says
/// whether the algorithm has parameters, which are NULL then.
const SCHEMES: [(SignatureScheme, &str, bool); 5] = [
    (
        SignatureScheme::RSA_PKCS1_SHA256,
        "1.2.840.113549.1.1.11",
        true,
    ),
    (
        SignatureScheme::ECDSA_NISTP256_SHA256,
        "1.2.840.10045.4.3.2",
        false,
    ),
    (
        SignatureScheme::ECDSA_NISTP384_SHA384,
        "1.2.840.10045.4.3.3",
        false,
    ),
    (
        SignatureScheme::ECDSA_NISTP521_SHA512,
        "1.2.840.10045.4.3.4",
        false,
    ),
    (SignatureScheme::ED25519, "1.3.101.112", false),
];

/// What signs client certificates of a cluster.
pub(crate) struct Signer {
    files: Files,
    name: Name,
    key_id: Option<OctetString>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    /// The certificates between a client's and the one that the API server knows: PEM, perhaps empty.
    between: String,
    key: Arc<dyn SigningKey>,
    scheme: SignatureScheme,
    algorithm: AlgorithmIdentifierOwned,
}

/// A signed certificate with its fresh key.
pub(crate) struct Signed {
    pub(crate) chain: String,
    pub(crate) key: SecretString,
    pub(crate) not_after: DateTime<Utc>,
    /// What Kubernetes calls it in its audit log (since 1.32).
    pub(crate) credential_id: String,
}

impl Signer {
    /// Reads the files of an authority. It blocks on the file system.
    pub(super) fn load(of: &ClientCa) -> Result<Self, AuthorityError> {
        let files = Files::read(of)?;
        let unfit = |path: &Path| {
            let path = path.display().to_string();
            move |what| AuthorityError::Unfit {
                path: path.clone(),
                what,
            }
        };
        let certificates = certificates(&files.certificate).map_err(unfit(&of.certificate))?;
        let (first, more) = certificates
            .split_first()
            .ok_or("it holds no certificate")
            .map_err(unfit(&of.certificate))?;
        let ca = Ca::read(first).map_err(unfit(&of.certificate))?;
        let key = private_key(files.key.expose_secret()).map_err(unfit(&of.key))?;
        let key = any_supported_type(&key)
            .map_err(|_| "its key is none of RSA (2048 to 8192 bits), EC (P-256, P-384, P-521) and Ed25519")
            .map_err(unfit(&of.key))?;
        if !ca.has_key(key.as_ref()) {
            return Err(unfit(&of.key)("it is not the key of the certificate"));
        }
        let (scheme, algorithm) = scheme(key.as_ref()).map_err(unfit(&of.key))?;
        // An authority that signed itself is what the API server knows already.
        let between: Vec<Vec<u8>> = certificates_between(first, &ca, more);
        Ok(Self {
            name: ca.name,
            key_id: ca.key_id,
            not_before: ca.not_before,
            not_after: ca.not_after,
            between: pem(&between),
            key,
            scheme,
            algorithm,
            files,
        })
    }

    /// Whether the other comes from the same files.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.files.certificate == other.files.certificate
            && self.files.key.expose_secret() == other.files.key.expose_secret()
    }

    /// Until when it can sign.
    pub(crate) fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// Signs a certificate for a fresh key, valid until `until` or the authority's own end.
    ///
    /// # Errors
    /// [`ClusterError::Unsigned`].
    pub(crate) fn sign(
        &self,
        subject: &Subject,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Signed, ClusterError> {
        if now < self.not_before {
            return Err(unsigned("its authority is not valid yet"));
        }
        // Whatever it signs ends with it: less is granted, and told.
        let not_after = until.min(self.not_after);
        if not_after <= now {
            return Err(unsigned("its authority has expired"));
        }
        let failed = |what| move |_| unsigned(what);
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| unsigned("a key cannot be made"))?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_ref()));
        let public = any_ecdsa_type(&private).map_err(|_| unsigned("a key cannot be made"))?;
        let public = public
            .public_key()
            .ok_or_else(|| unsigned("a key cannot be made"))?;
        let issuer = Issuer {
            name: &self.name,
            key_id: self.key_id.as_ref(),
            algorithm: &self.algorithm,
        };
        let tbs = certificate::unsigned(&issuer, subject, &serial()?, &public, now, not_after)
            .map_err(failed("the certificate cannot be put together"))?;
        let text = tbs
            .to_der()
            .map_err(failed("the certificate cannot be put together"))?;
        let signature = self
            .key
            .choose_scheme(&[self.scheme])
            .and_then(|signer| signer.sign(&text).ok())
            .ok_or_else(|| unsigned("signing failed"))?;
        let whole = Certificate {
            tbs_certificate: tbs,
            signature_algorithm: self.algorithm.clone(),
            signature: BitString::from_bytes(&signature)
                .map_err(failed("the certificate cannot be put together"))?,
        };
        let der = whole
            .to_der()
            .map_err(failed("the certificate cannot be put together"))?;
        let digest = digest::digest(&digest::SHA256, &der);
        let hex: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Signed {
            chain: format!("{}{}", pem(&[der]), self.between),
            key: key_pem(pkcs8.as_ref()),
            not_after,
            credential_id: format!("X509SHA256={hex}"),
        })
    }
}

/// 20 octets, 158 bits of them random: positive, and as long as RFC 5280 allows.
fn serial() -> Result<[u8; 20], ClusterError> {
    let mut serial = [0; 20];
    rand::fill(&mut serial).map_err(|_| unsigned("no random number can be drawn"))?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}

fn key_pem(pkcs8: &[u8]) -> SecretString {
    let encoded = SecretString::from(STANDARD.encode(pkcs8));
    let mut text = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    let mut rest = encoded.expose_secret();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text.into()
}

/// What is read of an authority's certificate.
struct Ca {
    name: Name,
    key_id: Option<OctetString>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    public_key: SubjectPublicKeyInfoOwned,
    self_signed: bool,
}

impl Ca {
    fn read(der: &[u8]) -> Result<Self, &'static str> {
        let malformed = |_| "its certificate is malformed";
        let whole = Certificate::from_der(der).map_err(malformed)?;
        let tbs = whole.tbs_certificate;
        // Go compares issuer and subject octet by octet.
        let name = tbs.subject.to_der().map_err(malformed)?;
        if name.len() <= 2 || !der.windows(name.len()).any(|there| there == name) {
            return Err("the subject of its certificate is empty or not in DER");
        }
        let extension = |oid: ObjectIdentifier| {
            let all = tbs.extensions.iter().flatten();
            all.clone()
                .find(|extension| extension.extn_id == oid)
                .map(|extension| extension.extn_value.as_bytes())
        };
        use x509_cert::der::oid::AssociatedOid as _;
        let basic = extension(BasicConstraints::OID)
            .map(BasicConstraints::from_der)
            .transpose()
            .map_err(malformed)?;
        if !basic.is_some_and(|basic| basic.ca) {
            return Err("its certificate is not that of an authority (CA:TRUE)");
        }
        let usage = extension(KeyUsage::OID)
            .map(KeyUsage::from_der)
            .transpose()
            .map_err(malformed)?;
        if usage.is_some_and(|usage| !usage.key_cert_sign()) {
            return Err("its certificate may not sign certificates (keyCertSign)");
        }
        let extended = extension(ExtendedKeyUsage::OID)
            .map(ExtendedKeyUsage::from_der)
            .transpose()
            .map_err(malformed)?;
        let for_clients = |usages: &ExtendedKeyUsage| {
            usages
                .0
                .iter()
                .any(|oid| [CLIENT_AUTH, ANY_EXTENDED_USAGE].contains(oid))
        };
        if extended.is_some_and(|extended| !for_clients(&extended)) {
            return Err("its certificate is not for clients (extended key usage)");
        }
        let key_id = extension(SubjectKeyIdentifier::OID)
            .map(SubjectKeyIdentifier::from_der)
            .transpose()
            .map_err(malformed)?;
        Ok(Self {
            self_signed: tbs.issuer == tbs.subject,
            key_id: key_id.map(|id| id.0),
            not_before: moment(tbs.validity.not_before.to_unix_duration())?,
            not_after: moment(tbs.validity.not_after.to_unix_duration())?,
            public_key: tbs.subject_public_key_info,
            name: tbs.subject,
        })
    }

    fn has_key(&self, key: &dyn SigningKey) -> bool {
        let theirs = key.public_key().and_then(|spki| {
            let spki = SubjectPublicKeyInfoOwned::from_der(&spki).ok()?;
            Some(spki.subject_public_key)
        });
        theirs.is_some_and(|theirs| theirs == self.public_key.subject_public_key)
    }
}

fn moment(since_1970: Duration) -> Result<DateTime<Utc>, &'static str> {
    i64::try_from(since_1970.as_secs())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or("its certificate has impossible times")
}

fn certificates_between(first: &[u8], ca: &Ca, more: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if ca.self_signed {
        return Vec::new();
    }
    [&[first.to_vec()], more].concat()
}

fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(text)
        .map(|section| match section {
            Ok((SectionKind::Certificate, der)) => Ok(der),
            Ok(_) => Err("it holds something that is no certificate"),
            Err(_) => Err("it is not PEM"),
        })
        .collect()
}

/// The one private key of a PEM text. Parameters of a curve may be beside it, as OpenSSL writes them.
fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, &'static str> {
    if text
        .windows(b"ENCRYPTED".len())
        .any(|there| there == b"ENCRYPTED")
    {
        return Err(
            "its key has a password: write it without one, in a file that only the service can read",
        );
    }
    PrivateKeyDer::from_pem_slice(text)
        .map_err(|_| "it holds no private key in PEM (PKCS#8, PKCS#1 or SEC1)")
}

fn scheme(
    key: &dyn SigningKey,
) -> Result<(SignatureScheme, AlgorithmIdentifierOwned), &'static str> {
    for (scheme, oid, parameters) in SCHEMES {
        if key.choose_scheme(&[scheme]).is_some() {
            let oid = ObjectIdentifier::new(oid).map_err(|_| "its algorithm has no name")?;
            let parameters = parameters.then(Any::null);
            return Ok((scheme, AlgorithmIdentifierOwned { oid, parameters }));
        }
    }
    Err("its key cannot sign certificates")
}

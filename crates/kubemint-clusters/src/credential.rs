//! The service's own credential at a cluster: read from files, compared with what is in use.
//!
//! Errors name files and keys, never what is in them: a parser's own message may quote a secret.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use kube::config::{AuthInfo, Kubeconfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use x509_cert::der::Decode as _;

use crate::config::{BundleError, ClusterConfig, CredentialSource, pem, read_bundle};

/// The largest credential file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Why a credential cannot be used. It holds nothing of the credential.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum CredentialError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's word for it.
        reason: String,
    },
    /// A token file that holds no token.
    #[error("{path} does not hold a bearer token and nothing else")]
    NotAToken {
        /// The file.
        path: String,
    },
    /// A kubeconfig that cannot be understood.
    #[error("{path} is not a usable kubeconfig: {what}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A kubeconfig with something that the service does not do.
    #[error("{path} has {key}, which is refused: {why}")]
    Forbidden {
        /// The file.
        path: String,
        /// The key.
        key: &'static str,
        /// Why, and what to do instead.
        why: &'static str,
    },
    /// The bundle of the API server's certificate.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// A client certificate with its key, both PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: SecretString,
}

/// All that a connection is made from, besides the URL.
#[derive(Clone)]
pub(crate) struct Material {
    /// A bearer token.
    pub(crate) token: Option<SecretString>,
    /// A client certificate.
    pub(crate) identity: Option<Identity>,
    /// The certificates that sign the API server's, in DER; `None` for the system's roots.
    pub(crate) roots: Option<Vec<Vec<u8>>>,
}

/// The `exp` of a JWT; it is not proved, since it is the service's own.
fn token_end(token: &str) -> Option<DateTime<Utc>> {
    #[derive(serde::Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    DateTime::from_timestamp(claims.exp, 0)
}

fn certificate_end(pem: &str) -> Option<DateTime<Utc>> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let certificate = x509_cert::Certificate::from_der(&der).ok()?;
    Some(
        certificate
            .tbs_certificate
            .validity
            .not_after
            .to_system_time()
            .into(),
    )
}

/// What was read of the files of a cluster.
pub(crate) struct Read {
    /// What a connection is made from.
    pub(crate) material: Result<Material, CredentialError>,
    /// The bundle of the kubeconfig files, in PEM, if it was asked for. It may be good where the credential is not.
    pub(crate) public: Option<Result<String, BundleError>>,
}

impl Material {
    /// When the service's credential ends, where it says so: a token that is a JWT, and a certificate. The earlier of both.
    pub(crate) fn ends(&self) -> Option<DateTime<Utc>> {
        let token = self
            .token
            .as_ref()
            .and_then(|token| token_end(token.expose_secret()));
        let identity = self
            .identity
            .as_ref()
            .and_then(|identity| certificate_end(&identity.certificate));
        token.into_iter().chain(identity).min()
    }

    /// Whether a connection made from the other would be the same.
    pub(crate) fn connects_like(&self, other: &Self) -> bool {
        let token = |material: &Self| {
            material
                .token
                .as_ref()
                .map(|token| token.expose_secret().to_owned())
        };
        let identity = |material: &Self| {
            let identity = material.identity.as_ref()?;
            Some((
                identity.certificate.clone(),
                identity.key.expose_secret().to_owned(),
            ))
        };
        token(self) == token(other)
            && identity(self) == identity(other)
            && self.roots == other.roots
    }
}

/// Reads everything that a connection to the cluster needs; with `public`, the bundle of the kubeconfig files too. It
/// blocks on the file system.
pub(crate) fn load(config: &ClusterConfig, public: bool) -> Read {
    let bundle = |path: &PathBuf| read_bundle(path).map(|certificates| pem(&certificates));
    let wanted = config.public_ca_file.as_ref().filter(|_| public);
    Read {
        public: wanted.map(bundle),
        material: material(config),
    }
}

/// Why the service's own credential cannot be used now, if so. It blocks on the file system.
pub(crate) fn complaint(config: &ClusterConfig) -> Option<CredentialError> {
    match material(config) {
        // The bundle is told with the configuration.
        Ok(_) | Err(CredentialError::Bundle(_)) => None,
        Err(error) => Some(error),
    }
}

fn material(config: &ClusterConfig) -> Result<Material, CredentialError> {
    let roots = config.ca_file.as_deref().map(read_bundle).transpose()?;
    let (token, identity) = match &config.credential {
        // Nobody may call then (`Member::call`); the bundles are read as ever.
        None => (None, None),
        Some(CredentialSource::Token(path)) => (Some(token(path)?), None),
        Some(CredentialSource::Kubeconfig(path)) => kubeconfig(path)?,
    };
    Ok(Material {
        token,
        identity,
        roots,
    })
}

fn text(path: &Path) -> Result<String, CredentialError> {
    let unreadable = |reason: String| CredentialError::Unreadable {
        path: path.display().to_string(),
        reason,
    };
    let bytes = crate::files::read(path, LARGEST).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".into()))
}

fn token(path: &Path) -> Result<SecretString, CredentialError> {
    let text = SecretString::from(text(path)?);
    bearer(text.expose_secret()).ok_or_else(|| CredentialError::NotAToken {
        path: path.display().to_string(),
    })
}

/// A bearer token, without the white space around it: visible ASCII, since it goes into a header.
fn bearer(text: &str) -> Option<SecretString> {
    let token = text.trim();
    (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then(|| token.into())
}

type User = (Option<SecretString>, Option<Identity>);

fn kubeconfig(path: &Path) -> Result<User, CredentialError> {
    let shown = path.display().to_string();
    let unusable = |what: &'static str| CredentialError::Kubeconfig {
        path: shown.clone(),
        what,
    };
    let text = SecretString::from(text(path)?);
    let file =
        Kubeconfig::from_yaml(text.expose_secret()).map_err(|_| unusable("it cannot be parsed"))?;
    let current = file
        .current_context
        .as_deref()
        .ok_or_else(|| unusable("it has no current-context"))?;
    let context = file
        .contexts
        .iter()
        .find(|context| context.name == current)
        .and_then(|context| context.context.as_ref())
        .ok_or_else(|| unusable("its current-context is none of its contexts"))?;
    let cluster = file
        .clusters
        .iter()
        .find(|cluster| cluster.name == context.cluster);
    if cluster
        .and_then(|named| named.cluster.as_ref())
        .and_then(|c| c.insecure_skip_tls_verify)
        == Some(true)
    {
        return Err(CredentialError::Forbidden {
            path: shown,
            key: "insecure-skip-tls-verify",
            why: "a cluster is only spoken to behind a certificate that is checked; set ca_file",
        });
    }
    let name = context
        .user
        .as_deref()
        .ok_or_else(|| unusable("its current context names no user"))?;
    let user = file
        .auth_infos
        .iter()
        .find(|user| user.name == name)
        .and_then(|user| user.auth_info.as_ref())
        .ok_or_else(|| unusable("the user of its current context is none of its users"))?;
    refuse(user, &shown)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let token = match (&user.token, &user.token_file) {
        (Some(inline), _) => Some(
            bearer(inline.expose_secret())
                .ok_or_else(|| unusable("its token is not a bearer token"))?,
        ),
        (None, Some(file)) => Some(self::token(&base.join(file))?),
        (None, None) => None,
    };
    let identity = identity(user, base, &unusable)?;
    if token.is_none() && identity.is_none() {
        return Err(unusable(
            "its user has neither a token nor a client certificate",
        ));
    }
    Ok((token, identity))
}

/// Refuses the ways of authentication that run programs, send passwords, or act as someone else.
fn refuse(user: &AuthInfo, path: &str) -> Result<(), CredentialError> {
    let acts = user.impersonate.is_some()
        || user.impersonate_uid.is_some()
        || user.impersonate_groups.is_some()
        || user.impersonate_user_extra.is_some();
    let found = [
        (
            user.exec.is_some(),
            "exec",
            "the service runs no programs; write a token or a client certificate",
        ),
        (
            user.auth_provider.is_some(),
            "auth-provider",
            "write a token or a client certificate",
        ),
        (
            user.username.is_some() || user.password.is_some(),
            "username and password",
            "write a token",
        ),
        (
            acts,
            "as",
            "the service acts with its own rights; name the ServiceAccount of the manifest",
        ),
    ];
    match found.into_iter().find(|(there, ..)| *there) {
        Some((_, key, why)) => Err(CredentialError::Forbidden {
            path: path.to_owned(),
            key,
            why,
        }),
        None => Ok(()),
    }
}

fn identity(
    user: &AuthInfo,
    base: &Path,
    unusable: &dyn Fn(&'static str) -> CredentialError,
) -> Result<Option<Identity>, CredentialError> {
    let certificate = part(
        user.client_certificate_data.as_deref(),
        user.client_certificate.as_deref(),
        base,
        unusable,
    )?;
    let key = part(
        user.client_key_data
            .as_ref()
            .map(ExposeSecret::expose_secret),
        user.client_key.as_deref(),
        base,
        unusable,
    )?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let readable = CertificateDer::from_pem_slice(certificate.expose_secret().as_bytes())
                .is_ok()
                && PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).is_ok();
            if !readable {
                return Err(unusable("its client certificate or key is not PEM"));
            }
            Ok(Some(Identity {
                certificate: certificate.expose_secret().to_owned(),
                key,
            }))
        }
        _ => Err(unusable(
            "its user has only one of client certificate and client key",
        )),
    }
}

/// A part that is either base64 within the file, or in a file of its own.
fn part(
    data: Option<&str>,
    file: Option<&str>,
    base: &Path,
    unusable: &dyn Fn(&'static str) -> CredentialError,
) -> Result<Option<SecretString>, CredentialError> {
    match (data, file) {
        (Some(data), _) => {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(data.trim())
                .map_err(|_| unusable("its client certificate or key is not base64"))?;
            let text = String::from_utf8(bytes)
                .map_err(|_| unusable("its client certificate or key is not PEM"))?;
            Ok(Some(text.into()))
        }
        (None, Some(file)) => Ok(Some(text(&base.join(PathBuf::from(file)))?.into())),
        (None, None) => Ok(None),
    }
}

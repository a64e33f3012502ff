//! From what is written to what is meant: every rule of the clusters' configuration.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use kubemint::cluster::{ClusterKey, ClusterProfile, CredentialKind, RoleRules};

use super::error::Place;
use super::raw::{RawClientCa, RawCluster, RawCredential};
use super::roles::{bounds, defaults, roles};
use super::{ClientCa, ClusterConfig, ConfigError, CredentialSource, bundle};
use crate::authority;

/// Checks the clusters of a file whose folder is `base`: relative paths start there. Bundles and authorities are read, and
/// what is wrong with them is noted in [`ClusterConfig::unusable`]; the service's credentials are not, since they are made after the
/// manifest that comes from this configuration.
///
/// # Errors
/// Every problem found, not only the first.
pub fn validate(raw: &[RawCluster], base: &Path) -> Result<Vec<ClusterConfig>, ConfigError> {
    let mut problems = Vec::new();
    let mut checked: Vec<(usize, ClusterConfig)> = Vec::new();
    for (index, cluster) in raw.iter().enumerate() {
        let mut place = Place::new(format!("clusters[{index}]"), &mut problems);
        if let Some(config) = one(cluster, base, &mut place) {
            beside(&config, &checked, &mut place);
            checked.push((index, config));
        }
    }
    if problems.is_empty() {
        Ok(checked.into_iter().map(|(_, config)| config).collect())
    } else {
        Err(ConfigError { problems })
    }
}

/// One cluster by itself; `None` if a part of it is unfit (the reason is noted).
fn one(raw: &RawCluster, base: &Path, place: &mut Place<'_>) -> Option<ClusterConfig> {
    for (name, value) in [
        ("region", &raw.region),
        ("project", &raw.project),
        ("id", &raw.id),
    ] {
        if !is_label(value, 63) {
            place.at(name).wrong(
                format!("{value:?} is not 1 to 63 lower-case letters, digits or hyphens, no hyphen first or last"),
                "it is a segment of the API's paths: write it as users will",
            );
        }
    }
    let api_url = url(&raw.api_url, &mut place.at("api_url"));
    let public_url = match &raw.public_url {
        Some(text) => url(text, &mut place.at("public_url")),
        None => api_url.clone(),
    };
    let ca_file = raw.ca_file.as_ref().map(|path| base.join(path));
    let mut unusable = Vec::new();
    let ca = ca_file
        .as_deref()
        .and_then(|path| read_bundle(path, &mut Place::new(place.key("ca_file"), &mut unusable)));
    let (public_ca_file, public_ca) = match &raw.public_ca_file {
        Some(path) if path.as_os_str().is_empty() => (None, None),
        Some(path) => {
            let path = base.join(path);
            let place = &mut Place::new(place.key("public_ca_file"), &mut unusable);
            let bundle = read_bundle(&path, place);
            (Some(path), bundle)
        }
        None => (ca_file.clone(), ca),
    };
    let client_ca = raw.client_ca.as_ref().map(|raw| {
        let place = &mut Place::new(place.key("client_ca"), &mut unusable);
        client_ca(raw, base, place)
    });
    let kind = match client_ca {
        Some(_) => CredentialKind::Certificate,
        None => CredentialKind::Token,
    };
    let credential = match (&raw.credential, kind) {
        (None, CredentialKind::Certificate) => Some(None),
        (raw, _) => {
            let raw = raw.clone().unwrap_or_default();
            credential(&raw, base, &mut place.at("credential")).map(Some)
        }
    };
    let bounds = bounds(
        RoleRules {
            min_ttl: 60,
            max_ttl: match kind {
                CredentialKind::Token => 24 * 3600,
                CredentialKind::Certificate => 3600,
            },
        },
        raw.min_ttl.as_ref(),
        raw.max_ttl.as_ref(),
        place,
    );
    let roles = roles(raw.roles.as_ref(), bounds?, kind, place)?;
    let (default_role, default_ttl) = defaults(raw, &roles, place)?;
    let (api_url, public_url, credential) = (api_url?, public_url?, credential?);
    let key = ClusterKey::new(&raw.region, &raw.project, &raw.id);
    let profile = ClusterProfile {
        key: key.clone(),
        public_url: public_url.to_string().trim_end_matches('/').to_owned(),
        ca_pem: public_ca,
        kind,
        has_credential: credential.is_some(),
        roles: roles
            .iter()
            .map(|(name, role)| (name.clone(), role.rules))
            .collect(),
        default_role,
        default_ttl,
        max_active_per_user: raw.max_active_per_user.map(NonZeroU32::get),
    };
    Some(ClusterConfig {
        key,
        api_url,
        ca_file,
        public_ca_file,
        unusable,
        credential,
        client_ca,
        roles,
        profile: Arc::new(profile),
    })
}

/// A cluster beside those before it: a place is taken once, and two places in front of one API server agree.
fn beside(config: &ClusterConfig, before: &[(usize, ClusterConfig)], place: &mut Place<'_>) {
    for (index, other) in before {
        if other.key == config.key {
            place.at("id").wrong(
                format!("clusters[{index}] is {} too", config.key),
                "give each cluster of a region and project its own id",
            );
        }
        if other.api_url != config.api_url {
            continue;
        }
        for (name, role) in &config.roles {
            let differs = other.roles.get(name).is_some_and(|theirs| {
                theirs.cluster_role != role.cluster_role
                    || theirs.namespaces != role.namespaces
                    || theirs.binding != role.binding
                    || theirs.groups != role.groups
                    || other.client_ca.is_some() != config.client_ca.is_some()
            });
            if differs {
                place.at(&format!("roles.{name}")).wrong(
                    format!("clusters[{index}] has the same api_url, and binds this role otherwise"),
                    "a role means one thing in one Kubernetes cluster: bind both alike, or give it another name",
                );
            }
        }
    }
}

/// An https URL of a host, a port and a path, without anything else.
fn url(text: &str, place: &mut Place<'_>) -> Option<http::Uri> {
    let parsed: Option<http::Uri> = text.parse().ok();
    let plain = parsed.filter(|uri| {
        let authority = uri
            .authority()
            .map(http::uri::Authority::as_str)
            .unwrap_or_default();
        uri.scheme_str() == Some("https")
            && uri.host().is_some_and(|host| !host.is_empty())
            && !authority.contains('@')
            && uri.query().is_none()
            && !text.contains('#')
    });
    if plain.is_none() {
        // The text itself is not repeated: somebody may have put a password into it.
        place.wrong(
            "it is not an https URL of a host, a port and a path",
            "write it as \"https://HOST:PORT\", without a user, a query or a fragment",
        );
    }
    plain
}

fn read_bundle(path: &Path, place: &mut Place<'_>) -> Option<String> {
    match bundle::read(path) {
        Ok(certificates) => Some(bundle::pem(&certificates)),
        Err(error) => {
            place.wrong(
                error.to_string(),
                "name a PEM file that holds the certificates which sign the API server's, and nothing else",
            );
            None
        }
    }
}

fn credential(raw: &RawCredential, base: &Path, place: &mut Place<'_>) -> Option<CredentialSource> {
    let mut full = |key: &str, path: &PathBuf| {
        let full = base.join(path);
        if may_be_secret(path) && !full.exists() {
            let help = "write the path of the credential's file, not the credential";
            place
                .at(key)
                .wrong("names no file, and does not look like one", help);
            return None;
        }
        Some(full)
    };
    match (&raw.kubeconfig_file, &raw.token_file) {
        (Some(path), None) => full("kubeconfig_file", path).map(CredentialSource::Kubeconfig),
        (None, Some(path)) => full("token_file", path).map(CredentialSource::Token),
        (both, _) => {
            place.wrong(
                if both.is_some() {
                    "it names two credentials"
                } else {
                    "it names no credential"
                },
                "write { kubeconfig_file = \"...\" } or { token_file = \"...\" }",
            );
            None
        }
    }
}

/// Whether it is rather a token or the text of a kubeconfig, written where the name of its file belongs. It must be told nowhere.
fn may_be_secret(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let bare = path.components().count() == 1;
    let begins = ["eyJ", "sha256~"]
        .iter()
        .any(|begin| text.starts_with(begin));
    // Names of files are long where they have a cluster's key in them, and not so long.
    begins || text.contains('\n') || (bare && text.len() > 100)
}

/// The files of an authority, which are read to tell what is wrong with them.
fn client_ca(raw: &RawClientCa, base: &Path, place: &mut Place<'_>) -> ClientCa {
    let files = ClientCa {
        certificate: base.join(&raw.cert_file),
        key: base.join(&raw.key_file),
    };
    match authority::check(&files) {
        Ok(until) if until <= Utc::now() => place.at("cert_file").wrong(
            format!("{} ended at {until:?}", files.certificate.display()),
            "renew it: an authority signs nothing beyond its own end",
        ),
        Ok(_) => {}
        Err(error) => {
            let of_key = error.path() == Some(&files.key.display().to_string());
            let (key, help) = if of_key {
                (
                    "key_file",
                    "name the PEM file of its private key (PKCS #8, PKCS #1 or SEC 1), without a password",
                )
            } else {
                (
                    "cert_file",
                    "name the PEM file of the authority that the API server's --client-ca-file holds",
                )
            };
            place.at(key).wrong(error.to_string(), help);
        }
    }
    files
}

/// An RFC 1123 label of at most `longest` characters.
pub(crate) fn is_label(text: &str, longest: usize) -> bool {
    let within = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(within)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

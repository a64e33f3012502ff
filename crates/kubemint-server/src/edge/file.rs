//! The kubeconfig file (Kubernetes `v1` `Config`). Names are unique in the fleet, so that files merge.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubeconfig_types as wire;
use kubemint::Delivery;
use kubemint::ports::Secret;
use secrecy::ExposeSecret;

use super::convert::{Misfit, fit, narrow};

/// The file as a typed value.
pub(super) fn typed(delivery: &Delivery) -> Result<wire::KubeconfigFile, Misfit> {
    let record = &delivery.record;
    let cluster_name = record.cluster.dotted();
    let user_name = format!("{}.{cluster_name}", record.id);
    let bundle = delivery
        .profile
        .ca_pem
        .as_ref()
        .map(|pem| STANDARD.encode(pem));
    let cluster = wire::KubeconfigCluster {
        server: fit(&delivery.profile.public_url)?,
        certificate_authority_data: bundle.as_deref().map(fit).transpose()?,
    };
    let user = user(&delivery.secret)?;
    let context = wire::KubeconfigContext {
        cluster: fit(&cluster_name)?,
        user: fit(&user_name)?,
    };
    let origin = wire::KubeconfigOrigin {
        id: fit(record.id.as_str())?,
        self_link: fit(&record.self_link())?,
        role: fit(&record.role)?,
        expires_at: delivery.expires_at,
    };
    Ok(wire::KubeconfigFile {
        api_version: wire::KubeconfigFileApiVersion::V1,
        kind: wire::KubeconfigFileKind::Config,
        clusters: narrow(vec![wire::KubeconfigNamedCluster {
            name: fit(&cluster_name)?,
            cluster,
        }])?,
        users: narrow(vec![wire::KubeconfigNamedUser {
            name: fit(&user_name)?,
            user,
        }])?,
        contexts: narrow(vec![wire::KubeconfigNamedContext {
            name: fit(&user_name)?,
            context,
        }])?,
        current_context: fit(&user_name)?,
        extensions: Some(narrow(vec![wire::KubeconfigNamedExtension {
            name: fit(&user_name)?,
            extension: origin,
        }])?),
    })
}

fn user(secret: &Secret) -> Result<wire::KubeconfigUser, Misfit> {
    let nobody = wire::KubeconfigUser {
        token: None,
        client_certificate_data: None,
        client_key_data: None,
    };
    Ok(match secret {
        Secret::Token(token) => wire::KubeconfigUser {
            token: Some(fit(token.expose_secret())?),
            ..nobody
        },
        Secret::Certificate { chain, key } => wire::KubeconfigUser {
            client_certificate_data: Some(fit(&STANDARD.encode(chain))?),
            client_key_data: Some(fit(&STANDARD.encode(key.expose_secret()))?),
            ..nobody
        },
    })
}

/// The file as YAML. Every text goes through a YAML library, so that none can be more than data.
pub(super) fn yaml(delivery: &Delivery) -> Result<wire::KubeconfigYaml, Misfit> {
    // A bundle stays on one line, as kubectl itself writes it, and as people search for it.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_with_options(&typed(delivery)?, options);
    fit(&text.map_err(|_| Misfit)?)
}

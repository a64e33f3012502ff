//! Whether a cluster knows the client certificates that are signed for it: one of each role is shown to it, and it is
//! asked who that is.

use chrono::{SecondsFormat, TimeDelta, Utc};
use http::{Request, StatusCode, header};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kubemint::ports::ClusterError;
use tokio::time::timeout;

use super::Lines;
use super::report::Finding;
use crate::authority::{Authority, Signer, Subject};
use crate::clock::Skew;
use crate::config::RoleConfig;
use crate::credential::Identity;
use crate::failure::{self, misbehaving, unreachable};
use crate::member::Member;

/// The largest answer, in bytes.
const LARGEST: usize = 1 << 20;

/// Who the certificates are for that are shown. Nothing is bound to that name.
const NOBODY: &str = "kubemint:preflight";

/// How long they are valid. They are thrown away at once.
const BRIEFLY: TimeDelta = TimeDelta::minutes(1);

impl Member {
    /// What can be said of the authority, and what the cluster says of certificates.
    pub(super) async fn certificates(
        &self,
        authority: &Authority,
        lines: &mut Lines<'_>,
    ) -> Result<(), ClusterError> {
        let signer = match authority.signer().await {
            Ok(signer) => signer,
            Err(error) => {
                let text = format!("client_ca: {}", failure::detail(&error));
                lines.add(Finding::Missing, text);
                return Ok(());
            }
        };
        if signer.not_after() <= Utc::now() {
            // That is told, and nothing can be shown to the cluster.
            return Ok(());
        }
        let until = signer
            .not_after()
            .to_rfc3339_opts(SecondsFormat::Secs, true);
        let text = format!("client certificates can be signed, none beyond {until}");
        lines.add(Finding::Ok, text);
        for (name, role) in &self.config.roles {
            let (finding, text) = match self.known(&signer, role).await? {
                Known::AsSigned if role.groups.is_empty() => (
                    Finding::Ok,
                    "certificates are known, without a group".to_owned(),
                ),
                Known::AsSigned => (
                    Finding::Ok,
                    format!("certificates are known, in {}", role.groups.join(", ")),
                ),
                // A certificate is of its own time: the line on the clock says what to do.
                Known::Not if self.clock.skew().is_some_and(Skew::matters) => (
                    Finding::Clock,
                    "whether its certificates are known cannot be told while the clocks differ".to_owned(),
                ),
                Known::Not => (
                    Finding::Missing,
                    "the cluster does not know its certificates: put the certificate of client_ca into the file of the API \
                     server's --client-ca-file"
                        .to_owned(),
                ),
                Known::Otherwise => (
                    Finding::Missing,
                    "the cluster takes the holder of a certificate for someone else, or into other groups: something stands \
                     between, or certificates are not what it looks at"
                        .to_owned(),
                ),
            };
            lines.add(finding, format!("role {name}: {text}"));
        }
        Ok(())
    }

    async fn known(&self, signer: &Signer, role: &RoleConfig) -> Result<Known, ClusterError> {
        let subject = Subject {
            name: NOBODY.to_owned(),
            groups: role.groups.clone(),
        };
        let now = Utc::now();
        let signed = signer.sign(&subject, now, now + BRIEFLY)?;
        let identity = Identity {
            certificate: signed.chain,
            key: signed.key,
        };
        let lease = self.connection.for_holder(identity).await?;
        let body = serde_json::to_vec(&SelfSubjectReview::default())
            .map_err(|_| misbehaving("the request cannot be built"))?;
        let request = Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| misbehaving("the request cannot be built"))?;
        let answer = timeout(self.limits.deadline, self.once(&lease, &request, LARGEST))
            .await
            .map_err(|_| unreachable("it did not answer in time"))??;
        match answer.status {
            StatusCode::UNAUTHORIZED => return Ok(Known::Not),
            // Before 1.28 it cannot be asked; somebody it knows it is.
            StatusCode::NOT_FOUND => return Ok(Known::AsSigned),
            status if status.is_success() => {}
            _ => return Err(answer.error()),
        }
        let review: SelfSubjectReview = answer.json()?;
        let user = review
            .status
            .and_then(|status| status.user_info)
            .unwrap_or_default();
        let groups = user.groups.unwrap_or_default();
        let as_signed = user.username.as_deref() == Some(NOBODY)
            && role.groups.iter().all(|group| groups.contains(group));
        Ok(match (as_signed, user.username.as_deref()) {
            (true, _) => Known::AsSigned,
            (false, Some("system:anonymous")) => Known::Not,
            (false, _) => Known::Otherwise,
        })
    }
}

/// What a cluster makes of a certificate.
enum Known {
    /// It knows the name and the groups.
    AsSigned,
    /// It knows nobody.
    Not,
    /// It knows someone else.
    Otherwise,
}

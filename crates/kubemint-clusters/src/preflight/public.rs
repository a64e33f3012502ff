//! Whether the kubeconfig files lead anywhere: their URL is called with their bundle, as kubectl would.

use chrono::Utc;
use http::Request;
use kube::client::Body;
use tokio::time::timeout;

use super::Lines;
use super::report::Finding;
use crate::connection::anonymous;
use crate::expiry::{certificates, end, source};
use crate::failure;
use crate::member::Member;

impl Member {
    /// What of the cluster's files has ended, or will soon.
    pub(super) fn ending(&self, lines: &mut Lines<'_>) {
        let now = Utc::now();
        for expiry in self.expiries() {
            let finding = if expiry.has_ended(now) {
                Finding::Missing
            } else {
                Finding::Warning
            };
            if let Some(text) = expiry.warning(now) {
                lines.add(finding, text);
            }
        }
    }

    /// What the users of the kubeconfig files meet, where the service itself does not meet the same.
    pub(super) async fn public(&self, lines: &mut Lines<'_>) {
        let (config, profile) = (&self.config, self.connection.profile());
        let Ok(url) = profile.public_url.parse::<http::Uri>() else {
            return;
        };
        let roots = match (&config.public_ca_file, &profile.ca_pem) {
            (None, _) => None,
            (Some(_), Some(text)) => Some(certificates(text)),
            // That it cannot be read is told.
            (Some(_), None) => return,
        };
        // What has ended proves nothing, for those who look.
        let now = Utc::now();
        let valid = roots.as_ref().map(|all| {
            let all = all.iter();
            let valid = all.filter(|der| end(der).is_none_or(|end| end > now));
            valid.cloned().collect::<Vec<_>>()
        });
        let none_left = valid.as_ref().is_some_and(Vec::is_empty);
        if none_left || (url == config.api_url && valid == self.connection.roots()) {
            return;
        }
        let shown = &profile.public_url;
        let roots = source(config.public_ca_file.as_deref());
        let request = Request::get("/version").body(Body::empty());
        let (Ok(client), Ok(request)) = (anonymous(&url, valid), request) else {
            let text = format!("public_url {shown}: TLS cannot be set up with {roots}");
            return lines.add(Finding::Missing, text);
        };
        let (finding, text) = match timeout(self.limits.deadline, client.send(request)).await {
            // Whatever it answers, it is who it should be: nobody is logged in here.
            Ok(Ok(_)) => (
                Finding::Ok,
                format!("public_url {shown} answers, certificate by {roots}"),
            ),
            Ok(Err(error)) if failure::is_distrust(&error) => (
                Finding::Missing,
                format!(
                    "public_url {shown}: {} by {roots}: kubectl refuses it with every kubeconfig; mend public_url or the bundle",
                    failure::detail(&failure::of_transport(&error))
                ),
            ),
            Ok(Err(error)) => unknown(shown, &failure::detail(&failure::of_transport(&error))),
            Err(_) => unknown(shown, "it did not answer in time"),
        };
        lines.add(finding, text);
    }
}

fn unknown(url: &str, why: &str) -> (Finding, String) {
    let text = format!(
        "public_url {url} cannot be reached from here ({why}): whether kubeconfigs lead anywhere is not known"
    );
    (Finding::Warning, text)
}

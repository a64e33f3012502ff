//! The command lines of the three programs.

use std::path::Path;

use crate::launch::Ports;
use crate::layout::Layout;

/// What the API server writes to its audit log: who did what to which object, without bodies. One line
/// per request and not two, so no `RequestReceived`.
pub(crate) const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// The controllers that identity and access depend on. None that needs nodes, pods or volumes.
const CONTROLLERS: [&str; 9] = [
    "clusterrole-aggregation-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "namespace-controller",
    "garbage-collector-controller",
    "certificatesigningrequest-signing-controller",
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
];

/// `--name=value` with a path as the value.
fn path(name: &str, value: &Path) -> String {
    format!("--{name}={}", value.display())
}

pub(crate) fn etcd(layout: &Layout, ports: &Ports) -> Vec<String> {
    let client = format!("https://127.0.0.1:{}", ports.etcd_client);
    let peer = format!("https://127.0.0.1:{}", ports.etcd_peer);
    vec![
        "--name=default".into(),
        path("data-dir", &layout.etcd_data),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // With certificates, so that other users of the machine, or another control plane that was given
        // the same port, do not reach this store.
        path("cert-file", &layout.pki("etcd.crt")),
        path("key-file", &layout.pki("etcd.key")),
        path("trusted-ca-file", &layout.pki("etcd-ca.crt")),
        "--client-cert-auth".into(),
        path("peer-cert-file", &layout.pki("etcd.crt")),
        path("peer-key-file", &layout.pki("etcd.key")),
        path("peer-trusted-ca-file", &layout.pki("etcd-ca.crt")),
        "--peer-client-cert-auth".into(),
        // The data need not survive the machine.
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ]
}

pub(crate) fn kube_apiserver(layout: &Layout, ports: &Ports) -> Vec<String> {
    vec![
        format!("--etcd-servers=https://127.0.0.1:{}", ports.etcd_client),
        path("etcd-cafile", &layout.pki("etcd-ca.crt")),
        path("etcd-certfile", &layout.pki("etcd.crt")),
        path("etcd-keyfile", &layout.pki("etcd.key")),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={}", ports.apiserver),
        "--advertise-address=127.0.0.1".into(),
        // No endpoints for the `kubernetes` service: they must not be on loopback, and nobody uses them.
        "--endpoint-reconciler-type=none".into(),
        path("tls-cert-file", &layout.pki("server.crt")),
        path("tls-private-key-file", &layout.pki("server.key")),
        path("client-ca-file", &layout.pki("client-ca-bundle.crt")),
        "--service-cluster-ip-range=10.0.0.0/24".into(),
        // The true address, so that discovery works for those who trust this cluster's tokens.
        format!("--service-account-issuer={}", ports.url()),
        path(
            "service-account-key-file",
            &layout.pki("service-account.pub"),
        ),
        path(
            "service-account-signing-key-file",
            &layout.pki("service-account.key"),
        ),
        "--authorization-mode=Node,RBAC".into(),
        path("audit-policy-file", &layout.audit_policy),
        path("audit-log-path", &layout.audit_log),
        // Line by line as requests end, not in batches: a test reads it right after.
        "--audit-log-mode=blocking".into(),
        "--profiling=false".into(),
    ]
}

pub(crate) fn kube_controller_manager(layout: &Layout) -> Vec<String> {
    vec![
        path("kubeconfig", &layout.manager_kubeconfig),
        format!("--controllers={}", CONTROLLERS.join(",")),
        "--use-service-account-credentials=true".into(),
        path(
            "service-account-private-key-file",
            &layout.pki("service-account.key"),
        ),
        path("root-ca-file", &layout.pki("server-ca.crt")),
        path("cluster-signing-cert-file", &layout.pki("client-ca.crt")),
        path("cluster-signing-key-file", &layout.pki("client-ca.key")),
        "--leader-elect=false".into(),
        // No server of its own: one port less to find.
        "--secure-port=0".into(),
        "--profiling=false".into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_on_loopback() {
        let layout = Layout::new(Path::new("/cluster")).unwrap();
        let ports = Ports {
            apiserver: 1001,
            etcd_client: 1002,
            etcd_peer: 1003,
        };
        for flag in [etcd(&layout, &ports), kube_apiserver(&layout, &ports)].concat() {
            if let Some((_, host)) = flag.split_once("https://") {
                assert!(host.starts_with("127.0.0.1:100"), "{flag}");
            }
            if flag.contains("-address=") {
                assert!(flag.ends_with("=127.0.0.1"), "{flag}");
            }
        }
    }

    #[test]
    fn the_controller_that_gives_view_its_rules_is_on() {
        let flags = kube_controller_manager(&Layout::new(Path::new("/cluster")).unwrap());
        let controllers = flags
            .iter()
            .find_map(|flag| flag.strip_prefix("--controllers="))
            .unwrap();
        assert!(
            controllers
                .split(',')
                .any(|name| name == "clusterrole-aggregation-controller")
        );
    }
}

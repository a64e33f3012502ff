//! The first command, as a new user's shell runs it.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_sandbox_issues_a_kubeconfig_by_the_client_and_a_proxy_hears_nothing_of_it() {
    let proxy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.kubeconfig");
    let mut first = Command::new(harness::binary());
    first.args(["sandbox", "--once", "--json", "--kubeconfig"]);
    first.arg(&file);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        first.env(name, &url);
    }
    for name in ["NO_PROXY", "no_proxy"] {
        first.env_remove(name);
    }
    let told = first.output().unwrap();
    let errors = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{errors}");
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert!(told["selfLink"].as_str().unwrap().starts_with("/v1/"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("kind: Config"));
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    proxy.set_nonblocking(true).unwrap();
    let nobody = proxy.accept().unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
}

//! Where the first kubeconfig may be written: a new file, or one that a first run wrote that has ended. `--kubeconfig` is what kubectl calls
//! the file that it reads, so the user's own may well be named here.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use kubeconfig_types::KubeconfigFile;

use super::{CLUSTER, PROJECT, REGION, SandboxError};

/// The largest file that is looked into, in bytes: none of ours is as large.
const LARGEST: u64 = 1 << 16;

/// How long a cluster on this machine may take to be connected to.
const CONNECT: Duration = Duration::from_millis(300);

/// Refuses a file that holds something else, and one whose sandbox still runs: who follows what that one printed reads it.
pub(super) fn check(path: &Path) -> Result<(), SandboxError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(found) if found.is_file() && found.len() <= LARGEST => {}
        Ok(_) => return Err(SandboxError::Taken(path.to_owned())),
    }
    match of_a_sandbox(path) {
        None => Err(SandboxError::Taken(path.to_owned())),
        Some(server) if answers(&server) => Err(SandboxError::Living {
            file: path.to_owned(),
            server,
        }),
        Some(_) => Ok(()),
    }
}

/// The cluster's URL of a kubeconfig that a first run wrote, if it is that and nothing else: the document's own file, for the
/// sandbox's cluster.
fn of_a_sandbox(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let file = serde_saphyr::from_str::<KubeconfigFile>(&text).ok()?;
    let cluster = format!("{CLUSTER}.{PROJECT}.{REGION}");
    let is_sandbox = |name: &str| name == cluster;
    match &file.clusters[..] {
        [only] if is_sandbox(&only.name) && file.users.len() == 1 => {
            Some(only.cluster.server.to_string())
        }
        _ => None,
    }
}

/// Whether someone listens there: the ports are drawn anew by each sandbox.
fn answers(server: &str) -> bool {
    let address = server.strip_prefix("https://");
    let address = address.and_then(|address| address.trim_end_matches('/').parse().ok());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, CONNECT).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_file_or_one_of_a_sandbox_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        check(&path).unwrap();
        let ours = format!("{CLUSTER}.{PROJECT}.{REGION}");
        let file = |cluster: &str| {
            format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
                 clusters: [{{name: {cluster}, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
                 users: [{{name: u, user: {{token: t}}}}]\n\
                 contexts: [{{name: c, context: {{cluster: {cluster}, user: u}}}}]\n"
            )
        };
        std::fs::write(&path, file(&ours)).unwrap();
        check(&path).unwrap();
        for text in [
            file("my-cluster"),
            "precious: true\n".to_owned(),
            String::new(),
        ] {
            std::fs::write(&path, &text).unwrap();
            let refused = check(&path).unwrap_err().to_string();
            assert!(refused.contains("name another file"), "{refused}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert!(check(folder.path()).is_err(), "nor a folder");
    }

    #[test]
    fn the_file_of_a_sandbox_that_still_runs_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let cluster = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server = format!("https://{}", cluster.local_addr().unwrap());
        let name = format!("{CLUSTER}.{PROJECT}.{REGION}");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             clusters: [{{name: {name}, cluster: {{server: '{server}'}}}}]\n\
             users: [{{name: u, user: {{token: t}}}}]\n\
             contexts: [{{name: c, context: {{cluster: {name}, user: u}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        let refused = check(&path).unwrap_err().to_string();
        assert!(
            refused.contains(&server) && refused.contains("name another file"),
            "{refused}"
        );
        drop(cluster);
        check(&path).unwrap();
    }
}

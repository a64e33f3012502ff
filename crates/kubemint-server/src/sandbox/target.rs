//! Where the first kubeconfig may be written: a new file, or one that a first run wrote. `--kubeconfig` is what kubectl calls
//! the file that it reads, so the user's own may well be named here.

use std::path::Path;

use kubeconfig_types::KubeconfigFile;

use super::{CLUSTER, PROJECT, REGION, SandboxError};

/// The largest file that is looked into, in bytes: none of ours is as large.
const LARGEST: u64 = 1 << 16;

/// Refuses a file that holds something else.
pub(super) fn check(path: &Path) -> Result<(), SandboxError> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(found) if found.is_file() && found.len() <= LARGEST && is_ours(path) => Ok(()),
        Ok(_) => Err(SandboxError::Taken(path.to_owned())),
    }
}

/// Whether it is a kubeconfig that a first run wrote, and nothing else: the document's own file, for the sandbox's cluster.
fn is_ours(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else {
        return false;
    };
    let Ok(file) = serde_saphyr::from_str::<KubeconfigFile>(&text) else {
        return false;
    };
    let cluster = format!("{CLUSTER}.{PROJECT}.{REGION}");
    let is_sandbox = |name: &str| name == cluster;
    matches!(&file.clusters[..], [only] if is_sandbox(&only.name)) && file.users.len() == 1
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
}

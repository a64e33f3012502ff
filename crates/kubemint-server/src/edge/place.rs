//! Where a request is directed, by its path alone: for the trail, when no handler saw it.

use kubeconfig_types::{ClusterId, KubeconfigId, Project, Region};
use kubemint::ClusterKey;
use percent_encoding::percent_decode_str;

/// The cluster and the kubeconfig that a path names. What is not there, or is not what it should be, is empty: nothing that
/// was refused is taken over.
pub(crate) fn place(path: &str) -> (ClusterKey, Option<String>) {
    let region = behind::<Region>(path, "regions").unwrap_or_default();
    let project = behind::<Project>(path, "projects").unwrap_or_default();
    let cluster = behind::<ClusterId>(path, "clusters").unwrap_or_default();
    let key = ClusterKey::new(region, project, cluster);
    (key, behind::<KubeconfigId>(path, "kubeconfigs"))
}

/// The segment behind the first of a name, if it is a `T`.
fn behind<T: std::str::FromStr>(path: &str, name: &str) -> Option<String> {
    let mut segments = path.split('/').skip_while(|segment| *segment != name);
    let text = percent_decode_str(segments.nth(1)?).decode_utf8().ok()?;
    text.parse::<T>().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_as_far_as_it_is_one() {
        let of = |region: &str, id: &str| {
            place(&format!(
                "/v1/regions/{region}/projects/p/compute/clusters/c/kubeconfigs{id}"
            ))
        };
        let here = ClusterKey::new("r", "p", "c");
        assert_eq!(of("r", ""), (here.clone(), None));
        assert_eq!(of("%72", "/x"), (here.clone(), Some("x".to_owned())));
        assert_eq!(of("r", "/x/download"), (here.clone(), Some("x".to_owned())));
        assert_eq!(of("r", "/X%00"), (here, None));
        assert_eq!(of("r%FF", "").0, ClusterKey::new("", "p", "c"));
        assert_eq!(of("..", "").0, ClusterKey::new("", "p", "c"));
        assert_eq!(place("/v1/regions"), (ClusterKey::new("", "", ""), None));
    }
}

//! Where a request is directed, by its path alone: for the trail, when no handler saw it.

use std::borrow::Cow;
use std::str::FromStr;

use kubeconfig_types::{ClusterId, KubeconfigId, Project, Region};
use kubemint::ClusterKey;
use percent_encoding::percent_decode_str;

/// The cluster and the kubeconfig that a path names. What is not there, or is not what it should be, is empty: nothing that
/// was refused is taken over.
pub(crate) fn place(path: &str) -> (ClusterKey, Option<String>) {
    // As the router does: split, then decoded.
    let segments: Vec<_> = (path.split('/').skip(1))
        .map(|segment| percent_decode_str(segment).decode_utf8().ok())
        .collect();
    let region = behind::<Region>(&segments, 1, "regions").unwrap_or_default();
    let project = behind::<Project>(&segments, 3, "projects").unwrap_or_default();
    let cluster = behind::<ClusterId>(&segments, 6, "clusters").unwrap_or_default();
    let key = ClusterKey::new(region, project, cluster);
    (key, behind::<KubeconfigId>(&segments, 8, "kubeconfigs"))
}

/// The segment behind that number, which must be `name`, if it is a `T`. By its number, since a region may be called `projects`.
fn behind<T: FromStr>(
    segments: &[Option<Cow<'_, str>>],
    number: usize,
    name: &str,
) -> Option<String> {
    let (at, text) = (segments.get(number)?, segments.get(number + 1)?);
    let text = (at.as_deref() == Some(name)).then_some(text.as_deref())??;
    text.parse::<T>().ok()?;
    Some(text.to_owned())
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

    #[test]
    fn a_place_is_the_one_that_is_served_however_it_is_written() {
        let here = ClusterKey::new("regions", "clusters", "projects");
        for path in [
            "/v1/regions/regions/projects/clusters/compute/clusters/projects/kubeconfigs/x",
            "/v1/%72egions/regions/%70rojects/clusters/compute/%63lusters/projects/%6bubeconfigs/x",
        ] {
            assert_eq!(place(path), (here.clone(), Some("x".to_owned())), "{path}");
        }
    }
}

//! A list comes to an end.

use futures::TryStreamExt as _;
use kubeconfig_client::types::KubeconfigStatus;
use kubeconfig_client::{Failure, Filter};

use crate::fake::{Fake, json, kubeconfig, page};

fn listed(ids: &[&str], next: Option<&str>) -> String {
    let items: Vec<_> = ids.iter().map(|id| kubeconfig(id)).collect();
    let items = items.join(",");
    let next = next.map_or(String::new(), |next| {
        format!(r#", "nextPageToken": "{next}""#)
    });
    json(200, &format!(r#"{{"kubeconfigs": [{items}]{next}}}"#))
}

#[tokio::test]
async fn pages_are_read_in_turn_with_the_filters_of_the_first_and_each_until_it_comes() {
    let answers = [
        listed(&["a", "b"], Some("one")),
        page(503, ""),
        listed(&[], Some("two")),
        listed(&["c"], None),
    ];
    let server = Fake::answering(&answers).await;
    let filter = Filter::default()
        .status(KubeconfigStatus::Active)
        .user("bob".parse().unwrap())
        .role("viewer".parse().unwrap())
        .page_size(2.try_into().unwrap());
    let all: Vec<_> = server.cluster().list(filter).try_collect().await.unwrap();
    let ids: Vec<_> = all
        .iter()
        .map(|one| one.id.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let asked = server.seen();
    let tokens: Vec<_> = asked
        .iter()
        .map(|request| {
            let line = request.lines().next().unwrap();
            for part in ["pageSize=2", "status=active", "user=bob", "role=viewer"] {
                assert!(line.contains(part), "{line}");
            }
            let token = line.split_once("pageToken=").map(|(_, rest)| &rest[..3]);
            token.unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(tokens, ["", "one", "one", "two"]);
}

#[tokio::test]
async fn a_page_that_is_followed_by_itself_ends_the_list() {
    let answers = [
        listed(&["a"], Some("one")),
        listed(&["b"], Some("two")),
        listed(&["c"], Some("two")),
    ];
    let server = Fake::answering(&answers).await;
    let mut all = std::pin::pin!(server.cluster().list(Filter::default()));
    for id in ["a", "b"] {
        let next = all.try_next().await.unwrap().unwrap();
        assert_eq!(next.id.unwrap().as_str(), id);
    }
    let failure = all.try_next().await.unwrap_err();
    assert!(matches!(failure, Failure::Custom(_)), "{failure:?}");
    assert!(all.try_next().await.unwrap().is_none(), "it is over");
    assert_eq!(server.seen().len(), 3);
}

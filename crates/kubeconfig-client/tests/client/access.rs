//! The token goes to its server and nowhere else.

use futures::TryStreamExt as _;
use kubeconfig_client::{AccessError, Client};

use crate::fake::{Fake, TOKEN, answer, client, cluster, json, kubeconfig, refusal};

#[tokio::test]
async fn no_redirect_is_followed_whatever_the_builder_says() {
    let other = Fake::answering(&[json(200, &kubeconfig("a"))]).await;
    for status in [301, 302, 303, 307, 308] {
        let headers = format!("location: {}/elsewhere\n", other.url());
        let server = Fake::answering(&[answer(status, &headers, "")]).await;
        let failure = server.cluster().issue(Default::default()).await;
        let told = failure.unwrap_err().status();
        assert_eq!(told.map(|status| status.as_u16()), Some(status));
        let shown = &server.seen()[0];
        assert!(shown.contains(&format!("authorization: Bearer {TOKEN}")));
    }
    assert_eq!(other.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn another_token_is_shown_in_place_of_the_clients_by_every_method() {
    let server = Fake::answering(&[refusal(404, "no_such_kubeconfig")]).await;
    let id = "x".parse().unwrap();
    let own = server.cluster();
    let http = Client::http().no_proxy();
    let nobodys = Client::without_token(&server.url(), http).unwrap();
    let shown = |nth: usize| {
        let request = &server.seen()[nth];
        let line = request
            .lines()
            .find(|line| line.starts_with("authorization:"));
        line.map(str::to_owned)
    };
    let carols = own.clone().with_token("carols").unwrap();
    assert!(!format!("{carols:?}").contains("carols"));
    assert!(carols.get(&id).await.is_err());
    assert!(carols.file(&id).await.is_err());
    assert!(carols.download(&id).await.is_err());
    assert!(carols.issue(Default::default()).await.is_err());
    assert!(carols.revoke(&id).await.is_err());
    assert!(carols.revoke_all(Default::default()).await.is_err());
    let list = carols.list(Default::default());
    assert!(list.try_collect::<Vec<_>>().await.is_err());
    for nth in 0..7 {
        assert_eq!(shown(nth).as_deref(), Some("authorization: Bearer carols"));
    }
    // What the others show is as it was.
    assert!(own.get(&id).await.is_err());
    let very_secret = format!("authorization: Bearer {TOKEN}");
    assert_eq!(shown(7), Some(very_secret));
    assert!(cluster(&nobodys).get(&id).await.is_err());
    assert_eq!(shown(8), None);
    let daves = cluster(&nobodys).with_token("daves").unwrap();
    assert!(daves.get(&id).await.is_err());
    assert_eq!(shown(9).as_deref(), Some("authorization: Bearer daves"));
    assert!(matches!(own.with_token("a\nb"), Err(AccessError::Token(_))));
}

#[test]
fn the_token_is_in_no_debug_and_one_that_is_no_header_is_refused() {
    let client = client("http://127.0.0.1:1/");
    let shown = format!("{client:?} {:?}", cluster(&client));
    assert!(!shown.contains(TOKEN), "{shown}");
    let made = |url, token| Client::with_token(url, token, Client::http());
    let broken = made("http://127.0.0.1:1", "a\nb").unwrap_err();
    assert!(matches!(broken, AccessError::Token(_)));
    let broken = made("http://api.example.com", TOKEN).unwrap_err();
    assert!(matches!(broken, AccessError::Url(_)));
    assert!(broken.to_string().starts_with("the URL is of plain HTTP"));
}

/// The generated constructors ask nothing of a URL.
#[test]
fn a_token_is_given_to_no_client_whose_url_is_no_place_for_one() {
    for (url, why) in [
        ("http://api.example.com", "the URL is of plain HTTP"),
        ("https://alice@api.example.com", "the URL has a user"),
        ("ftp://api.example.com", "the URL is none of HTTP"),
        ("api.example.com", "the URL is none"),
    ] {
        let http = Client::http().no_proxy().build().unwrap();
        let client = Client::new_with_client(url, http);
        let told = cluster(&client).with_token("carols").unwrap_err();
        assert!(told.to_string().starts_with(why), "{url}: {told}");
    }
    let http = Client::http().no_proxy().build().unwrap();
    let client = Client::new_with_client("http://127.0.0.1:1", http);
    assert!(cluster(&client).with_token("carols").is_ok());
}

#[tokio::test]
async fn a_url_is_used_as_it_was_judged_however_it_is_written() {
    let proxy = Fake::answering(&[refusal(404, "no_such_kubeconfig")]).await;
    let server = Fake::answering(&[refusal(404, "no_such_kubeconfig")]).await;
    // As `HTTP_PROXY` in the environment would have it.
    let through = reqwest::Proxy::http(proxy.url()).unwrap();
    let written = format!(" {}/ ", server.url().replacen("http", "HT\tTP", 1));
    let http = Client::http().proxy(through);
    let client = Client::with_token(&written, TOKEN, http).unwrap();
    assert!(cluster(&client).get(&"x".parse().unwrap()).await.is_err());
    assert_eq!((proxy.seen().len(), server.seen().len()), (0, 1));
}

//! The token goes to its server and nowhere else.

use kubeconfig_client::{AccessError, Client};

use crate::fake::{Fake, TOKEN, answer, client, cluster, json, kubeconfig};

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

//! Callers are known by what the document says: tokens, keys, passwords; one of several, or several at once.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/security/api.rs"]
mod api;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports, dead_code)]
#[path = "../ring/golden/security/client.rs"]
mod client;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/security/types.rs"]
mod types;

use api::*;
use client::{Client, Credentials, Error};
use dropshot::{ConfigDropshot, HttpServer, RequestContext, ServerBuilder};
use openapi_runtime::{Authenticator, Guarded, Open, Refusal, RequestHead};
use types::Known;

/// Knows whoever has the word `good` in each credential.
struct Door;

impl Authenticator for Door {
    type Caller = String;

    async fn authenticate(&self, request: &RequestHead<'_>) -> Result<String, Refusal> {
        let good = |value: &str| value == "good" || value == "Z29vZDpnb29k";
        if !request.credentials.iter().all(|given| good(&given.value)) {
            let internal = format!("{:?}", request.credentials);
            return Err(Refusal::Unauthorized { internal });
        }
        let by = request.credentials.iter().map(|given| {
            let scopes = given.scheme.scopes.join(" ");
            format!("{}({scopes})", given.scheme.name)
        });
        Ok(by.collect::<Vec<_>>().join(" "))
    }
}

fn known(by: String) -> Known {
    Known { by }
}

/// Tells by what the caller was known.
enum Teller {}

impl SecurityApi for Teller {
    type Context = Door;

    async fn by_key(
        _: RequestContext<Door>,
        request: Guarded<Door, ByKey>,
    ) -> Result<ByKeyResponse, ByKeyError> {
        let body = known(request.caller);
        Ok(ByKeyResponse { body })
    }

    async fn by_query(
        _: RequestContext<Door>,
        request: Guarded<Door, ByQuery>,
    ) -> Result<ByQueryResponse, ByQueryError> {
        let body = known(request.caller);
        Ok(ByQueryResponse { body })
    }

    async fn by_password(
        _: RequestContext<Door>,
        request: Guarded<Door, ByPassword>,
    ) -> Result<ByPasswordResponse, ByPasswordError> {
        let body = known(request.caller);
        Ok(ByPasswordResponse { body })
    }

    async fn by_scopes(
        _: RequestContext<Door>,
        request: Guarded<Door, ByScopes>,
    ) -> Result<ByScopesResponse, ByScopesError> {
        let body = known(request.caller);
        Ok(ByScopesResponse { body })
    }

    async fn by_both(
        _: RequestContext<Door>,
        request: Guarded<Door, ByBoth>,
    ) -> Result<ByBothResponse, ByBothError> {
        let body = known(request.caller);
        Ok(ByBothResponse { body })
    }

    async fn by_either(
        _: RequestContext<Door>,
        request: Guarded<Door, ByEither>,
    ) -> Result<ByEitherResponse, ByEitherError> {
        let body = known(request.caller);
        Ok(ByEitherResponse { body })
    }

    async fn by_token(
        _: RequestContext<Door>,
        request: Guarded<Door, ByToken>,
    ) -> Result<ByTokenResponse, ByTokenError> {
        let body = known(request.caller);
        Ok(ByTokenResponse { body })
    }

    async fn by_words(
        _: RequestContext<Door>,
        request: Guarded<Door, ByWords>,
    ) -> Result<ByWordsResponse, ByWordsError> {
        let body = known(request.caller);
        Ok(ByWordsResponse { body })
    }

    async fn perhaps_by_query(
        _: RequestContext<Door>,
        _: Open<PerhapsByQuery>,
    ) -> Result<PerhapsByQueryResponse, PerhapsByQueryError> {
        let body = known("nothing".to_owned());
        Ok(PerhapsByQueryResponse { body })
    }

    async fn open_to_all(
        _: RequestContext<Door>,
        _: Open<OpenToAll>,
    ) -> Result<OpenToAllResponse, OpenToAllError> {
        let body = known("nothing".to_owned());
        Ok(OpenToAllResponse { body })
    }
}

fn start() -> HttpServer<Door> {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = ConfigDropshot {
        bind_address: ([127, 0, 0, 1], 0).into(),
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api::api::<Teller>(), Door, log).config(config);
    server.start().expect("a free port")
}

#[tokio::test]
async fn callers_are_known_by_what_the_document_says_and_by_nothing_else() {
    let server = start();
    let http = reqwest::Client::new();
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let url = format!("http://{}{path}", server.local_addr());
        let mut request = http.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        let challenge = response.headers().get("www-authenticate");
        let challenge = challenge.map(|text| text.to_str().expect("ASCII").to_owned());
        let status = response.status().as_u16();
        let body: serde_json::Value = response.json().await.expect("JSON");
        match challenge {
            Some(challenge) => format!("{status} {challenge}"),
            None => format!("{status} {}", body["by"].as_str().unwrap_or_default()),
        }
    };
    let key = ("x-key", "good");
    let token = ("authorization", "Bearer good");
    for (path, headers, expected) in [
        ("/open", &[][..], "200 nothing"),
        ("/key", &[key], "200 key()"),
        ("/key", &[], "401 ApiKey"),
        ("/key", &[("x-key", "bad")], "401 ApiKey"),
        ("/key", &[("x-key", "")], "401 ApiKey"),
        ("/key", &[key, key], "401 ApiKey"),
        // A credential of another scheme is none.
        ("/key", &[token], "401 ApiKey"),
        ("/key?api_key=good", &[], "401 ApiKey"),
        ("/query?api_key=good", &[], "200 asked()"),
        ("/query?api_key=good&page=1", &[], "200 asked()"),
        ("/query?api_key=good&pages=1", &[], "400 "),
        ("/query?page=1", &[], "401 ApiKey"),
        ("/query?api_key=good&api_key=good", &[], "401 ApiKey"),
        (
            "/password",
            &[("authorization", "Basic Z29vZDpnb29k")],
            "200 password()",
        ),
        (
            "/password",
            &[token],
            "401 Basic realm=\"api\", charset=\"UTF-8\"",
        ),
        ("/scopes", &[token], "200 login(read write)"),
        (
            "/scopes",
            &[("authorization", "Bearer bad")],
            "401 Bearer error=\"invalid_token\"",
        ),
        ("/both", &[key, token], "200 key() openId()"),
        ("/both", &[key], "401 Bearer"),
        ("/both", &[token], "401 Bearer"),
        ("/either", &[key], "200 key()"),
        ("/either", &[token], "200 token()"),
        // One of them is enough.
        (
            "/either",
            &[("authorization", "Bearer bad"), key],
            "200 key()",
        ),
        (
            "/either",
            &[("authorization", "Bearer bad")],
            "401 Bearer error=\"invalid_token\"",
        ),
        ("/either", &[], "401 Bearer"),
        // No error of a token that was not shown.
        ("/either", &[("x-key", "bad")], "401 Bearer"),
        // By its name in the document.
        ("/token", &[token], "200 token()"),
        (
            "/words",
            &[],
            "401 Bearer, Basic realm=\"api\", charset=\"UTF-8\"",
        ),
        (
            "/words",
            &[("authorization", "Basic YmFkOmJhZA==")],
            "401 Bearer, Basic realm=\"api\", charset=\"UTF-8\"",
        ),
        (
            "/words",
            &[("authorization", "Bearer bad")],
            "401 Bearer error=\"invalid_token\", Basic realm=\"api\", charset=\"UTF-8\"",
        ),
        // A key that may be left out is no mistake.
        ("/perhaps", &[], "200 nothing"),
        ("/perhaps?api_key=good", &[], "200 nothing"),
        ("/perhaps?key=good", &[], "400 "),
    ] {
        assert_eq!(ask(path, headers).await, expected, "{path} {headers:?}");
    }
    server.close().await.expect("it ends");
}

#[tokio::test]
async fn the_client_shows_what_each_operation_asks_for() {
    let server = start();
    let all = Credentials::new()
        .key("good")
        .asked("good")
        .password("good", "good")
        .token("good")
        .login("good")
        .open_id("good");
    let url = format!("http://{}", server.local_addr());
    let client = Client::new(&url).with_credentials(all);
    macro_rules! by {
        ($client:expr, $operation:ident) => {
            match $client.$operation().send().await {
                Ok(known) => known.into_inner().by,
                Err(error) => format!("{:?}", error.status()),
            }
        };
    }
    assert_eq!(by!(client, by_key), "key()");
    assert_eq!(by!(client, by_query), "asked()");
    assert_eq!(by!(client, by_password), "password()");
    assert_eq!(by!(client, by_scopes), "login(read write)");
    assert_eq!(by!(client, by_both), "key() openId()");
    assert_eq!(by!(client, by_either), "token()");
    assert_eq!(by!(client, by_words), "token()");
    assert_eq!(by!(client, perhaps_by_query), "nothing");
    assert_eq!(by!(client, open_to_all), "nothing");
    // The second alternative, where the first is not there; nothing, where none is.
    let client = client.with_credentials(Credentials::new().key("good"));
    assert_eq!(by!(client, by_either), "key()");
    assert_eq!(by!(client, by_both), "Some(401)");
    assert_eq!(by!(client, by_token), "Some(401)");
    server.close().await.expect("it ends");
}

#[tokio::test]
async fn what_the_client_shows_is_in_no_debug_and_no_error() {
    let secrets = Credentials::new()
        .key("canary")
        .asked("canary")
        .password("canary", "canary")
        .token("canary");
    assert!(format!("{secrets:?}").contains("key: true"));
    // Nobody listens there.
    let client = Client::new("http://127.0.0.1:1").with_credentials(secrets);
    let call = client.by_query().page(1);
    let mut texts = vec![format!("{client:?}"), format!("{call:?}")];
    let unsent = call.send().await.unwrap_err();
    assert!(matches!(unsent, Error::CommunicationError(_)), "{unsent:?}");
    texts.extend([format!("{unsent:?}"), format!("{unsent}")]);
    // A key that no header can hold.
    let broken = Credentials::new().key("canary\n");
    let client = client.with_credentials(broken);
    texts.push(format!("{:?}", client.by_key().send().await.unwrap_err()));
    for text in texts {
        assert!(!text.contains("canary"), "{text}");
    }
}

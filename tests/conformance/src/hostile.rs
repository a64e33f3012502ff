//! Hostile requests by enumeration: every path parameter of every operation, and further members of each class.

use std::collections::BTreeSet;

use harness::{Answer, Stage, collection};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

/// What no id, region, project or cluster may be, as it is written in a path. (A segment of dots is resolved by our client: the
/// guard's tests send it as it is.)
const HOSTILE: [&str; 29] = [
    "a%2Fb",
    "a%2fb",
    "a%252Fb",
    "..%2F..%2Fetc",
    "a%5Cb",
    "a%00",
    "%00",
    "a%0Ab",
    "a%0D%0Ab",
    "a%09b",
    "a%20b",
    "%20",
    "a%3Fb",
    "a%23b",
    "a%3Bb",
    "a;b=c",
    "a%25b",
    "A",
    "-a",
    "a-",
    "a_b",
    "a@b",
    "a:b",
    "*",
    "%E2%80%AE",
    "a%E2%80%8Bb",
    "%C3%A9",
    "%C0%AF",
    "%ED%A0%80",
];

fn field(answer: &Answer) -> Value {
    answer.json()["error"]["details"][0]["field"].clone()
}

#[tokio::test]
async fn every_path_parameter_of_every_operation_refuses_what_it_may_not_be() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let document: Value = serde_json::from_str(kubeconfig_api::DOCUMENT).unwrap();
    let long = "a".repeat(64);
    let values = HOSTILE.iter().copied().chain([long.as_str()]);
    let mut tried = BTreeSet::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        let names: Vec<&str> = template.split(['{', '}']).skip(1).step_by(2).collect();
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let method: Method = method.to_uppercase().parse().unwrap();
            for name in &names {
                for value in values.clone() {
                    let path = names.iter().fold(template.clone(), |path, other| {
                        let with = if other == name { value } else { "a" };
                        path.replace(&format!("{{{other}}}"), with)
                    });
                    let ask = |token: Option<&str>| {
                        let mut request = stage.request(method.clone(), &path);
                        if let Some(token) = token {
                            request = request.bearer_auth(token);
                        }
                        if operation.get("requestBody").is_some() {
                            request = request.json(&json!({}));
                        }
                        Stage::read(request)
                    };
                    let what = format!("{method} {path}");
                    let unknown = ask(None).await;
                    assert_eq!(unknown.status.as_u16(), 401, "{what}: {}", unknown.text);
                    let answer = ask(Some(&token)).await;
                    assert_eq!(answer.status.as_u16(), 400, "{what}: {}", answer.text);
                    assert_eq!(field(&answer), json!(name), "{what}: {}", answer.text);
                    tried.insert((operation["operationId"].to_string(), *name));
                }
            }
        }
    }
    assert!(tried.len() >= 20, "{tried:?}");
    stage.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_is_one_printable_word() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let issue = |keys: &[&[u8]]| {
        let mut request = stage
            .request(Method::POST, &collection())
            .bearer_auth(&token)
            .json(&json!({"ttl": 900}));
        for key in keys {
            request = request.header("idempotency-key", HeaderValue::from_bytes(key).unwrap());
        }
        Stage::read(request)
    };
    let long = [b'k'; 4096];
    let cases: [&[&[u8]]; 9] = [
        &[b""],
        &[b"a b"],
        &[b"a\tb"],
        &[b"caf\xc3\xa9"],
        &[b"\xff"],
        &[&long],
        &[b"a", b"b"],
        &[b"a", b"a"],
        &[b"a", b""],
    ];
    for keys in cases {
        let answer = issue(keys).await;
        let shown: Vec<_> = keys
            .iter()
            .map(|key| key.escape_ascii().to_string())
            .collect();
        assert_eq!(answer.status.as_u16(), 400, "{shown:?}: {}", answer.text);
        assert_eq!(
            field(&answer),
            "Idempotency-Key",
            "{shown:?}: {}",
            answer.text
        );
    }
    assert_eq!(issue(&[b"a"]).await.status.as_u16(), 201);
    stage.stop().await;
}

#[tokio::test]
async fn a_body_is_json_as_it_is_and_nothing_that_must_be_unpacked_or_guessed() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let post = |fields: &[(&str, &str)], body: Vec<u8>| {
        let mut request = stage
            .request(Method::POST, &collection())
            .bearer_auth(&token);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        Stage::read(request.body(body))
    };
    let json = CONTENT_TYPE.as_str();
    for kind in [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
    ] {
        let answer = post(&[(json, kind)], b"{}".to_vec()).await;
        assert_eq!(answer.status.as_u16(), 201, "{kind}: {}", answer.text);
    }
    for kind in [
        "",
        "json",
        "*/*",
        "application/*",
        "application/json, text/plain",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/vnd.api+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/json; charset=utf-16",
        "application/json; charset=utf-7",
    ] {
        let answer = post(&[(json, kind)], b"{}".to_vec()).await;
        assert_eq!(answer.status.as_u16(), 415, "{kind}: {}", answer.text);
    }
    let twice = post(
        &[(json, "application/json"), (json, "text/plain")],
        b"{}".to_vec(),
    );
    let twice = twice.await;
    assert!(
        [400, 415].contains(&twice.status.as_u16()),
        "{}",
        twice.text
    );
    for coding in [
        "gzip",
        "br",
        "deflate",
        "zstd",
        "x-gzip",
        "GZIP",
        "gzip, identity",
        "unheard",
    ] {
        let fields = [(json, "application/json"), ("content-encoding", coding)];
        for body in [b"{}".to_vec(), b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec()] {
            let answer = post(&fields, body).await;
            assert_eq!(answer.status.as_u16(), 415, "{coding}: {}", answer.text);
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_page_is_asked_for_in_one_way_only() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    for _ in 0..3 {
        let body = json!({"ttl": 900});
        let path = collection();
        let issued = stage.call(Method::POST, &path, Some(&token), Some(&body));
        assert_eq!(issued.await.status.as_u16(), 201);
    }
    let list = |token: &str, query: &str| {
        let request = stage.request(Method::GET, &format!("{}?{query}", collection()));
        Stage::read(request.bearer_auth(token))
    };
    let first = list(&token, "pageSize=1").await.json();
    let next = first["nextPageToken"].as_str().unwrap().to_owned();
    let flipped = |at: usize| {
        let mut text = next.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    for size in [
        "+1",
        "-1",
        "-0",
        "01",
        "1.0",
        "1e0",
        "1%20",
        "%201",
        "0x1",
        "%D9%A1",
        "1,2",
        "null",
        "",
        "9223372036854775808",
        "18446744073709551617",
        "99999999999999999999999999999999",
    ] {
        let answer = list(&token, &format!("pageSize={size}")).await;
        assert_eq!(answer.status.as_u16(), 400, "{size}: {}", answer.text);
        assert_eq!(field(&answer), "pageSize", "{size}: {}", answer.text);
    }
    let middle = next.len() / 2;
    for forged in [
        flipped(0),
        flipped(middle),
        format!("{next}A"),
        format!("{next}="),
        next[..next.len() - 2].to_owned(),
        next[1..].to_owned(),
        format!("{next}&pageToken={next}"),
        "A".repeat(4096),
        "eyJhZnRlciI6MH0".to_owned(),
        "../../x".to_owned(),
        "%00".to_owned(),
    ] {
        let answer = list(&token, &format!("pageSize=1&pageToken={forged}")).await;
        assert_eq!(answer.status.as_u16(), 400, "{forged}: {}", answer.text);
        assert_eq!(field(&answer), "pageToken", "{forged}: {}", answer.text);
    }
    // It is its caller's, whatever else they may do.
    let other = stage.token("bob", &["compute.admin"]);
    let foreign = list(&other, &format!("pageSize=1&pageToken={next}")).await;
    assert_eq!(foreign.status.as_u16(), 400, "{}", foreign.text);
    assert_eq!(field(&foreign), "pageToken");
    let good = list(&token, &format!("pageSize=1&pageToken={next}")).await;
    assert_eq!(good.status.as_u16(), 200, "{}", good.text);
    stage.stop().await;
}

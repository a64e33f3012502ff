//! A plain HTTP client for the tests, and the few requests that many of them make.

use kubemint_sandbox::{Cluster, ClusterOptions};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// Asserts that this is a `Status` with this code and reason, and returns its message.
    #[track_caller]
    pub(crate) fn refused(&self, code: u16, reason: &str) -> String {
        assert_eq!(self.status, code, "{}", self.text);
        let status = self.json();
        assert_eq!(status["kind"], "Status", "{status}");
        assert_eq!(status["apiVersion"], "v1", "{status}");
        assert_eq!(status["status"], "Failure", "{status}");
        assert_eq!(status["code"], code, "{status}");
        assert_eq!(status["reason"], reason, "{status}");
        status["message"].as_str().expect("a message").to_owned()
    }

    /// Asserts success, and returns the body.
    #[track_caller]
    pub(crate) fn good(&self, code: u16) -> Value {
        assert_eq!(self.status, code, "{}", self.text);
        self.json()
    }
}

/// A client of one cluster with one token.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) client: reqwest::Client,
    pub(crate) url: String,
    token: Option<String>,
}

impl Api {
    pub(crate) fn new(cluster: &Cluster, token: impl Into<Option<String>>) -> Self {
        Self {
            client: client(cluster.ca_pem()),
            url: cluster.url().to_owned(),
            token: token.into(),
        }
    }

    pub(crate) fn service(cluster: &Cluster) -> Self {
        Self::new(cluster, cluster.service_token())
    }

    pub(crate) fn admin(cluster: &Cluster) -> Self {
        Self::new(cluster, cluster.admin_token().to_owned())
    }

    /// The same connections with another token.
    pub(crate) fn with(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn delete_with(&self, path: &str, options: &Value) -> Answer {
        answer(self.request(Method::DELETE, path).json(options)).await
    }

    /// Makes a ServiceAccount, and answers with it.
    pub(crate) async fn account(&self, namespace: &str, name: &str) -> Value {
        self.post(&accounts(namespace), &json!({"metadata": {"name": name}}))
            .await
            .good(201)
    }

    /// Mints a token, and answers with the TokenRequest.
    pub(crate) async fn token(&self, namespace: &str, name: &str) -> Value {
        let body = json!({"spec": {"expirationSeconds": 600}});
        self.post(&token_path(namespace, name), &body)
            .await
            .good(201)
    }

    /// A client that is a fresh ServiceAccount of this role.
    pub(crate) async fn become_role(&self, role: &str) -> Self {
        let namespace = format!("kubemint-{role}");
        self.account(&namespace, "somebody").await;
        let answer = self.token(&namespace, "somebody").await;
        self.with(answer["status"]["token"].as_str().expect("a token"))
    }
}

pub(crate) fn accounts(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/serviceaccounts")
}

pub(crate) fn account_path(namespace: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
}

pub(crate) fn token_path(namespace: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token")
}

/// A client that trusts only this authority, and follows no redirect.
pub(crate) fn client(ca_pem: &str) -> reqwest::Client {
    let authority = reqwest::Certificate::from_pem(ca_pem.as_bytes()).expect("a certificate");
    let builder = reqwest::Client::builder().tls_certs_only([authority]);
    builder
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client")
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.expect("a body"),
    }
}

pub(crate) async fn cluster() -> Cluster {
    cluster_with(ClusterOptions::default()).await
}

pub(crate) async fn cluster_with(options: ClusterOptions) -> Cluster {
    Cluster::start(None, options).await.expect("a cluster")
}

/// The claims of a token, unproved.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).expect("three parts");
    let octets = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .expect("base64url");
    serde_json::from_slice(&octets).expect("JSON")
}

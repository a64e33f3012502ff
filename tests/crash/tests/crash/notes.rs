//! What a client was told, to hold the service to it.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use uuid::Uuid;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn code(&self) -> u16 {
        self.status.as_u16()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// An answer is a success, or an error as it is documented; 503 is the only one that is the service's.
    pub(crate) fn documented(&self, what: &str) {
        let code = self.code();
        assert!(code < 500 || code == 503, "{what}: {code}: {}", self.text);
        if self.status.is_success() {
            return;
        }
        let error = &self.json()["error"];
        assert_eq!(error["code"], code, "{what}: {}", self.text);
        assert!(error["message"].is_string(), "{what}: {}", self.text);
        let reason = &error["details"][0]["reason"];
        assert!(reason.is_string(), "{what}: {}", self.text);
        assert!(!self.text.contains("injected"), "{what}: {}", self.text);
        let comes_again = self.headers.contains_key("retry-after");
        assert!(code != 503 || comes_again, "{what}: {:?}", self.headers);
    }
}

/// A 201.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) id: String,
    pub(crate) uid: Uuid,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A delivered file.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    pub(crate) id: String,
    pub(crate) jti: String,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

/// Everything that clients of one installation were told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) issued: Vec<Issued>,
    pub(crate) delivered: Vec<Delivered>,
    /// What was answered 204.
    pub(crate) revoked: BTreeSet<String>,
    /// What a client asked to revoke, whatever came of it.
    pub(crate) unwanted: BTreeSet<String>,
    /// What was taken from the cluster behind everybody's back.
    pub(crate) taken: BTreeSet<String>,
    /// The UUIDs that were answered for an idempotency key.
    pub(crate) keys: BTreeMap<String, BTreeSet<Uuid>>,
}

impl Notes {
    pub(crate) fn was_issued(&mut self, reply: &Reply, key: Option<&str>) -> Issued {
        let body = reply.json();
        let text = |name: &str| body[name].as_str().expect(name).to_owned();
        let issued = Issued {
            id: text("id"),
            uid: text("uid").parse().expect("a UUID"),
            expires_at: text("expiresAt").parse().expect("a time"),
        };
        if let Some(key) = key {
            let answered = self.keys.entry(key.to_owned()).or_default();
            answered.insert(issued.uid);
        }
        self.issued.push(issued.clone());
        issued
    }

    pub(crate) fn was_delivered(&mut self, id: &str, reply: &Reply) {
        let file = reply.json();
        let user = &file["users"][0]["user"];
        let delivered = match user["token"].as_str() {
            Some(token) => of_token(id, token),
            None => of_certificate(id, &user["client-certificate-data"]),
        };
        self.delivered.push(delivered);
    }

    pub(crate) fn add(&mut self, other: Notes) {
        self.issued.extend(other.issued);
        self.delivered.extend(other.delivered);
        self.revoked.extend(other.revoked);
        self.unwanted.extend(other.unwanted);
        self.taken.extend(other.taken);
        for (key, uids) in other.keys {
            self.keys.entry(key).or_default().extend(uids);
        }
    }
}

/// What a token says of itself.
fn of_token(id: &str, token: &str) -> Delivered {
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    let claims: Value = serde_json::from_slice(&payload).expect("claims");
    let time = |name: &str| time(claims[name].as_i64().expect(name));
    Delivered {
        id: id.to_owned(),
        jti: claims["jti"].as_str().expect("a jti").to_owned(),
        issued_at: time("iat"),
        ends_at: time("exp"),
    }
}

/// What a certificate says of itself.
fn of_certificate(id: &str, data: &Value) -> Delivered {
    let pem = STANDARD.decode(data.as_str().expect("a certificate"));
    let pem = String::from_utf8(pem.expect("base64")).expect("text");
    let lines = pem.lines().skip(1);
    let body: String = lines.take_while(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).expect("base64");
    let certificate = Certificate::from_der(&der).expect("a certificate");
    let validity = certificate.tbs_certificate.validity;
    let of = |at: Time| time(i64::try_from(at.to_unix_duration().as_secs()).expect("a time"));
    let hash = digest(&SHA256, &der);
    let hash: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Delivered {
        id: id.to_owned(),
        jti: format!("X509SHA256={hash}"),
        issued_at: of(validity.not_before),
        ends_at: of(validity.not_after),
    }
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a time")
}

//! ServiceAccount tokens: minted by TokenRequest, proved against the ServiceAccount on every use.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::authn::User;
use super::catalogue;
use super::exchange::{Reply, Request};
use super::faults::Effect;
use super::meta;
use super::options::ClusterOptions;
use super::state::State;
use super::status::{Cause, Failure};
use crate::error::SandboxError;
use crate::keys::{SigningAlgorithm, SigningKey};

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenRequest";
/// Shortest and longest life that Kubernetes grants, in seconds.
const LIFE: std::ops::RangeInclusive<i64> = 600..=1 << 32;
/// The life of a token for which nobody asked one.
const DEFAULT_LIFE: i64 = 3600;

/// The cluster's token key.
pub(crate) struct Mint {
    key: SigningKey,
    /// The header of every token; Kubernetes writes no `typ`.
    header: Vec<u8>,
    issuer: String,
}

impl Mint {
    pub(crate) fn new(options: &ClusterOptions) -> Result<Self, SandboxError> {
        let key = SigningKey::generate(SigningAlgorithm::Es256)?;
        let header = json!({"alg": "ES256", "kid": key.kid()})
            .to_string()
            .into_bytes();
        Ok(Self {
            key,
            header,
            issuer: options.token_issuer.clone(),
        })
    }
}

/// What a TokenRequest asks for.
#[derive(Debug)]
struct Asked {
    audiences: Vec<String>,
    seconds: i64,
    uid: Option<String>,
}

impl State {
    /// Serves `POST .../serviceaccounts/NAME/token`.
    pub(crate) fn token_request(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let (namespace, name) = (request.target.namespace(), request.target.name());
        let asked = asked(&request.document()?, request)?;
        let accounts = catalogue::core("serviceaccounts");
        let account = self
            .store
            .get(accounts, namespace, name)
            .ok_or_else(|| Failure::not_found(accounts, name))?;
        let uid = account["metadata"]["uid"].as_str().unwrap_or("");
        if let Some(wanted) = asked.uid.as_deref().filter(|wanted| *wanted != uid) {
            let why = format!(
                "the UID in the token request ({wanted}) does not match the UID of the service account ({uid})"
            );
            return Err(Failure::conflict(GROUP, KIND, name, &why));
        }
        let audiences = if asked.audiences.is_empty() {
            vec![self.mint.issuer.clone()]
        } else {
            asked.audiences
        };
        check_life(asked.seconds)?;
        let mut warning = None;
        let mut seconds = asked.seconds;
        if let Some(most) = self
            .options
            .max_token_seconds
            .and_then(|most| i64::try_from(most).ok())
            && seconds > most
        {
            warning = Some(format!(
                "requested expiration of {seconds} seconds shortened to {most} seconds"
            ));
            seconds = most;
        }
        if let Some(Effect::GrantOff(off)) = request.effect {
            seconds = seconds.saturating_add(*off);
        }
        let now = self.now();
        let issued_at = now.timestamp();
        let expires_at = issued_at.saturating_add(seconds);
        let id = Uuid::new_v4().to_string();
        let claims = json!({
            "aud": audiences,
            "exp": expires_at,
            "iat": issued_at,
            "iss": self.mint.issuer,
            "jti": id,
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
            "nbf": issued_at,
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
        });
        let token = self
            .mint
            .key
            .sign(&self.mint.header, claims.to_string().as_bytes());
        let misreport = match request.effect {
            Some(Effect::MisreportExpiry(off)) => *off,
            _ => 0,
        };
        let expiry = DateTime::from_timestamp(expires_at.saturating_add(misreport), 0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let answer = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": KIND,
            "metadata": {"name": name, "namespace": namespace, "uid": uid, "creationTimestamp": meta::time(now)},
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null},
            "status": {"token": token, "expirationTimestamp": meta::time(expiry)},
        });
        Ok(Reply {
            warning,
            issued: Some(format!("JTI={id}")),
            ..Reply::json(201, answer)
        })
    }

    /// The user whom a ServiceAccount token stands for, if it is good now.
    pub(crate) fn check_token(&self, token: &str) -> Option<User> {
        let audience = self.mint.issuer.as_str();
        self.check_token_for(token, &[audience])
            .map(|(user, _)| user)
    }

    /// As [`State::check_token`], for any of these audiences; says which.
    pub(crate) fn check_token_for(
        &self,
        token: &str,
        audiences: &[&str],
    ) -> Option<(User, Vec<String>)> {
        let (_, claims) = self.mint.key.verify(token)?;
        let now = self.now();
        let leeway = TimeDelta::seconds(self.options.token_leeway_seconds.into());
        let at = |name: &str| DateTime::from_timestamp(claims[name].as_i64()?, 0);
        if claims["iss"] != self.mint.issuer.as_str()
            || now > at("exp")?.checked_add_signed(leeway)?
            || now + leeway < at("nbf")?
        {
            return None;
        }
        let meant = claims["aud"].as_array()?.iter().filter_map(Value::as_str);
        let meant: Vec<String> = meant
            .filter(|known| audiences.contains(known))
            .map(str::to_owned)
            .collect();
        if meant.is_empty() {
            return None;
        }
        let bound = &claims["kubernetes.io"];
        let namespace = bound["namespace"].as_str()?;
        let (name, uid) = (
            bound["serviceaccount"]["name"].as_str()?,
            bound["serviceaccount"]["uid"].as_str()?,
        );
        let account = self
            .store
            .get(catalogue::core("serviceaccounts"), namespace, name)?;
        // The same name made again is another account.
        if account["metadata"]["uid"] != uid {
            return None;
        }
        if let Some(deleted) = account["metadata"]["deletionTimestamp"].as_str() {
            let deleted = DateTime::parse_from_rfc3339(deleted).ok()?;
            if deleted.checked_add_signed(leeway)? <= now {
                return None;
            }
        }
        let id = claims["jti"].as_str().map(|id| format!("JTI={id}"));
        Some((User::account(namespace, name, uid, id), meant))
    }

    /// The default audience of tokens, which is their issuer.
    pub(crate) fn audience(&self) -> &str {
        &self.mint.issuer
    }
}

fn check_life(seconds: i64) -> Result<(), Failure> {
    if LIFE.contains(&seconds) {
        return Ok(());
    }
    let why = if seconds < *LIFE.start() {
        "may not specify a duration less than 10 minutes"
    } else {
        "may not specify a duration larger than 2^32 seconds"
    };
    let cause = Cause::invalid("spec.expirationSeconds", &json!(seconds), why);
    Err(Failure::invalid(GROUP, KIND, "", &[cause]))
}

fn asked(body: &Value, request: &Request<'_>) -> Result<Asked, Failure> {
    meta::check_kind(body, "authentication.k8s.io/v1", KIND)?;
    let wrong = |what: &str| {
        let message =
            format!("TokenRequest in version \"v1\" cannot be handled as a TokenRequest: {what}");
        Failure::bad_request(message)
    };
    let wrong_member = |value: &Value, member: &str, wanted: &str| {
        let field = format!("TokenRequestSpec.spec.{member}");
        meta::wrong_type(KIND, "v1", value, &field, wanted)
    };
    let (metadata, spec) = (&body["metadata"], &body["spec"]);
    if !(metadata.is_null() || metadata.is_object()) || !(spec.is_null() || spec.is_object()) {
        return Err(wrong("metadata and spec are objects"));
    }
    let name = request.target.name();
    for (field, actual, what) in [
        ("name", name, "name"),
        ("namespace", request.target.namespace(), "namespace"),
    ] {
        let given = metadata[field].as_str().unwrap_or("");
        if !given.is_empty() && given != actual {
            let why = format!("must match the service account {what} if specified");
            let cause = Cause::invalid(format!("metadata.{field}"), &json!(given), &why);
            return Err(Failure::invalid(GROUP, KIND, name, &[cause]));
        }
    }
    let seconds = match &spec["expirationSeconds"] {
        Value::Null => DEFAULT_LIFE,
        number => number
            .as_i64()
            .ok_or_else(|| wrong_member(number, "expirationSeconds", "int64"))?,
    };
    let audiences = match &spec["audiences"] {
        Value::Null => Vec::new(),
        Value::Array(list) => {
            if let Some(other) = list.iter().find(|text| !text.is_string()) {
                return Err(wrong_member(other, "audiences", "string"));
            }
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        }
        other => return Err(wrong_member(other, "audiences", "[]string")),
    };
    if !spec["boundObjectRef"].is_null() {
        return Err(Failure::bad_request(
            "this sandbox binds tokens to their ServiceAccount only",
        ));
    }
    let uid = metadata["uid"]
        .as_str()
        .filter(|uid| !uid.is_empty())
        .map(str::to_owned);
    Ok(Asked {
        audiences,
        seconds,
        uid,
    })
}

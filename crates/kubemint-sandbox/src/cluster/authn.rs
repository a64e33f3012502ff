//! Who is asking: static tokens, ServiceAccount tokens, nobody, or somebody in another's name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::rbac::{
    ACCOUNTS_PREFIX, ADMIN_GROUP, AUTHENTICATED, Access, Grants, Rule, SERVICE_USER, What,
};
use super::status::Failure;
use crate::clients::Holder;
use crate::keys::random_secret;

/// Longest bearer token that is looked at, in octets.
const MAX_TOKEN: usize = 16 * 1024;
/// Most tokens that the authentication cache remembers.
const CACHED: usize = 10_000;

/// A known caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    /// `JTI=<jti>` of the token that was shown, or `X509SHA256=<digest>` of the certificate.
    pub(crate) credential_id: Option<String>,
    /// What bindings that name the user grant; see [`super::bindings`].
    pub(crate) bound: Vec<Rule>,
}

impl User {
    /// A ServiceAccount, in the groups that Kubernetes puts it into.
    pub(crate) fn account(
        namespace: &str,
        name: &str,
        uid: &str,
        credential_id: Option<String>,
    ) -> Self {
        Self {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: uid.to_owned(),
            groups: account_groups(namespace),
            credential_id,
            bound: Vec::new(),
        }
    }

    fn anonymous() -> Self {
        let groups = vec!["system:unauthenticated".to_owned()];
        Self {
            name: "system:anonymous".to_owned(),
            uid: String::new(),
            groups,
            credential_id: None,
            bound: Vec::new(),
        }
    }

    fn admin() -> Self {
        let groups = vec![ADMIN_GROUP.to_owned(), AUTHENTICATED.to_owned()];
        Self {
            name: "kubernetes-admin".to_owned(),
            uid: String::new(),
            groups,
            credential_id: None,
            bound: Vec::new(),
        }
    }

    /// Whoever has a client certificate.
    fn holder(holder: Holder) -> Self {
        let mut groups = holder.groups;
        groups.push(AUTHENTICATED.to_owned());
        Self {
            name: holder.name,
            uid: String::new(),
            groups,
            credential_id: Some(holder.credential_id),
            bound: Vec::new(),
        }
    }

    fn service() -> Self {
        let groups = account_groups("kubemint-system");
        Self {
            name: SERVICE_USER.to_owned(),
            uid: String::new(),
            groups,
            credential_id: None,
            bound: Vec::new(),
        }
    }

    /// The `userInfo` of a review.
    pub(crate) fn info(&self) -> Value {
        let mut info = json!({"username": self.name, "groups": self.groups});
        if !self.uid.is_empty() {
            info["uid"] = json!(self.uid);
        }
        if let Some(id) = &self.credential_id {
            info["extra"] = json!({"authentication.kubernetes.io/credential-id": [id]});
        }
        info
    }
}

fn account_groups(namespace: &str) -> Vec<String> {
    let own = format!("{ACCOUNTS_PREFIX}{namespace}");
    vec![
        "system:serviceaccounts".to_owned(),
        own,
        AUTHENTICATED.to_owned(),
    ]
}

/// The static credentials of a cluster, and its memory of ServiceAccount tokens that were good.
pub(crate) struct Authenticator {
    admin: String,
    service: RwLock<String>,
    /// How long a good token is believed without another look; zero for never.
    remember: Duration,
    remembered: Mutex<HashMap<String, (User, Instant)>>,
}

impl Authenticator {
    pub(crate) fn new(remember: Duration) -> Self {
        Self {
            admin: format!("sandbox-admin-{}", random_secret()),
            service: RwLock::new(service_token()),
            remember,
            remembered: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn admin_token(&self) -> &str {
        &self.admin
    }

    pub(crate) fn service_token(&self) -> String {
        self.service
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Makes a new service token; the old one is refused from now on.
    pub(crate) fn rotate_service_token(&self) -> String {
        let token = service_token();
        token.clone_into(&mut self.service.write().unwrap_or_else(PoisonError::into_inner));
        token
    }

    /// The caller of a request. `shown` is whom the client's certificate is for, and an error if it proves nothing; `check`
    /// proves a ServiceAccount token against the objects of the cluster.
    pub(crate) fn user(
        &self,
        headers: &HeaderMap,
        shown: Option<Option<Holder>>,
        grants: &Grants,
        check: impl Fn(&str) -> Option<User>,
    ) -> Result<User, Failure> {
        // A certificate comes before a token; an unfit one spoils only a request that has nothing else.
        let user = match shown {
            Some(Some(holder)) => User::holder(holder),
            Some(None) if !headers.contains_key(AUTHORIZATION) => {
                return Err(Failure::unauthorized());
            }
            _ => self.bearer(headers, check)?,
        };
        impersonated(user, headers, grants)
    }

    fn bearer(
        &self,
        headers: &HeaderMap,
        check: impl Fn(&str) -> Option<User>,
    ) -> Result<User, Failure> {
        // Of several headers the first counts, and what is no bearer token is no credential: as in Kubernetes.
        let Some(first) = headers.get(AUTHORIZATION) else {
            return Ok(User::anonymous());
        };
        let text = first.to_str().map_err(|_| Failure::unauthorized())?;
        let token = match text.trim().split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Ok(User::anonymous()),
        };
        if token.len() > MAX_TOKEN {
            return Err(Failure::unauthorized());
        }
        if token == self.admin {
            return Ok(User::admin());
        }
        if token == *self.service.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(User::service());
        }
        if let Some(user) = self.recall(token) {
            return Ok(user);
        }
        let user = check(token).ok_or_else(Failure::unauthorized)?;
        self.keep(token, &user);
        Ok(user)
    }

    fn recall(&self, token: &str) -> Option<User> {
        if self.remember.is_zero() {
            return None;
        }
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        remembered
            .get(token)
            .filter(|(_, until)| *until > Instant::now())
            .map(|(user, _)| user.clone())
    }

    fn keep(&self, token: &str, user: &User) {
        if self.remember.is_zero() {
            return;
        }
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= CACHED {
            let now = Instant::now();
            remembered.retain(|_, (_, until)| *until > now);
        }
        if remembered.len() < CACHED {
            remembered.insert(
                token.to_owned(),
                (user.clone(), Instant::now() + self.remember),
            );
        }
    }
}

/// The user in whose name the request is to be done, if the caller may do so (only an administrator may).
fn impersonated(caller: User, headers: &HeaderMap, grants: &Grants) -> Result<User, Failure> {
    let asks = headers
        .keys()
        .any(|name| name.as_str().starts_with("impersonate-"));
    if !asks {
        return Ok(caller);
    }
    let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).ok();
    let Some(name) = headers.get("impersonate-user").and_then(text) else {
        return Err(Failure::bad_request(
            "requested a part of a user to impersonate, but no user",
        ));
    };
    let what = What::Resource {
        group: "",
        resource: "users",
        namespace: "",
        name: &name,
    };
    let wanted = Access {
        verb: "impersonate",
        what,
    };
    if !grants.allow(&caller, &wanted) {
        return Err(wanted.denied(&caller));
    }
    let mut groups: Vec<String> = headers
        .get_all("impersonate-group")
        .iter()
        .filter_map(text)
        .collect();
    let account = name
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    match account {
        Some((namespace, _)) if groups.is_empty() => groups = account_groups(namespace),
        _ => groups.push(AUTHENTICATED.to_owned()),
    }
    Ok(User {
        name,
        uid: String::new(),
        groups,
        credential_id: None,
        bound: Vec::new(),
    })
}

fn service_token() -> String {
    format!("sandbox-service-{}", random_secret())
}

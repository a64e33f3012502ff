//! Reviews: who am I, may I, what may I, and (for an administrator) whose token is this.

use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::meta;
use super::rbac::{Access, What};
use super::state::State;
use super::status::{Cause, Failure};

const AUTHORIZATION: &str = "authorization.k8s.io";

impl State {
    /// Serves the creation of a review.
    pub(crate) fn review(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let resource = request.target.resource;
        let body = request.document()?;
        meta::check_kind(&body, &resource.api_version(), resource.kind)?;
        let spec = &body["spec"];
        let (spec, status) = match resource.name {
            "selfsubjectreviews" => (None, json!({"userInfo": request.user.info()})),
            "selfsubjectaccessreviews" => (Some(spec), self.access(request, spec)?),
            "selfsubjectrulesreviews" => (Some(spec), self.rules(request, spec)?),
            "tokenreviews" => (Some(spec), self.token(spec)?),
            _ => return Err(Failure::no_such_path()),
        };
        let mut answer = json!({
            "apiVersion": resource.api_version(),
            "kind": resource.kind,
            "metadata": {},
            "status": status,
        });
        if resource.name == "selfsubjectreviews" {
            answer["metadata"]["creationTimestamp"] = json!(meta::time(self.now()));
        }
        if let Some(spec) = spec {
            answer["spec"] = spec.clone();
        }
        Ok(Reply::json(201, answer))
    }

    fn access(&self, request: &Request<'_>, spec: &Value) -> Result<Value, Failure> {
        let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
        if resource.is_object() == path.is_object() {
            let why =
                "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            let cause = Cause::invalid("spec", &Value::Null, why);
            // Kubernetes forgets the kind here.
            return Err(Failure::invalid(AUTHORIZATION, "", "", &[cause]));
        }
        let text = |of: &Value, field: &str| of[field].as_str().unwrap_or("").to_owned();
        let allowed = if resource.is_object() {
            let (group, namespace, name) = (
                text(resource, "group"),
                text(resource, "namespace"),
                text(resource, "name"),
            );
            let full = match text(resource, "subresource") {
                none if none.is_empty() => text(resource, "resource"),
                subresource => format!("{}/{subresource}", text(resource, "resource")),
            };
            let what = What::Resource {
                group: &group,
                resource: &full,
                namespace: &namespace,
                name: &name,
            };
            self.grants.allow(
                request.user,
                &Access {
                    verb: &text(resource, "verb"),
                    what,
                },
            )
        } else {
            let wanted = text(path, "path");
            self.grants.allow(
                request.user,
                &Access {
                    verb: &text(path, "verb"),
                    what: What::Path(&wanted),
                },
            )
        };
        Ok(if allowed {
            json!({"allowed": true, "reason": "RBAC: allowed by the sandbox's fixed rules"})
        } else {
            json!({"allowed": false})
        })
    }

    fn rules(&self, request: &Request<'_>, spec: &Value) -> Result<Value, Failure> {
        let namespace = spec["namespace"].as_str().unwrap_or("");
        if namespace.is_empty() {
            return Err(Failure::bad_request("no namespace on request"));
        }
        let (resources, paths) = self.grants.list(request.user, namespace);
        Ok(json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}))
    }

    fn token(&self, spec: &Value) -> Result<Value, Failure> {
        let Some(token) = spec["token"].as_str().filter(|token| !token.is_empty()) else {
            return Err(Failure::bad_request(
                "token is required for TokenReview in authentication",
            ));
        };
        let given = spec["audiences"]
            .as_array()
            .map(|list| list.iter().filter_map(Value::as_str).collect());
        let audiences: Vec<&str> = given.unwrap_or_else(|| vec![self.audience()]);
        Ok(match self.check_token_for(token, &audiences) {
            Some((user, meant)) => {
                json!({"authenticated": true, "user": user.info(), "audiences": meant})
            }
            None => json!({"authenticated": false, "user": {}, "error": "invalid bearer token"}),
        })
    }
}

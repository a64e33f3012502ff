//! The stable words for why a request was refused ([`crate::reason`]): those that a program may act upon.
//!
//! `spec/openapi.yaml` has the same table, at `ErrorDetail`. What is wrong with the shape of a request (`too_long`,
//! `unknown_member` and so on) is not among them: a caller of this crate hardly sends such a request.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $word;)*

        /// All that a server says.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

/// Said by this client alone: what answered is not the API. Something in front of the server did (a proxy, a balancer, a
/// firewall), or the URL is another server's. The status is what it answered.
pub const NOT_THE_API: &str = "not_the_api";

reasons! {
    /// 400: `ttl` is out of the role's bounds; the further details have both.
    TTL_OUT_OF_RANGE = "ttl_out_of_range";
    /// 400: `user` begins with `system:`.
    RESERVED_USER = "reserved_user";
    /// 400: a revocation of many names nothing.
    NOTHING_SELECTED = "nothing_selected";
    /// 400: the page token is not this list's.
    INVALID_PAGE_TOKEN = "invalid_page_token";
    /// 401: the token is none that is accepted, or not any more: get another.
    UNAUTHENTICATED = "unauthenticated";
    /// 403: the caller may not do this.
    NOT_PERMITTED = "not_permitted";
    /// 403: the caller may not be given this role, or there is none.
    ROLE_NOT_PERMITTED = "role_not_permitted";
    /// 403: the caller may not issue for someone else.
    USER_NOT_PERMITTED = "user_not_permitted";
    /// 404: no such cluster, or none that the caller may know of.
    NO_SUCH_CLUSTER = "no_such_cluster";
    /// 404: no such kubeconfig, or none that the caller may see.
    NO_SUCH_KUBECONFIG = "no_such_kubeconfig";
    /// 404: no such path: the URL is not the API's.
    NOT_FOUND = "not_found";
    /// 408: the body did not arrive in time.
    BODY_TIMEOUT = "body_timeout";
    /// 409: the kubeconfig has expired.
    EXPIRED = "expired";
    /// 409: it ends too soon to deliver a credential.
    ENDS_TOO_SOON = "ends_too_soon";
    /// 409: it is being revoked.
    REVOKING = "revoking";
    /// 409: the id is, or was, someone's: choose another.
    ID_TAKEN = "id_taken";
    /// 409: the idempotency key came before with another request.
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused";
    /// 429: too many requests in a time, or of one caller at a time.
    RATE_LIMITED = "rate_limited";
    /// 429: too many requests of one address at a time.
    TOO_MANY_AT_A_TIME = "too_many_at_a_time";
    /// 429: the user has as many kubeconfigs as may be: revoke one, or wait until one expires.
    QUOTA_EXCEEDED = "quota_exceeded";
    /// 500: a defect of the server's; its log has more.
    INTERNAL = "internal";
    /// 503: the server has too much to do.
    OVERLOADED = "overloaded";
    /// 503: the server stops. What was begun may be done.
    SHUTTING_DOWN = "shutting_down";
    /// 503: the issuer of tokens cannot be asked.
    AUTHENTICATION_UNAVAILABLE = "authentication_unavailable";
    /// 503: the first request with this idempotency key has not ended.
    IN_PROGRESS = "in_progress";
    /// 503: the cluster cannot be reached.
    CLUSTER_UNREACHABLE = "cluster_unreachable";
    /// 503: the cluster is too busy, or failing.
    CLUSTER_BUSY = "cluster_busy";
    /// 503: the cluster refuses the server: its operator must mend that.
    CLUSTER_REFUSES_SERVICE = "cluster_refuses_service";
    /// 503: another cluster answers in its place: its operator must mend that.
    CLUSTER_IS_ANOTHER = "cluster_is_another";
    /// 503: no client certificate can be signed: its operator must mend that.
    CLUSTER_CANNOT_SIGN = "cluster_cannot_sign";
    /// 503: the cluster answers what it must not.
    CLUSTER_MISBEHAVING = "cluster_misbehaving";
    /// 503: the credential's object is not in the cluster: nothing can be delivered, so issue another.
    CREDENTIAL_MISSING = "credential_missing";
    /// 503: a finalizer in the cluster holds the credential's object.
    HELD_BY_FINALIZER = "held_by_finalizer";
    /// 503: a client certificate, which nothing but time ends.
    NOT_REVOCABLE_BEFORE_EXPIRY = "not_revocable_before_expiry";
    /// 503: the store or the audit trail cannot be used.
    STORE_UNAVAILABLE = "store_unavailable";
    /// 503: what the store holds is damaged: its operator must mend that.
    STORE_DAMAGED = "store_damaged";
    /// In a report of a revocation of many: the time was over before, or the cluster had failed for others.
    NOT_CONFIRMED = "not_confirmed";
}

//! Why a call failed: what is told, in words of our own. Nothing that a cluster said is repeated, in the log neither: it may be
//! what someone wrote there by mistake. By its message a refusal is told for what it is.

use std::borrow::Cow;
use std::error::Error as StdError;

use http::StatusCode;
use kubemint::ports::ClusterError;
use thiserror::Error;

/// The detail behind a [`ClusterError`], for the log.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Detail(pub(crate) Cow<'static, str>);

/// The store does not say which cluster it was: no fault of the cluster.
#[derive(Debug, Error)]
#[error("which cluster it was cannot be looked up: the store does not answer")]
pub(crate) struct Forgetful;

type Source = Box<dyn StdError + Send + Sync>;
type Text = Cow<'static, str>;

pub(crate) fn unreachable(text: impl Into<Text>) -> ClusterError {
    ClusterError::Unreachable(Box::new(Detail(text.into())))
}

pub(crate) fn refused(text: impl Into<Text>) -> ClusterError {
    ClusterError::Refused(Box::new(Detail(text.into())))
}

pub(crate) fn busy(text: impl Into<Text>) -> ClusterError {
    ClusterError::Busy(Box::new(Detail(text.into())))
}

pub(crate) fn misbehaving(text: impl Into<Text>) -> ClusterError {
    ClusterError::Misbehaving(Box::new(Detail(text.into())))
}

pub(crate) fn unsigned(text: impl Into<Text>) -> ClusterError {
    ClusterError::Unsigned(Box::new(Detail(text.into())))
}

/// The stable name of an error, for metrics and reports.
pub(crate) fn outcome(error: &ClusterError) -> &'static str {
    match error {
        ClusterError::Unknown => "unknown",
        ClusterError::Unreachable(_) => "unreachable",
        ClusterError::Refused(_) => "refused",
        ClusterError::Busy(_) => "busy",
        ClusterError::Misbehaving(_) => "misbehaving",
        ClusterError::Another(_) => "another",
        ClusterError::Unsigned(_) => "unsigned",
        ClusterError::Held => "held",
        ClusterError::Missing => "missing",
        ClusterError::Foreign => "foreign",
    }
}

/// The detail of an error, or its own text where it has none.
pub(crate) fn detail(error: &ClusterError) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

/// Reasons of `metav1.Status`, as far as they may be repeated.
const REASONS: [&str; 18] = [
    "AlreadyExists",
    "BadRequest",
    "Conflict",
    "Expired",
    "Forbidden",
    "Gone",
    "InternalError",
    "Invalid",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "RequestEntityTooLarge",
    "ServerTimeout",
    "ServiceUnavailable",
    "Timeout",
    "TooManyRequests",
    "Unauthorized",
    "UnsupportedMediaType",
];

/// How the detail of a refusal begins whose cause is the service's credential: the cluster's answer, or that there is none to
/// send.
const OF_THE_CREDENTIAL: [&str; 3] = [
    "it answered 401",
    "the service's credential",
    "the configuration has no credential",
];

/// What Kubernetes says when a right lacks, whoever lacks it. What admission says is of the object: a policy, a webhook, a
/// quota, a namespace that ends.
const NO_RIGHT: &str = "forbidden: User \"";

/// What admission says of what a webhook or a policy denies. The status is whichever that names, and without one a webhook's is 400
/// and a policy's 422.
const DENIED: [[&str; 2]; 2] = [
    ["admission webhook", "denied the request"],
    ["AdmissionPolicy", "denied request"],
];

/// What an answer means that is not the one hoped for, by its status; `reason` and `message` are those of the answer's body. The
/// message is looked at, and not repeated.
pub(crate) fn of_status(
    status: StatusCode,
    reason: Option<&str>,
    message: Option<&str>,
) -> ClusterError {
    let known = reason.and_then(|reason| REASONS.into_iter().find(|known| *known == reason));
    let mut text = format!("it answered {}", status.as_u16());
    if let Some(reason) = known {
        text += &format!(" ({reason})");
    }
    let said = message.filter(|message| !message.is_empty() && Some(*message) != known);
    let denied = status.is_client_error()
        && said.is_some_and(|said| {
            let says = |parts: &[&str; 2]| parts.iter().all(|part| said.contains(part));
            DENIED.iter().any(says)
        });
    if status == StatusCode::FORBIDDEN || denied {
        text = match said {
            Some(said) if said.contains(NO_RIGHT) => {
                format!("the service has no right to that: {text}")
            }
            Some(_) => format!(
                "it refuses the object, not the service's credential (a policy, a webhook, a quota, or a namespace that \
                 ends): {text}"
            ),
            None => text,
        };
    }
    match status {
        _ if denied => refused(text),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => refused(text),
        StatusCode::TOO_MANY_REQUESTS => busy(text),
        status if status.is_server_error() => busy(text),
        status if status.is_redirection() => {
            misbehaving(format!("{text}: redirects are not followed"))
        }
        _ => misbehaving(text),
    }
}

/// Whether an error is of the store that remembers which cluster is which, and not of the cluster.
pub(crate) fn is_forgetful(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Busy(detail) if detail.is::<Forgetful>())
}

/// Whether a refusal is one of the service's credential, and not of what it asked.
pub(crate) fn is_of_the_credential(error: &ClusterError) -> bool {
    let of_it = |detail: &str| {
        OF_THE_CREDENTIAL
            .iter()
            .any(|begin| detail.starts_with(begin))
    };
    matches!(error, ClusterError::Refused(detail) if of_it(&detail.to_string()))
}

/// The same error, with the operation that met it and its namespace in the detail.
pub(crate) fn during(
    error: ClusterError,
    operation: &str,
    namespace: Option<&str>,
) -> ClusterError {
    let told = |detail: Source| -> Source {
        let place = namespace.map_or_else(String::new, |namespace| format!(" in {namespace}"));
        Box::new(Detail(format!("{operation}{place}: {detail}").into()))
    };
    match error {
        ClusterError::Unreachable(detail) => ClusterError::Unreachable(told(detail)),
        ClusterError::Refused(detail) => ClusterError::Refused(told(detail)),
        ClusterError::Busy(detail) => ClusterError::Busy(told(detail)),
        ClusterError::Misbehaving(detail) => ClusterError::Misbehaving(told(detail)),
        other => other,
    }
}

/// What a broken exchange means.
pub(crate) fn of_transport(error: &(dyn StdError + 'static)) -> ClusterError {
    let mut next = Some(error);
    let mut connecting = false;
    while let Some(error) = next {
        if error.is::<http_body_util::LengthLimitError>() {
            return misbehaving("its answer is larger than any answer should be");
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && error.is_parse()
        {
            return misbehaving("its answer is not HTTP");
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return unreachable(tls(error));
        }
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            connecting |= error.is_connect();
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            // An `io::Error` that wraps another tells more by what it wraps.
            if let Some(inner) = error.get_ref() {
                next = Some(inner);
                continue;
            }
            let act = if connecting {
                "connecting"
            } else {
                "the exchange"
            };
            return unreachable(format!("{act} failed: {}", error.kind()));
        }
        next = error.source();
    }
    unreachable(if connecting {
        "connecting failed"
    } else {
        "the connection broke off"
    })
}

/// Whether a broken exchange means that the peer's certificate was refused.
pub(crate) fn is_distrust(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
            return true;
        }
        let wrapped = error.downcast_ref::<std::io::Error>();
        next = match wrapped.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// A TLS failure by the name of its class: the error itself may quote the certificate.
fn tls(error: &rustls::Error) -> String {
    let name = |debug: String| {
        debug
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            format!(
                "its certificate is not trusted ({})",
                name(format!("{reason:?}"))
            )
        }
        other => format!("TLS failed ({})", name(format!("{other:?}"))),
    }
}

//! The token of a request.
//!
//! A client's own token is a default header of its HTTP client, which the connections belong to. Another one, renewed or someone
//! else's, goes beside the request to the one place that sends all of them (`answer.rs`): generated builders have no place for it.

use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderValue};

use crate::AccessError;

tokio::task_local! {
    /// The token of what is being sent, if it is not the client's.
    static SHOWN: HeaderValue;
}

/// A token as it is shown, which no `Debug` shows.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, AccessError> {
    let shown = HeaderValue::try_from(format!("Bearer {token}"));
    let mut shown = shown.map_err(AccessError::Token)?;
    shown.set_sensitive(true);
    Ok(shown)
}

/// Sends with this token, if there is one.
pub(crate) async fn showing<F: Future>(token: Option<&HeaderValue>, sending: F) -> F::Output {
    match token {
        Some(token) => SHOWN.scope(token.clone(), sending).await,
        None => sending.await,
    }
}

/// Adds the token that is to be shown. It comes before a default header.
pub(crate) fn show(request: &mut Request) {
    if let Ok(token) = SHOWN.try_with(HeaderValue::clone) {
        request.headers_mut().insert(AUTHORIZATION, token);
    }
}

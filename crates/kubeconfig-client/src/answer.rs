//! What is made of an answer before the generated code reads it.
//!
//! The generated code believes that every answer is the document's. What is in front of a server (a proxy, a balancer, a firewall)
//! answers with pages of its own: those are told apart here, with their status and headers. And it shows whatever does not fit,
//! which is no way to treat a file that holds a credential.

use kubeconfig_types::{Error as Body, KubeconfigFile};
use progenitor_client::{ClientHooks, ClientInfo as _, OperationInfo};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Request, Response, ResponseBuilderExt as _, StatusCode};
use serde_json::json;

use crate::{Client, reasons, token};

/// The most that is read of an answer that is no success, in octets. The document allows 32 details of some 300 characters.
const ERROR: usize = 128 << 10;
/// The most that is read of a file as JSON, in octets.
const FILE: usize = 16 << 20;

/// Sends every request, of the builders too: an implementation for `Client` comes before the generated one for `&Client`.
impl ClientHooks<()> for Client {
    async fn exec(&self, mut request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        token::show(&mut request);
        let response = self.client().execute(request).await?;
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            Ok(refused(response).await)
        } else if status.is_success() && info.operation_id == "get_kubeconfig_file" {
            file(response).await
        } else {
            Ok(response)
        }
    }
}

/// An answer that is no success, with the body that the document gives it, whoever answered.
async fn refused(mut response: Response) -> Response {
    // What broke off has its status nevertheless.
    let read = read(&mut response, ERROR).await.ok().flatten();
    match read {
        Some(body) if serde_json::from_slice::<Body>(&body).is_ok() => with_body(response, body),
        _ => {
            let body = not_the_api(response.status());
            with_body(response, body)
        }
    }
}

fn not_the_api(status: StatusCode) -> Vec<u8> {
    let message = "the answer is not the kubeconfig API's: something in front of it answered, or the URL is another server's";
    let body = json!({"error": {
        "code": status.as_u16(),
        "message": message,
        "details": [{"reason": reasons::NOT_THE_API}],
    }});
    body.to_string().into_bytes()
}

/// A file as JSON. If it does not fit, nothing of it goes on: it would be shown by the error. Not what is wrong either, which
/// quotes values.
async fn file(mut response: Response) -> reqwest::Result<Response> {
    let body = match read(&mut response, FILE).await? {
        Some(body) => match serde_json::from_slice::<KubeconfigFile>(&body) {
            Ok(_) => body,
            Err(why) => {
                let (line, column) = (why.line(), why.column());
                format!("withheld, since it may hold a credential: it does not fit the document at line {line}, column {column}").into()
            }
        },
        None => b"withheld, since it may hold a credential: it is too long".to_vec(),
    };
    Ok(with_body(response, body))
}

/// The whole body, unless it is longer than that.
async fn read(response: &mut Response, most: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&part);
    }
    Ok(Some(body))
}

/// The same answer with this body.
fn with_body(response: Response, body: Vec<u8>) -> Response {
    let builder = http::Response::builder().url(response.url().clone());
    let mut other = builder.body(body).expect("a URL is no wrong header");
    *other.status_mut() = response.status();
    *other.version_mut() = response.version();
    *other.headers_mut() = response.headers().clone();
    other.headers_mut().remove(CONTENT_LENGTH);
    other.into()
}

//! The way to dropshot and back: a pool of connections to its private port, request bodies streamed, answers taken
//! over whole (they are whole in its memory already), so that a slow reader occupies nothing there.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode, response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use openapi_runtime::Fault;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::inbound::{Inbound, Watch};
use super::refusal::{REQUEST_ID, Refused, enveloped};

/// For how long a connection is kept without a request. dropshot closes it after 30 s.
const KEPT: Duration = Duration::from_secs(10);
/// How long dropshot may take to be ready again after an answer.
const READY: Duration = Duration::from_secs(1);

/// Connections to dropshot.
pub(super) struct Upstream {
    address: SocketAddr,
    idle: Mutex<VecDeque<(SendRequest<Inbound>, Instant)>>,
}

impl Upstream {
    pub(super) fn new(address: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            address,
            idle: Mutex::default(),
        })
    }

    /// Passes a request on, and returns its answer as it is for the peer.
    ///
    /// # Errors
    /// The peer's body broke off, or dropshot did not answer.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Inbound>,
        watch: Arc<Watch>,
    ) -> Result<Response<Full<Bytes>>, Refused> {
        let mut request = request;
        if request.headers().contains_key(EXPECT) {
            let asked = Arc::clone(&watch);
            hyper::ext::on_informational(&mut request, move |told| {
                if told.status() == StatusCode::CONTINUE {
                    asked.ask();
                }
            });
        }
        let failed = |error: hyper::Error| {
            if let Some(message) = watch.failure() {
                return Refused::new(StatusCode::BAD_REQUEST, "body_unreadable", message);
            }
            drop(error);
            Refused::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the server failed",
            )
        };
        let (mut connection, answer) = self.send(request).await?;
        let (head, body) = answer.map_err(failed)?.into_parts();
        let body = body.collect().await.map_err(failed)?.to_bytes();
        tokio::spawn(async move {
            if let Ok(Ok(())) = tokio::time::timeout(READY, connection.ready()).await {
                self.idle().push_back((connection, Instant::now()));
            }
        });
        Ok(documented(head, body))
    }

    /// Sends on a kept connection, or on a new one if those were closed meanwhile.
    async fn send(
        &self,
        request: Request<Inbound>,
    ) -> Result<
        (
            SendRequest<Inbound>,
            hyper::Result<Response<hyper::body::Incoming>>,
        ),
        Refused,
    > {
        let mut request = request;
        while let Some(mut kept) = self.kept() {
            match kept.try_send_request(request).await {
                Ok(answer) => return Ok((kept, Ok(answer))),
                // Not a byte of it was sent.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Ok((kept, Err(error.into_error()))),
                },
            }
        }
        let mut fresh = self.connect().await.map_err(|_| Refused::overloaded())?;
        let answer = fresh.send_request(request).await;
        Ok((fresh, answer))
    }

    fn kept(&self) -> Option<SendRequest<Inbound>> {
        let mut idle = self.idle();
        let now = Instant::now();
        while idle
            .front()
            .is_some_and(|(_, since)| now.duration_since(*since) > KEPT)
        {
            idle.pop_front();
        }
        // The latest: the others may grow old.
        idle.pop_back().map(|(connection, _)| connection)
    }

    async fn connect(&self) -> io::Result<SendRequest<Inbound>> {
        let socket = TcpStream::connect(self.address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(Patient(socket)))
            .await
            .map_err(io::Error::other)?;
        // It ends with its sender, and tells errors to whoever waits for an answer.
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Closes the connections that are kept.
    pub(super) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, VecDeque<(SendRequest<Inbound>, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body that dropshot itself gives errors.
#[derive(Deserialize)]
struct Stock {
    message: String,
}

/// An answer for the peer: without fields for neighbours, and an error always with the documented body, also where
/// dropshot's router answered with its own.
fn documented(head: response::Parts, body: Bytes) -> Response<Full<Bytes>> {
    let mut head = head;
    for name in [CONNECTION, TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    let is_error = head.status.is_client_error() || head.status.is_server_error();
    if !is_error || body.starts_with(b"{\"error\":{") {
        return Response::from_parts(head, Full::new(body));
    }
    let mut allowed: Vec<&[u8]> = head
        .headers
        .get_all(ALLOW)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    allowed.sort_unstable();
    let allowed = HeaderValue::from_bytes(&allowed.join(&b", "[..]));
    let stock: Option<Stock> = serde_json::from_slice(&body).ok();
    // What dropshot says of its own failures is for nobody; what it says of the request is.
    let told = stock
        .filter(|_| head.status.is_client_error())
        .map(|stock| stock.message);
    let fault = Fault::new(told.unwrap_or_default());
    let mut response = enveloped(head.status, &fault);
    let headers = response.headers_mut();
    if let (true, Ok(allowed)) = (head.headers.contains_key(ALLOW), allowed) {
        headers.insert(ALLOW, allowed);
    }
    if let Some(id) = head.headers.remove(REQUEST_ID) {
        headers.insert(REQUEST_ID, id);
    }
    headers.remove(CONTENT_LENGTH);
    response
}

/// A socket on which writing never fails: when dropshot answers without reading a body to its end, and closes, the
/// answer is there to be read, and hyper must not give up before it looked.
struct Patient(TcpStream);

impl AsyncRead for Patient {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, out)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.get_mut().0).poll_write(cx, bytes);
        outcome.map(|written| Ok(written.unwrap_or(bytes.len())))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0)
            .poll_flush(cx)
            .map(|_| Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0)
            .poll_shutdown(cx)
            .map(|_| Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, headers: &[(&'static str, &'static str)]) -> response::Parts {
        let mut builder = Response::builder().status(status);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap().into_parts().0
    }

    async fn text(response: Response<Full<Bytes>>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_error_of_the_router_gets_the_documented_body() {
        let headers = [
            ("allow", "POST"),
            ("allow", "GET"),
            ("x-request-id", "7"),
            ("content-length", "9"),
        ];
        let stock =
            Bytes::from_static(b"{\"request_id\":\"7\",\"message\":\"Method Not Allowed\"}");
        let response = documented(head(405, &headers), stock);
        let allow: Vec<_> = response.headers().get_all("allow").iter().collect();
        assert_eq!(allow, ["GET, POST"]);
        assert_eq!(response.headers()["x-request-id"], "7");
        let body: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(body["error"]["code"], 405);
        assert_eq!(body["error"]["message"], "Method Not Allowed");
        assert_eq!(body["error"]["details"][0]["reason"], "method_not_allowed");
    }

    #[tokio::test]
    async fn what_dropshot_says_of_its_own_failures_is_not_told() {
        let stock = Bytes::from_static(b"{\"request_id\":\"7\",\"message\":\"a secret\"}");
        assert!(
            !text(documented(head(500, &[]), stock))
                .await
                .contains("secret")
        );
    }

    #[tokio::test]
    async fn documented_errors_and_successes_pass_as_they_are() {
        let error = Bytes::from_static(b"{\"error\":{\"code\":404}}");
        assert_eq!(text(documented(head(404, &[]), error.clone())).await, error);
        assert_eq!(
            text(documented(head(200, &[]), Bytes::from_static(b"x"))).await,
            "x"
        );
    }
}

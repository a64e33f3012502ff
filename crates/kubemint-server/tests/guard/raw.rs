//! A client that sends bytes as they are, and reads answers.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any answer takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
pub(crate) struct Raw<S = TcpStream> {
    stream: S,
    received: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The documented error body's first reason; its code must be the status.
    pub(crate) fn reason(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let error = &body["error"];
        assert_eq!(error["code"], self.status, "{self:?}");
        assert!(error["message"].is_string(), "{self:?}");
        assert_eq!(self.all("content-type"), ["application/json"], "{self:?}");
        assert_eq!(self.all("x-request-id").len(), 1, "{self:?}");
        error["details"][0]["reason"]
            .as_str()
            .expect("a reason")
            .to_owned()
    }
}

impl Raw {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("a connection"))
    }

    /// Sends one request, and reads its answer.
    pub(crate) async fn ask(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Answer {
        let mut raw = Self::connect(address).await;
        raw.send(bytes).await;
        raw.answer().await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    /// Speaks over a stream.
    pub(crate) fn over(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// Sends bytes; whether the other side still takes them.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Says that nothing more is sent.
    pub(crate) async fn ends_sending(&mut self) {
        self.stream.shutdown().await.expect("an open connection");
    }

    /// Reads an answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        timeout(PATIENCE, self.read())
            .await
            .expect("an answer in time")
            .expect("an answer")
    }

    /// Reads the answer to a HEAD request: it says how long its body would be, and has none.
    pub(crate) async fn head(&mut self) -> Answer {
        timeout(PATIENCE, self.read_head())
            .await
            .expect("an answer in time")
            .expect("an answer")
    }

    async fn read(&mut self) -> Option<Answer> {
        let mut answer = self.read_head().await?;
        let length = answer
            .all("content-length")
            .first()
            .map_or(0, |length| length.parse().expect("a length"));
        while self.received.len() < length {
            self.more().await?;
        }
        let rest = self.received.split_off(length);
        answer.body = String::from_utf8(std::mem::replace(&mut self.received, rest))
            .expect("a body in UTF-8");
        Some(answer)
    }

    async fn read_head(&mut self) -> Option<Answer> {
        let head = loop {
            if let Some(end) = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                let rest = self.received.split_off(end + 4);
                break std::mem::replace(&mut self.received, rest);
            }
            self.more().await?;
        };
        let head = String::from_utf8(head).expect("a head in ASCII");
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let split = |line: &str| {
            line.split_once(": ")
                .map(|(k, v)| (k.to_lowercase(), v.to_owned()))
        };
        let headers: Vec<_> = lines.filter_map(split).collect();
        Some(Answer {
            status,
            headers,
            body: String::new(),
        })
    }

    async fn more(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.received).await.ok()?;
        (read > 0).then_some(())
    }

    /// Whether nothing comes any more but the end.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let end = timeout(PATIENCE, self.more())
            .await
            .expect("an end in time");
        assert!(
            self.received.is_empty(),
            "{}",
            String::from_utf8_lossy(&self.received)
        );
        end.is_none()
    }

    /// Whether nothing comes for a while, not even the end.
    pub(crate) async fn is_silent(&mut self, time: Duration) -> bool {
        timeout(time, self.more()).await.is_err() && self.received.is_empty()
    }
}

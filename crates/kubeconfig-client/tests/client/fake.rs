//! A server of a few lines: it answers each request by a script, and remembers what was asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubeconfig_client::{Client, Cluster, Retry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The token that is shown.
pub(crate) const TOKEN: &str = "very-secret";

/// A server.
pub(crate) struct Fake {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Answers the nth request, from 0, with what `script` makes of it. Nothing is no answer: the connection is closed.
    pub(crate) async fn start(
        script: impl Fn(usize, &str) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, script) = (Arc::clone(&seen), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (noted, script) = (Arc::clone(&noted), Arc::clone(&script));
                tokio::spawn(async move {
                    let request = request(&mut socket).await;
                    let number = {
                        let mut seen = noted.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    let answer = script(number, &request);
                    // Who does not wait for it is not waited for.
                    let _ = socket.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, seen }
    }

    /// Answers each request in turn, and goes on with the last.
    pub(crate) async fn answering(answers: &[String]) -> Self {
        let answers = answers.to_vec();
        Self::start(move |number, _| answers[number.min(answers.len() - 1)].clone()).await
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The cluster there, by a client that pauses for a millisecond, and for no longer.
    pub(crate) fn cluster(&self) -> Cluster {
        self.within(Duration::from_secs(60))
    }

    /// The same, and gives up after so long.
    pub(crate) fn within(&self, within: Duration) -> Cluster {
        let pause = Duration::from_millis(1);
        self.patient(Retry::within(within).pauses(pause, pause))
    }

    /// The cluster there, as patient as that.
    pub(crate) fn patient(&self, retry: Retry) -> Cluster {
        cluster(&client(&self.url())).retry(retry)
    }
}

/// A client of that URL, past any proxy.
pub(crate) fn client(url: &str) -> Client {
    Client::with_token(url, TOKEN, Client::http().no_proxy()).unwrap()
}

/// The documented example's cluster.
pub(crate) fn cluster(client: &Client) -> Cluster {
    client.cluster(
        "us-texas-1".parse().unwrap(),
        "project-x9y8z7".parse().unwrap(),
        "cluster-a1b2c3".parse().unwrap(),
    )
}

/// The head and the body.
async fn request(socket: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut octet = [0];
    while !read.ends_with(b"\r\n\r\n") && socket.read_exact(&mut octet).await.is_ok() {
        read.push(octet[0]);
    }
    let head = String::from_utf8(read.clone()).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let named = name.eq_ignore_ascii_case("content-length");
        named.then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    if socket.read_exact(&mut body).await.is_ok() {
        read.extend(body);
    }
    String::from_utf8(read).unwrap()
}

/// An answer with these lines of headers, each ended by a line break, and this body; the last on its connection.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    let headers = headers.replace('\n', "\r\n");
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A success with a JSON body.
pub(crate) fn json(status: u16, body: &str) -> String {
    answer(status, "content-type: application/json\n", body)
}

/// A refusal of the API's, with the least `Retry-After`.
pub(crate) fn refusal(status: u16, reason: &str) -> String {
    let body = format!(
        r#"{{"error": {{"code": {status}, "message": "because", "details": [{{"reason": "{reason}"}}]}}}}"#
    );
    let headers = "content-type: application/json\nretry-after: 0\nx-request-id: 00000000-0000\n";
    answer(status, headers, &body)
}

/// What a balancer says of a server that is not there.
pub(crate) fn page(status: u16, headers: &str) -> String {
    let headers = format!("content-type: text/html\n{headers}");
    answer(status, &headers, "<html>It is not you</html>")
}

/// A kubeconfig.
pub(crate) fn kubeconfig(id: &str) -> String {
    format!(r#"{{"id": "{id}", "status": "active"}}"#)
}

//! As much of an HTTPS client as waiting for an API server needs: one GET per connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::pki::Credential;

/// How long one request may take: the caller asks again.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A client of one API server.
pub(crate) struct Https {
    config: Arc<ClientConfig>,
    address: SocketAddr,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Https {
    /// Trusts `ca` (PEM) only and shows `client`'s certificate, if there is one.
    pub(crate) fn new(ca: &str, client: Option<&Credential>, port: u16) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match client {
            Some(client) => builder.with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(
                    client.certificate.as_bytes(),
                )?],
                PrivateKeyDer::from_pem_slice(client.key.as_bytes())?,
            )?,
            None => builder.with_no_client_auth(),
        };
        Ok(Self {
            config: Arc::new(config),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        })
    }

    /// GETs `path`.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let tcp = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
        tcp.set_read_timeout(Some(TIMEOUT))?;
        tcp.set_write_timeout(Some(TIMEOUT))?;
        let name = ServerName::from(self.address.ip());
        let mut stream = StreamOwned::new(ClientConnection::new(self.config.clone(), name)?, tcp);
        // HTTP/1.0: the answer comes in one piece and ends with the connection.
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: {}\r\nAccept: application/json\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            // The server closed without saying goodbye; what came is judged below.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            other => {
                other?;
            }
        }
        parse(&String::from_utf8_lossy(&answer))
    }
}

fn parse(answer: &str) -> anyhow::Result<Answer> {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer has no end of headers")?;
    let mut words = head.split_whitespace();
    ensure!(
        words.next().is_some_and(|word| word.starts_with("HTTP/1.")),
        "the answer is not HTTP/1"
    );
    let status = words
        .next()
        .and_then(|word| word.parse().ok())
        .context("the answer has no status")?;
    Ok(Answer {
        status,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_split_into_status_and_body() {
        let answer = parse("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nok").unwrap();
        assert_eq!(
            answer,
            Answer {
                status: 200,
                body: "ok".into()
            }
        );
    }

    #[test]
    fn an_answer_cut_short_is_an_error() {
        assert!(parse("HTTP/1.0 200 OK\r\nContent-Ty").is_err());
        assert!(parse("SSH-2.0-x\r\n\r\n").is_err());
    }
}

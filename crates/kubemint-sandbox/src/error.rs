//! Why a sandbox could not start.

/// Why a part of the sandbox could not be started. Once started, nothing in it fails but by request.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A certificate could not be made.
    #[error("the sandbox could not make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// A signing key could not be made: the random source failed.
    #[error("the sandbox could not make a signing key")]
    Key,
    /// The TLS configuration was refused.
    #[error("the sandbox could not set up TLS")]
    Tls(#[from] rustls::Error),
    /// No socket on loopback: the port is taken, or the process may open no more files.
    #[error("the sandbox could not listen on {address}")]
    Listen {
        /// The address that was asked for, such as `127.0.0.1:0`.
        address: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The options contradict themselves.
    #[error("the sandbox cannot be made this way: {0}")]
    Options(String),
}

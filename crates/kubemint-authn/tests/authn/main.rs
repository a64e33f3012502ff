//! The life of key sets, against an issuer over HTTPS.

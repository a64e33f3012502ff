//! The domain: may this caller have this credential, for how long, and its life after.

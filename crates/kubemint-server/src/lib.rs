//! The HTTP edge and the wiring: the server's library and binary.

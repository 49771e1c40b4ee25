//! The transport without a server.

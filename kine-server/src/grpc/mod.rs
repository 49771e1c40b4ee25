//! etcd's words to the store's and back: nothing is decided here.
//!
//! [`kv`] with [`txn`] and [`apiserver`], [`watch`], [`lease`], [`cluster`], [`maintenance`], [`health`] are the
//! services; [`answer`] builds what several of them answer, [`status`] says what a fault is in gRPC, [`edge`] is what
//! every request passes.

pub(crate) mod answer;
pub(crate) mod apiserver;
pub(crate) mod cluster;
pub(crate) mod edge;
pub(crate) mod health;
pub(crate) mod kv;
pub(crate) mod lease;
pub(crate) mod maintenance;
pub(crate) mod status;
pub(crate) mod txn;
pub(crate) mod watch;

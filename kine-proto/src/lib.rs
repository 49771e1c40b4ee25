//! etcd v3 API messages and gRPC stubs, as far as kine and this family speak them.
//!
//! The code is generated from the `.proto` files in this crate's `proto/` folder and checked in, so building needs no
//! `protoc` and no build script. Byte fields are [`bytes::Bytes`]: a decoded value is a slice of the buffer it arrived
//! in, not a copy.
//!
//! Most users want `kine-client` or `kine-server` instead; this crate is for those who speak the protocol themselves.
//!
//! | module | what |
//! |---|---|
//! | [`mvccpb`] | a key with its revisions, a change to it |
//! | [`etcdserverpb`] | KV (with `RangeStream`, since etcd 3.7), Watch, Lease, Cluster, Maintenance |
//! | [`health`] | gRPC health checking, version 1 |
//!
//! Field numbers and names are those of etcd's own `api/etcdserverpb/rpc.proto`; the Auth service, lease checkpoints and
//! the downgrade probe between members are left out: nobody outside an etcd cluster sends them to a store like kine.
//!
//! # Features
//!
//! `client` and `server`, both on by default, hold the stubs of either side.

#![cfg_attr(docsrs, feature(doc_cfg))]

/// Keys and changes to keys.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod mvccpb {
    include!("generated/mvccpb.rs");
}

/// The requests, answers and services of the etcd v3 API.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod etcdserverpb {
    include!("generated/etcdserverpb.rs");
}

/// The gRPC health-checking protocol, version 1.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod health {
    include!("generated/grpc.health.v1.rs");
}

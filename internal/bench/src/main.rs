//! Load generator for any etcd endpoint, and the peers to compare with.

fn main() {}

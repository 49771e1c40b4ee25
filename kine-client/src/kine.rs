//! What kine does that an etcd client does not expect, and what this client does about it.

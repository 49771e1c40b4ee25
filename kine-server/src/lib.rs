//! A kine-compatible etcd endpoint inside your process, on kine's own schema: SQLite, or in memory for tests.

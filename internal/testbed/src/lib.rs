//! Real servers for tests: etcd, kine, PostgreSQL, MariaDB, on free ports in temporary folders.

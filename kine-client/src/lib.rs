//! An etcd client that is right on kine: typed revisions, honest write outcomes, watches that resume.

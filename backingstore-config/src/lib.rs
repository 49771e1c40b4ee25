//! The typed model of a Kubernetes control plane's backing store: which store a vcluster.yaml means, data-source strings, the kine command line.

//! What the user wrote, typed: the part of a vcluster.yaml that says where a control plane keeps its data, and
//! what of the rest bears on it.
//!
//! Read [`BackingStore`] first. What is absent, `null` or empty in the file is absent here; no default of the
//! chart is filled in before [`with_defaults`](crate::VirtualClusterConfig::with_defaults) is called.
//! [`PlatformValues`] is the same for the values of the platform.

mod control_plane;
mod database;
pub(crate) mod defaults;
mod etcd;
mod etcd_deploy;
mod kubernetes;
mod network_policy;
mod platform;
mod release;
mod tls;

pub use control_plane::{
    BackingStore, ControlPlane, Distro, HighAvailability, K8s, Persistence, Standalone, StatefulSet,
    VolumeClaim,
};
pub use database::{Database, DatabaseKine, ExternalDatabaseKine};
pub use etcd::{Etcd, EtcdEmbedded, EtcdExternal};
pub use etcd_deploy::{
    EtcdDeploy, EtcdHeadlessService, EtcdHighAvailability, EtcdPersistence, EtcdService, EtcdStatefulSet,
    EtcdVolumeClaim, PodMetadata, Resources, Scheduling, Security,
};
pub use kubernetes::{ClaimSwitch, EnvVar, Image, PortNumber, Untyped, Volume, VolumeMount};
pub use network_policy::{
    AddressRange, ControlPlanePolicy, EgressRule, IngressRule, NetworkPolicy, OutgoingConnections, Policies,
    PolicyPeer, PolicyPort, PublicEgress, WorkloadPolicy,
};
pub use platform::{CostControl, MultiRegion, PlatformSettings, PlatformValues};
pub use release::ChartRelease;
pub use tls::TlsFiles;

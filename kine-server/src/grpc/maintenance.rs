//! The Maintenance service: its Status.

use kine_proto::etcdserverpb::maintenance_server::Maintenance;
use kine_proto::etcdserverpb::{StatusRequest, StatusResponse};
use tonic::{Request, Response, Status, async_trait};

use super::answer::header;
use crate::store::Store;

#[derive(Debug)]
pub(crate) struct MaintenanceService {
    store: Store,
    etcd_version: String,
}

impl MaintenanceService {
    pub(crate) fn new(store: Store, etcd_version: String) -> Self {
        Self { store, etcd_version }
    }
}

#[async_trait]
impl Maintenance for MaintenanceService {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let size = self.store.size().await?;
        Ok(Response::new(StatusResponse {
            header: header(self.store.revision()),
            // The Kubernetes API server decides by this what it may ask for.
            version: self.etcd_version.clone(),
            db_size: size.allocated,
            db_size_in_use: size.in_use,
            ..StatusResponse::default()
        }))
    }
}

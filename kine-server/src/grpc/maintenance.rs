//! The Maintenance service: its Status, and that there are no alarms.

use kine_proto::etcdserverpb::alarm_request::AlarmAction;
use kine_proto::etcdserverpb::maintenance_server::Maintenance;
use kine_proto::etcdserverpb::{
    AlarmRequest, AlarmResponse, DefragmentRequest, DefragmentResponse, DowngradeRequest, DowngradeResponse,
    HashKvRequest, HashKvResponse, HashRequest, HashResponse, MoveLeaderRequest, MoveLeaderResponse,
    SnapshotRequest, SnapshotResponse, StatusRequest, StatusResponse,
};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, async_trait};

use super::answer::header;
use crate::store::{Fault, Store};

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
    /// None are ever raised: `etcdctl endpoint health` asks.
    async fn alarm(&self, request: Request<AlarmRequest>) -> Result<Response<AlarmResponse>, Status> {
        match request.into_inner().action() {
            AlarmAction::Get => {
                let header = header(self.store.revision());
                Ok(Response::new(AlarmResponse { header, alarms: Vec::new() }))
            }
            _ => Err(Fault::Unsupported("raising and clearing alarms").into()),
        }
    }

    async fn defragment(
        &self,
        _: Request<DefragmentRequest>,
    ) -> Result<Response<DefragmentResponse>, Status> {
        Err(Fault::Unsupported("defragment").into())
    }

    async fn hash(&self, _: Request<HashRequest>) -> Result<Response<HashResponse>, Status> {
        Err(Fault::Unsupported("hash").into())
    }

    async fn hash_kv(&self, _: Request<HashKvRequest>) -> Result<Response<HashKvResponse>, Status> {
        Err(Fault::Unsupported("hash kv").into())
    }

    async fn snapshot(
        &self,
        _: Request<SnapshotRequest>,
    ) -> Result<Response<BoxStream<SnapshotResponse>>, Status> {
        Err(Fault::Unsupported("snapshot").into())
    }

    async fn move_leader(
        &self,
        _: Request<MoveLeaderRequest>,
    ) -> Result<Response<MoveLeaderResponse>, Status> {
        Err(Fault::Unsupported("move leader").into())
    }

    async fn downgrade(&self, _: Request<DowngradeRequest>) -> Result<Response<DowngradeResponse>, Status> {
        Err(Fault::Unsupported("downgrade").into())
    }
}

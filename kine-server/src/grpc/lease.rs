//! The Lease service, as far as kine has it: a lease is a number of seconds that keys are given one by one.

use kine_proto::etcdserverpb::lease_server::Lease;
use kine_proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseLeasesRequest,
    LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse, LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::answer::header;
use crate::store::{Fault, Store};

#[derive(Debug)]
pub(crate) struct LeaseService {
    store: Store,
}

impl LeaseService {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Lease for LeaseService {
    /// Grants what kine grants: an id that says how many seconds a key put under it lives.
    async fn lease_grant(
        &self,
        request: Request<LeaseGrantRequest>,
    ) -> Result<Response<LeaseGrantResponse>, Status> {
        let ttl = request.into_inner().ttl;
        if ttl < 1 {
            return Err(Status::invalid_argument("etcdserver: a lease lives for at least 1 second"));
        }
        if ttl > i64::from(i32::MAX) {
            return Err(Status::out_of_range("etcdserver: too large lease TTL"));
        }
        let header = header(self.store.revision());
        Ok(Response::new(LeaseGrantResponse { header, id: ttl, ttl, error: String::new() }))
    }

    async fn lease_revoke(
        &self,
        _: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        Err(Fault::Unsupported("lease revoke").into())
    }

    async fn lease_keep_alive(
        &self,
        _: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<BoxStream<LeaseKeepAliveResponse>>, Status> {
        Err(Fault::Unsupported("lease keep alive").into())
    }

    async fn lease_time_to_live(
        &self,
        _: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        Err(Fault::Unsupported("lease time to live").into())
    }

    async fn lease_leases(
        &self,
        _: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        Err(Fault::Unsupported("lease leases").into())
    }
}

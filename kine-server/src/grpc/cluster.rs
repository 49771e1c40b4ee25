//! The Cluster service: one member, whose address is the one that the client reached it by.

use kine_proto::etcdserverpb::cluster_server::Cluster;
use kine_proto::etcdserverpb::{
    Member, MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse, MemberPromoteRequest,
    MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest,
    MemberUpdateResponse,
};
use tonic::{Request, Response, Status, async_trait};

use super::answer::header;
use super::edge::Authority;
use crate::store::{Fault, Store};

#[derive(Debug)]
pub(crate) struct ClusterService {
    store: Store,
    /// `http` or `https`.
    scheme: &'static str,
}

impl ClusterService {
    pub(crate) fn new(store: Store, scheme: &'static str) -> Self {
        Self { store, scheme }
    }
}

#[async_trait]
impl Cluster for ClusterService {
    async fn member_list(
        &self,
        request: Request<MemberListRequest>,
    ) -> Result<Response<MemberListResponse>, Status> {
        let authority =
            request.extensions().get::<Authority>().map_or("127.0.0.1:2379", |authority| &authority.0);
        let url = format!("{}://{authority}", self.scheme);
        let member = Member {
            name: "kine-server".to_owned(),
            peer_ur_ls: vec![url.clone()],
            client_ur_ls: vec![url],
            ..Member::default()
        };
        let header = header(self.store.revision());
        Ok(Response::new(MemberListResponse { header, members: vec![member] }))
    }

    async fn member_add(&self, _: Request<MemberAddRequest>) -> Result<Response<MemberAddResponse>, Status> {
        Err(Fault::Unsupported("member add").into())
    }

    async fn member_remove(
        &self,
        _: Request<MemberRemoveRequest>,
    ) -> Result<Response<MemberRemoveResponse>, Status> {
        Err(Fault::Unsupported("member remove").into())
    }

    async fn member_update(
        &self,
        _: Request<MemberUpdateRequest>,
    ) -> Result<Response<MemberUpdateResponse>, Status> {
        Err(Fault::Unsupported("member update").into())
    }

    async fn member_promote(
        &self,
        _: Request<MemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        Err(Fault::Unsupported("member promote").into())
    }
}

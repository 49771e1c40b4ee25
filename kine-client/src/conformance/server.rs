//! What a server says of itself, and what it refuses.

use kine_proto::etcdserverpb::{MemberListRequest, StatusRequest};
use kine_proto::health::HealthCheckRequest;
use kine_proto::health::health_check_response::ServingStatus;
use tonic::Code;

use super::target::{Failure, Target, same};
use super::wire;

behaviours! { "server";
    /// The status tells an etcd version of three numbers and the size of the database.
    status_tells_a_version_and_a_size;
    /// The list of members has at least one, and each has an address for clients.
    members_have_an_address;
    /// The gRPC health service says that the server serves.
    health_is_serving;
    /// A request of more than 2 MiB is refused, and the connection lives on.
    request_over_the_limit_is_refused;
    /// Empty requests, whatever they are answered with, leave the server serving.
    empty_requests_do_no_harm;
}

impl Checks {
    async fn status_tells_a_version_and_a_size(target: &Target) -> Result<(), Failure> {
        let status = target.wire().maintenance().status(StatusRequest {}).await?.into_inner();
        let numbers = status.version.split('.').filter(|part| part.parse::<u32>().is_ok()).count();
        ensure!(numbers == 3, "the version is {:?}", status.version);
        ensure!(status.db_size > 0, "the database takes {} bytes", status.db_size);
        Ok(())
    }

    async fn members_have_an_address(target: &Target) -> Result<(), Failure> {
        let request = MemberListRequest { linearizable: false };
        let list = target.wire().cluster().member_list(request).await?.into_inner();
        ensure!(!list.members.is_empty(), "there is no member");
        for member in &list.members {
            ensure!(!member.client_ur_ls.is_empty(), "the member {:?} has no address", member.name);
        }
        Ok(())
    }

    async fn health_is_serving(target: &Target) -> Result<(), Failure> {
        let request = HealthCheckRequest { service: String::new() };
        let health = target.wire().health().check(request).await?.into_inner();
        same("the health", health.status(), ServingStatus::Serving)
    }

    async fn request_over_the_limit_is_refused(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let value = "x".repeat(2 * 1024 * 1024);
        match wire.txn(wire::create(&key, &value, 0)).await {
            Err(status) if matches!(status.code(), Code::ResourceExhausted | Code::InvalidArgument) => {}
            other => {
                return Err(Failure::new(format!(
                    "it was not refused as too large: {:?}",
                    other.map(|_| ())
                )));
            }
        }
        same("the key", wire.get(&key).await?, None)
    }

    async fn empty_requests_do_no_harm(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        // Whatever it answers: no contract says what becomes of these.
        let _ = wire.txn(kine_proto::etcdserverpb::TxnRequest::default()).await;
        let _ = wire.range(kine_proto::etcdserverpb::RangeRequest::default()).await;
        wire.create(&target.key("a"), "1").await?;
        Ok(())
    }
}

//! The gRPC health service: a server that answers is serving.

use futures_util::StreamExt;
use kine_proto::health::health_check_response::ServingStatus;
use kine_proto::health::health_server::Health;
use kine_proto::health::{HealthCheckRequest, HealthCheckResponse};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, async_trait};

use crate::store::Store;

#[derive(Debug)]
pub(crate) struct HealthService {
    store: Store,
}

impl HealthService {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    async fn status(&self) -> ServingStatus {
        match self.store.refresh().await {
            Ok(()) => ServingStatus::Serving,
            Err(_) => ServingStatus::NotServing,
        }
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[async_trait]
impl Health for HealthService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if !service.is_empty() {
            return Err(Status::not_found(format!("the health of {service} is not kept: ask for \"\"")));
        }
        Ok(Response::new(answer(self.status().await)))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<BoxStream<HealthCheckResponse>>, Status> {
        let status = match request.into_inner().service.is_empty() {
            true => self.status().await,
            false => ServingStatus::ServiceUnknown,
        };
        // It says how things are and stays open until the server stops.
        let events = self.store.events().clone();
        let first = futures_util::stream::once(async move { Ok(answer(status)) });
        let last = futures_util::stream::once(async move {
            events.stopped().await;
            Ok(answer(ServingStatus::NotServing))
        });
        Ok(Response::new(Box::pin(first.chain(last))))
    }
}

//! A server that answers what a test tells it: answers that no healthy server gives on demand.

use std::collections::VecDeque;
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, Stream, StreamExt};
use kine_client::{Client, ErrorKind, Outcome, Revision};
use kine_proto::etcdserverpb::kv_server::{Kv, KvServer};
use kine_proto::etcdserverpb::response_op::Response as OpResponse;
use kine_proto::etcdserverpb::watch_request::RequestUnion;
use kine_proto::etcdserverpb::watch_server::{Watch, WatchServer};
use kine_proto::etcdserverpb::{
    DeleteRangeResponse, PutResponse, RangeRequest, RangeResponse, ResponseHeader, ResponseOp, TxnRequest,
    TxnResponse, WatchRequest, WatchResponse,
};
use kine_proto::mvccpb::{Event, KeyValue};
use libtest_mimic::Trial;
use testbed::trial;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

use crate::scene::{Tested, in_runtime, next_revision};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_watch_gives_no_event_twice", &[], || in_runtime(no_event_twice())),
        trial("a_watch_does_not_advance_on_progress", &[], || in_runtime(no_advance_on_progress())),
        trial("a_watch_keeps_all_events_of_one_revision", &[], || in_runtime(one_revision())),
        trial("a_watch_goes_on_after_a_cancellation_without_a_reason", &[], || in_runtime(cancelled())),
        trial("a_watch_ends_with_what_refuses_it", &[], || in_runtime(refused())),
        trial("a_refusal_of_what_was_expected_is_unknown", &[], || in_runtime(refused_as_expected())),
        trial("a_delete_of_nothing_is_looked_into", &[], || in_runtime(delete_of_nothing())),
        trial("an_answer_that_makes_no_sense_is_unknown", &[], || in_runtime(nonsense())),
        trial("a_database_error_leaves_a_write_unknown_and_a_refusal_does_not", &[], || {
            in_runtime(failures())
        }),
        trial("a_read_is_sent_again_when_the_server_is_unavailable", &[], || in_runtime(read_again())),
        trial("a_write_is_not_sent_again_when_the_server_is_unavailable", &[], || in_runtime(write_once())),
    ]
}

/// What to answer, in order, and what was asked.
#[derive(Clone, Debug, Default)]
struct Script(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    /// One list for each watch stream. The stream ends after it, but for the last, which stays open.
    watches: VecDeque<Vec<WatchResponse>>,
    starts: Vec<i64>,
    ranges: VecDeque<Result<RangeResponse, Status>>,
    txns: VecDeque<Result<TxnResponse, Status>>,
    txns_seen: usize,
}

impl Script {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watches(self, watches: impl IntoIterator<Item = Vec<WatchResponse>>) -> Self {
        self.lines().watches.extend(watches);
        self
    }

    fn range(self, answer: Result<RangeResponse, Status>) -> Self {
        self.lines().ranges.push_back(answer);
        self
    }

    fn txn(self, answer: Result<TxnResponse, Status>) -> Self {
        self.lines().txns.push_back(answer);
        self
    }

    async fn client(&self) -> Result<Client, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let server = tonic::transport::Server::builder()
            .add_service(KvServer::new(self.clone()))
            .add_service(WatchServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Ok(Client::builder().endpoint(endpoint).connect_lazy()?)
    }
}

#[tonic::async_trait]
impl Kv for Script {
    async fn range(&self, _: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        let line = self.lines().ranges.pop_front();
        line.unwrap_or_else(|| Err(Status::internal("the script has no more reads"))).map(Response::new)
    }

    async fn txn(&self, _: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let mut lines = self.lines();
        lines.txns_seen += 1;
        let line = lines.txns.pop_front();
        line.unwrap_or_else(|| Err(Status::internal("the script has no more writes"))).map(Response::new)
    }
}

#[tonic::async_trait]
impl Watch for Script {
    async fn watch(
        &self,
        request: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>>, Status> {
        let first = request.into_inner().message().await?.and_then(|message| message.request_union);
        let Some(RequestUnion::CreateRequest(create)) = first else {
            return Err(Status::invalid_argument("the first message creates no watch"));
        };
        let mut lines = self.lines();
        lines.starts.push(create.start_revision);
        let answers = lines.watches.pop_front().unwrap_or_default();
        let last = lines.watches.is_empty();
        let created = WatchResponse { created: true, ..WatchResponse::default() };
        let answers = stream::iter(std::iter::once(created).chain(answers)).map(Ok);
        Ok(Response::new(if last { answers.chain(stream::pending()).boxed() } else { answers.boxed() }))
    }
}

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..ResponseHeader::default() })
}

fn kv(mod_revision: i64) -> KeyValue {
    KeyValue { key: "/a".into(), value: "1".into(), mod_revision, ..KeyValue::default() }
}

fn events(revisions: &[i64]) -> WatchResponse {
    WatchResponse {
        header: header(revisions.last().copied().unwrap_or(0)),
        events: revisions.iter().map(|n| Event { kv: Some(kv(*n)), ..Event::default() }).collect(),
        ..WatchResponse::default()
    }
}

fn progress(revision: i64) -> WatchResponse {
    WatchResponse { header: header(revision), ..WatchResponse::default() }
}

fn cancelled_with(compact_revision: i64, reason: &str) -> WatchResponse {
    WatchResponse {
        canceled: true,
        compact_revision,
        cancel_reason: reason.to_owned(),
        ..WatchResponse::default()
    }
}

fn at(number: i64) -> Revision {
    Revision::new(number).unwrap_or_default()
}

fn read(kvs: Vec<KeyValue>) -> Result<RangeResponse, Status> {
    Ok(RangeResponse { header: header(100), kvs, ..RangeResponse::default() })
}

fn txn(succeeded: bool, answer: OpResponse) -> Result<TxnResponse, Status> {
    let responses = vec![ResponseOp { response: Some(answer) }];
    Ok(TxnResponse { header: header(100), succeeded, responses })
}

fn refusal(kvs: Vec<KeyValue>) -> Result<TxnResponse, Status> {
    txn(false, OpResponse::ResponseRange(RangeResponse { kvs, ..RangeResponse::default() }))
}

async fn no_event_twice() -> Tested {
    let script =
        Script::default().watches([vec![events(&[5, 6])], vec![events(&[5, 6, 7]), events(&[7, 8])]]);
    let client = script.client().await?;
    let mut watch = client.watch("/").from(at(5)).await?;
    for n in 5..=8 {
        assert_eq!(next_revision(&mut watch).await?, at(n));
    }
    assert_eq!(script.lines().starts, [5, 7]);
    Ok(())
}

async fn no_advance_on_progress() -> Tested {
    let script = Script::default().watches([vec![events(&[5]), progress(50)], vec![events(&[6])]]);
    let client = script.client().await?;
    let mut watch = client.watch("/").from(at(5)).await?;
    assert_eq!(next_revision(&mut watch).await?, at(5));
    assert_eq!(next_revision(&mut watch).await?, at(6));
    assert_eq!(script.lines().starts, [5, 6]);
    Ok(())
}

/// etcd writes several keys at one revision; they come in one message.
async fn one_revision() -> Tested {
    let script = Script::default().watches([vec![events(&[5, 5, 5])], vec![events(&[6])]]);
    let client = script.client().await?;
    let mut watch = client.watch("/").from(at(5)).await?;
    for n in [5, 5, 5, 6] {
        assert_eq!(next_revision(&mut watch).await?, at(n));
    }
    Ok(())
}

async fn cancelled() -> Tested {
    let script = Script::default().watches([
        vec![events(&[5]), cancelled_with(0, "")],
        vec![cancelled_with(0, "etcdserver: unhealthy cluster")],
        vec![events(&[6])],
    ]);
    let client = script.client().await?;
    let mut watch = client.watch("/").from(at(5)).await?;
    assert_eq!(next_revision(&mut watch).await?, at(5));
    assert_eq!(next_revision(&mut watch).await?, at(6));
    assert_eq!(script.lines().starts, [5, 6, 6]);
    Ok(())
}

async fn refused() -> Tested {
    let never_began =
        WatchResponse { created: true, ..cancelled_with(0, "unsupported options in watch request") };
    for (answer, kind) in [
        (cancelled_with(9, ""), ErrorKind::Compacted { revision: Some(at(9)) }),
        (
            cancelled_with(0, "etcdserver: mvcc: required revision has been compacted"),
            ErrorKind::Compacted { revision: None },
        ),
        (cancelled_with(0, "etcdserver: permission denied"), ErrorKind::PermissionDenied),
        (never_began, ErrorKind::InvalidArgument),
    ] {
        let client = Script::default().watches([vec![answer]]).client().await?;
        let mut watch = client.watch("/").from(at(5)).await?;
        let Some(Err(error)) = watch.next().await else {
            return Err(format!("no error for {kind:?}").into());
        };
        assert_eq!(error.kind(), kind);
        assert_eq!(error.key(), Some(&b"/"[..]));
        assert!(watch.next().await.is_none());
    }
    Ok(())
}

async fn refused_as_expected() -> Tested {
    let script =
        Script::default().txn(refusal(vec![kv(7)])).txn(refusal(vec![kv(8)])).txn(refusal(vec![kv(7)]));
    let client = script.client().await?;
    let doubtful = client.update("/a", "2", at(7)).await?;
    assert!(matches!(doubtful, Outcome::Unknown(_)), "{doubtful:?}");
    let lost = client.update("/a", "2", at(7)).await?;
    assert!(matches!(&lost, Outcome::Conflict { current: Some(kv) } if kv.mod_revision == at(8)), "{lost:?}");
    let doubtful = client.delete("/a", at(7)).await?;
    assert!(matches!(doubtful, Outcome::Unknown(_)), "{doubtful:?}");
    Ok(())
}

/// What kine answers where the key never was, and where its query was cut short (kine pull request 736).
async fn delete_of_nothing() -> Tested {
    let nothing = || txn(true, OpResponse::ResponseDeleteRange(DeleteRangeResponse::default()));
    let script = Script::default()
        .txn(nothing())
        .range(read(vec![]))
        .txn(nothing())
        .range(read(vec![kv(7)]))
        .txn(nothing())
        .range(Err(Status::unknown("the database is gone")))
        .txn(refusal(vec![]))
        .range(read(vec![kv(9)]));
    let client = script.client().await?;
    let gone = client.delete("/a", at(7)).await?;
    assert!(matches!(gone, Outcome::Conflict { current: None }), "{gone:?}");
    for _ in 0..2 {
        let doubtful = client.delete("/a", at(7)).await?;
        assert!(matches!(doubtful, Outcome::Unknown(_)), "{doubtful:?}");
    }
    let changed = client.delete("/a", at(7)).await?;
    assert!(
        matches!(&changed, Outcome::Conflict { current: Some(kv) } if kv.mod_revision == at(9)),
        "{changed:?}"
    );
    Ok(())
}

async fn nonsense() -> Tested {
    let no_header =
        TxnResponse { header: None, ..txn(true, OpResponse::ResponsePut(PutResponse::default()))? };
    let no_write = TxnResponse { succeeded: true, header: header(9), ..TxnResponse::default() };
    let script = Script::default().txn(Ok(no_header)).txn(Ok(no_write));
    let client = script.client().await?;
    for _ in 0..2 {
        let Outcome::Unknown(error) = client.create("/a", "1").await? else {
            return Err("not unknown".into());
        };
        let cause = error.source().and_then(|cause| cause.downcast_ref::<kine_client::Error>());
        assert_eq!(cause.map(kine_client::Error::kind), Some(ErrorKind::Protocol));
    }
    Ok(())
}

async fn failures() -> Tested {
    let script = Script::default()
        .txn(Err(Status::unknown("UNIQUE constraint failed")))
        .txn(Err(Status::internal("")))
        .txn(Err(Status::resource_exhausted("etcdserver: mvcc: database space exceeded")))
        .txn(Err(Status::invalid_argument("etcdserver: request is too large")));
    let client = script.client().await?;
    for _ in 0..2 {
        let outcome = client.create("/a", "1").await?;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    }
    for kind in [ErrorKind::ResourceExhausted, ErrorKind::TooLarge] {
        assert_eq!(client.create("/a", "1").await.err().map(|error| error.kind()), Some(kind));
    }
    Ok(())
}

async fn read_again() -> Tested {
    let unavailable = || Err(Status::unavailable("etcdserver: no leader"));
    let script = Script::default().range(unavailable()).range(unavailable()).range(read(vec![kv(7)]));
    let client = script.client().await?;
    assert_eq!(client.get("/a").await?.map(|kv| kv.mod_revision), Some(at(7)));
    Ok(())
}

async fn write_once() -> Tested {
    let script = Script::default()
        .txn(Err(Status::unavailable("etcdserver: request timed out")))
        .txn(txn(true, OpResponse::ResponsePut(PutResponse::default())));
    let client = script.client().await?;
    let outcome = client.create("/a", "1").await?;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert_eq!(script.lines().txns_seen, 1);
    Ok(())
}

//! The transport without a server of the etcd API.

use std::error::Error as StdError;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::{Client, ConnectOptions, ErrorKind, Outcome, Revision};

/// An address that was free a moment ago and refuses connections.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn impatient(endpoint: &str) -> ConnectOptions {
    ConnectOptions::new().endpoint(endpoint).request_timeout(Duration::from_millis(200))
}

#[tokio::test]
async fn connecting_to_nobody_says_so_of_each_endpoint() {
    let (one, other) = (nobody().await, nobody().await);
    let error = Client::connect([one.as_str(), other.as_str()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.operation(), "connect");
    let text = error.to_string();
    assert!(text.contains(&one) && text.contains(&other), "{text}");
    assert_eq!(text.matches("refused").count(), 2, "{text}");
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named() {
    let error = Client::connect(["unix:///nowhere/kine.sock"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("unix:///nowhere/kine.sock"), "{error}");
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[tokio::test]
async fn a_server_of_another_protocol_is_no_endpoint() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // It may be gone already, which does as well.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = Client::connect([endpoint.as_str()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.endpoint(), Some(endpoint.as_str()));
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let client = impatient(&endpoint).connect_lazy().unwrap();
    let error = client.get("/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.is_retryable());
    drop(listener);
}

#[tokio::test]
async fn connecting_passes_over_a_silent_endpoint_to_the_next() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let other = nobody().await;
    let error = impatient(&endpoint).endpoint(&other).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains(&format!("{other} (Connection refused")), "{error}");
}

#[tokio::test]
async fn a_write_that_may_have_arrived_ends_unknown_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let client = impatient(&endpoint).connect_lazy().unwrap();
    let Outcome::Unknown(error) = client.create("/a", "1").await.unwrap() else {
        panic!("the outcome is not unknown")
    };
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    let cause = error.source().and_then(|cause| cause.downcast_ref::<crate::Error>()).unwrap();
    assert_eq!(cause.kind(), ErrorKind::DeadlineExceeded);
    drop(listener);
}

#[tokio::test]
async fn a_write_that_certainly_was_not_sent_is_an_error() {
    let client = impatient(&nobody().await).connect_lazy().unwrap();
    for outcome in [
        client.create("/a", "1").await,
        client.update("/a", "2", Revision::new(5).unwrap()).await,
        client.delete("/a", Revision::new(5).unwrap()).await,
        client.put("/a", "3").with_ttl(Duration::from_secs(3)).await,
    ] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    let compaction = client.compact(Revision::new(5).unwrap()).await.unwrap_err();
    assert_eq!(compaction.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn what_can_never_succeed_is_refused_without_a_server() {
    let client = impatient(&nobody().await).connect_lazy().unwrap();
    let seven = Revision::new(7).unwrap();
    let invalid = |error: crate::Error| assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    invalid(client.get("").await.unwrap_err());
    invalid(client.get_at("/a", Revision::ZERO).await.unwrap_err());
    invalid(client.create("", "1").await.unwrap_err());
    invalid(client.create("/a\0", "1").await.unwrap_err());
    invalid(client.update("/a", "1", Revision::ZERO).await.unwrap_err());
    invalid(client.delete("/a", Revision::ZERO).await.unwrap_err());
    invalid(client.delete([0xff], seven).await.unwrap_err());
    invalid(client.create("/a", "1").with_ttl(Duration::ZERO).await.unwrap_err());
    invalid(client.create("/a", "1").with_ttl(Duration::from_secs(u64::MAX)).await.unwrap_err());
    invalid(client.compact(Revision::ZERO).await.unwrap_err());
    invalid(client.watch("/a").from(Revision::ZERO).await.unwrap_err());
    invalid(client.list(crate::KeyRange::between("b", "a")).collect().await.unwrap_err());
    let large = client.create("/a", vec![0; super::REQUEST_LIMIT]).await.unwrap_err();
    assert_eq!(large.kind(), ErrorKind::TooLarge);
}

//! What every request and answer passes.

use http::{HeaderValue, Request, Response};

/// The largest request, in bytes: kine's limit, which is etcd's 1.5 MiB and half a MiB for what is around it.
pub(crate) const REQUEST_BYTES: usize = 2 << 20;

/// The name and port that the client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Authority(pub(crate) String);

/// Keeps the authority, which tonic drops, for the Cluster service.
pub(crate) fn keep_authority<B>(mut request: Request<B>) -> Request<B> {
    if let Some(authority) = request.uri().authority().map(|authority| Authority(authority.to_string())) {
        request.extensions_mut().insert(authority);
    }
    request
}

/// tonic answers a request over the limit with OUT_OF_RANGE, which etcd's clients take for a compacted or future
/// revision. gRPC servers in Go, kine and etcd among them, say RESOURCE_EXHAUSTED.
pub(crate) fn tell_too_large<B>(mut response: Response<B>) -> Response<B> {
    const OUT_OF_RANGE: &str = "11";
    const RESOURCE_EXHAUSTED: HeaderValue = HeaderValue::from_static("8");
    let headers = response.headers_mut();
    let has = |name, text: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(text))
    };
    // Percent-encoded on the wire, so the words are looked for one by one.
    if has("grpc-status", OUT_OF_RANGE)
        && has("grpc-message", "decoded")
        && has("grpc-message", "too%20large")
    {
        headers.insert("grpc-status", RESOURCE_EXHAUSTED);
        let text = format!("etcdserver: request is too large: the limit is {REQUEST_BYTES} bytes");
        let text = text.replace(' ', "%20");
        if let Ok(text) = HeaderValue::from_str(&text) {
            headers.insert("grpc-message", text);
        }
    }
    response
}

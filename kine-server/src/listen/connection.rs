//! One connection, whatever it runs over, and the means to cut it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// A byte stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl Stream for TcpStream {}
impl Stream for TlsStream<TcpStream> {}
impl Stream for UnixStream {}

/// A connection that ends when it is cut.
///
/// tonic keeps a connection for as long as its client does, also when the server has stopped, and with it all that the
/// services hold.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    /// Resolves when the connection is to end; none once it has.
    cut: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Connection {
    /// Ends when `cut` becomes true, or its sender goes.
    pub(crate) fn new(stream: impl Stream + 'static, mut cut: watch::Receiver<bool>) -> Self {
        let cut = async move {
            let _ = cut.wait_for(|cut| *cut).await;
        };
        Self { stream: Box::new(stream), cut: Some(Box::pin(cut)) }
    }

    fn is_cut(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(cut) = &mut self.cut
            && cut.as_mut().poll(cx).is_ready()
        {
            self.cut = None;
        }
        self.cut.is_none()
    }
}

fn was_cut<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server has stopped")))
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Asked on each read, for a connection that is idle waits there.
        if self.is_cut(cx) { was_cut() } else { Pin::new(&mut *self.stream).poll_read(cx, buf) }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.is_none() { was_cut() } else { Pin::new(&mut *self.stream).poll_write(cx, buf) }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.cut.is_none() { was_cut() } else { Pin::new(&mut *self.stream).poll_write_vectored(cx, bufs) }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.cut.is_none() { was_cut() } else { Pin::new(&mut *self.stream).poll_flush(cx) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.cut.is_none() { Poll::Ready(Ok(())) } else { Pin::new(&mut *self.stream).poll_shutdown(cx) }
    }
}

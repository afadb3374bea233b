//! Listens, with or without TLS, and stops gracefully.
//! Invariant: after `stop` resolves no new connection is taken, and requests have `drain` to end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};

use crate::tls::{Tls, TlsListener};

/// The address a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, PlainListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, PlainListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A TCP listener whose connections send small replies at once.
struct PlainListener(TcpListener);

impl Listener for PlainListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        stream.set_nodelay(true).ok();
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Serves `router` on `listener` until `stop` resolves; then lets requests end for at most `drain`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> io::Result<()> {
    let (stopped, told) = tokio::sync::oneshot::channel();
    let stop = async move {
        stop.await;
        stopped.send(()).ok();
    };
    let late = async move {
        told.await.ok();
        tokio::time::sleep(drain).await;
    };
    let service = router.into_make_service_with_connect_info::<Peer>();
    let serving = async {
        match tls {
            None => axum::serve(PlainListener(listener), service).with_graceful_shutdown(stop).await,
            Some(tls) => axum::serve(TlsListener::new(listener, tls), service).with_graceful_shutdown(stop).await,
        }
    };
    tokio::select! {
        ended = serving => ended,
        () = late => Ok(()),
    }
}

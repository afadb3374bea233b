//! `purser serve`: binds, announces, serves until told to stop, then flushes.
//! Invariant: an address other than loopback is served with TLS, or because the operator said so.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use purser_http::Tls;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::command::prices;
use crate::config::{ListenFlags, Settings};
use crate::exit::{Exit, Failure};
use crate::local::Local;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: ListenFlags,
}

pub(crate) async fn run(_args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    check_listen(settings)?;
    let bound = Bound::bind(settings).await?;
    let local = Local::open(settings, true).await?;
    for line in bound.announce(settings) {
        output::talk(line);
    }
    serve(local, bound).await?;
    Ok(Exit::Done)
}

/// Refuses to listen beyond this machine without TLS, unless that is asked for.
pub(crate) fn check_listen(settings: &Settings) -> anyhow::Result<()> {
    let otlp = [("otlp_grpc_listen", settings.otlp_grpc_listen), ("otlp_http_listen", settings.otlp_http_listen)];
    let listening = std::iter::once(("listen", settings.listen)).chain(otlp.into_iter().filter(|_| settings.otlp));
    for (name, address) in listening {
        if !address.ip().is_loopback() && settings.tls_cert.is_none() && !settings.insecure_listen {
            return Err(Failure::usage(format!(
                "{name}: {address} is reachable from other machines, and keys would travel in the clear: \
                 give --tls-cert and --tls-key, or --insecure-listen behind a proxy that does TLS"
            )));
        }
    }
    Ok(())
}

/// The listeners, bound before anything is announced.
pub(crate) struct Bound {
    api: TcpListener,
    otlp: Option<(TcpListener, TcpListener)>,
    tls: Option<Tls>,
}

impl Bound {
    /// Binds every address of `settings`.
    pub(crate) async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let tls = match (&settings.tls_cert, &settings.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::from_files(certificate, key)?),
            _ => None,
        };
        let api = listener("--listen", settings.listen).await?;
        let otlp = if settings.otlp {
            let grpc = listener("--otlp-grpc-listen (or --no-otlp)", settings.otlp_grpc_listen).await?;
            Some((grpc, listener("--otlp-http-listen (or --no-otlp)", settings.otlp_http_listen).await?))
        } else {
            None
        };
        Ok(Self { api, otlp, tls })
    }

    /// The console's URL.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.api.local_addr().map_or_else(|_| format!("{scheme}://"), |address| format!("{scheme}://{address}/"))
    }

    fn announce(&self, settings: &Settings) -> Vec<String> {
        let mut lines = vec![format!("purser serves {} from {}", self.url(), settings.data_dir.display())];
        if let Some((grpc, http)) = &self.otlp
            && let (Ok(grpc), Ok(http)) = (grpc.local_addr(), http.local_addr())
        {
            lines.push(format!("OTLP: gRPC on {grpc}, HTTP on {http}"));
        }
        lines
    }
}

async fn listener(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::with(Exit::Unavailable, format!("cannot listen on {address}: {error}; choose another with {flag}"))
    })
}

/// Serves until SIGTERM or SIGINT, then lets requests end, flushes and closes.
pub(crate) async fn serve(local: Local, bound: Bound) -> anyhow::Result<()> {
    let told_to_stop = signalled();
    let config = purser_http::Config::default();
    let (shed, drain) = (config.shed, config.drain);
    let app = purser_http::App::new(local.service.clone(), config);
    let (stop, stopping) = watch::channel(false);
    let console = console_config(&bound);
    let api = purser_http::router(&app).merge(purser_console::router(local.service.clone(), console));
    let mut servers = tokio::task::JoinSet::new();
    servers.spawn(purser_http::serve(bound.api, bound.tls.clone(), api, told(stopping.clone()), drain));
    if let Some((grpc, http)) = bound.otlp {
        let grpc_routes = purser_http::grpc_router(&app);
        let http_routes = purser_http::otlp_router(&app);
        servers.spawn(purser_http::serve(grpc, bound.tls.clone(), grpc_routes, told(stopping.clone()), drain));
        servers.spawn(purser_http::serve(http, bound.tls, http_routes, told(stopping), drain));
    }
    let jobs = purser_service::job::Config { retention_days: local.retention_days, ..Default::default() };
    let jobs = tokio::spawn({
        let service = local.service.clone();
        async move { service.run_jobs(&jobs).await }
    });
    let updates = local
        .prices
        .update_daily
        .then(|| tokio::spawn(prices::update::daily(local.store.clone(), local.prices.clone())));
    let failed = tokio::select! {
        signal = told_to_stop => {
            tracing::info!(signal, "stopping");
            app.drain();
            tokio::time::sleep(shed).await;
            None
        }
        ended = servers.join_next() => ended,
    };
    jobs.abort();
    updates.inspect(tokio::task::JoinHandle::abort);
    stop.send_replace(true);
    let drained = async { while servers.join_next().await.is_some() {} };
    tokio::select! {
        () = drained => {}
        _ = signalled() => tracing::warn!("stopping at once"),
    }
    match tokio::time::timeout(Duration::from_secs(60), local.close()).await {
        Ok(closed) => {
            closed.context("not everything was stored at the end; accepted usage stays safe in the state database")?;
        }
        Err(_) => {
            let words = "the end took more than a minute; accepted usage stays safe in the state database";
            return Err(Failure::with(Exit::Unavailable, words.to_owned()));
        }
    }
    match failed {
        Some(ended) => Ok(ended??),
        None => Ok(()),
    }
}

/// Beyond this machine any name may lead here; the console then compares each request's origin with its host.
fn console_config(bound: &Bound) -> purser_console::Config {
    let own = purser_console::Config::default();
    let is_local = bound.api.local_addr().is_ok_and(|address| address.ip().is_loopback());
    purser_console::Config { tls: bound.tls.is_some(), hosts: if is_local { own.hosts } else { Vec::new() } }
}

async fn told(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Listens for SIGTERM and SIGINT from now on; resolves at the first with its name.
fn signalled() -> impl Future<Output = &'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            },
            _ => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_served_with_tls_or_on_request_only() {
        let open = SocketAddr::from(([0, 0, 0, 0], 8000));
        let base = Settings::default();
        assert!(check_listen(&base).is_ok());
        assert!(check_listen(&Settings { listen: open, ..base.clone() }).is_err());
        assert!(check_listen(&Settings { otlp_grpc_listen: open, ..base.clone() }).is_err());
        assert!(check_listen(&Settings { otlp_grpc_listen: open, otlp: false, ..base.clone() }).is_ok());
        assert!(check_listen(&Settings { listen: open, insecure_listen: true, ..base.clone() }).is_ok());
        let files = (Some("a.pem".into()), Some("k.pem".into()));
        assert!(check_listen(&Settings { listen: open, tls_cert: files.0, tls_key: files.1, ..base }).is_ok());
    }
}

//! A stand-alone etcd endpoint on a SQLite file, with kine's flags and environment variables.
//!
//! Usage: cargo run --example kine-serve -- --endpoint sqlite://./state.db --listen-address 127.0.0.1:2379

mod command_line;
mod flags;
mod go_duration;
mod meaningless;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use kine_server::{ListenAddress, Server, ServerTls};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

use flags::{Flags, LogFormat};

fn main() -> ExitCode {
    let run = || -> Result<(), Box<dyn Error>> {
        let Some(flags) = command_line::read()? else { return Ok(()) };
        start_logging(&flags);
        tokio::runtime::Runtime::new()?.block_on(serve(flags))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kine-serve: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs go to standard error; standard output has the one line that says where the endpoint is.
fn start_logging(flags: &Flags) {
    let level = if flags.debug { LevelFilter::TRACE } else { LevelFilter::INFO };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    match flags.log_format {
        LogFormat::Plain => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

async fn serve(flags: Flags) -> Result<(), Box<dyn Error>> {
    let tls = read_tls(&flags)?;
    serve_metrics(&flags, tls.is_some())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let mut options = Server::builder(flags.endpoint.parse()?)
        .compact_interval(flags.compact_interval.0)
        .compact_interval_jitter(flags.compact_interval_jitter)
        .compact_min_retain(flags.compact_min_retain)
        .compact_batch_size(flags.compact_batch_size)
        .poll_batch_size(flags.poll_batch_size)
        .slow_sql_thresholds(flags.slow_sql_threshold.0, flags.slow_sql_warning_threshold.0)
        .watch_progress_interval(flags.watch_progress_notify_interval.0)
        .emulated_etcd_version(flags.emulated_etcd_version);
    if flags.dangerous_allow_remote_without_client_certificates {
        options = options.dangerous().allow_remote_without_client_certificates();
    }
    let address: ListenAddress = flags.listen_address.parse()?;
    let server = options.open().await?;
    let handle = match tls {
        Some(tls) => server.serve_tls(address, tls).await?,
        None => server.serve(address).await?,
    };
    println!("kine-serve available at {}", handle.endpoint());

    tokio::select! {
        error = handle.failed() => return Err(error.into()),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    tokio::select! {
        stopped = handle.stop() => Ok(stopped?),
        _ = terminate.recv() => Err("stopped at once by a second signal".into()),
        _ = interrupt.recv() => Err("stopped at once by a second signal".into()),
    }
}

fn read_tls(flags: &Flags) -> Result<Option<ServerTls>, Box<dyn Error>> {
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    let tls = match (&flags.server_cert_file, &flags.server_key_file) {
        (Some(certificate), Some(key)) => ServerTls::new(read(certificate)?, read(key)?),
        (None, None) if flags.trusted_ca_file.is_none() => return Ok(None),
        _ => {
            return Err("--server-cert-file and --server-key-file go together, \
                        and --trusted-ca-file goes with both"
                .into());
        }
    };
    match &flags.trusted_ca_file {
        Some(authorities) => Ok(Some(tls.client_ca(read(authorities)?))),
        None => Ok(Some(tls)),
    }
}

/// A page in Prometheus' text form at every path of the address.
fn serve_metrics(flags: &Flags, has_tls: bool) -> Result<(), Box<dyn Error>> {
    let bind = &flags.metrics_bind_address;
    if bind == "0" {
        return Ok(());
    }
    if has_tls && !flags.metrics_ignore_tls_config {
        return Err("metrics are served without TLS here: add --metrics-ignore-tls-config to have them so, \
                    or --metrics-bind-address=0 to have none"
            .into());
    }
    let address: ListenAddress = bind.parse()?;
    let ListenAddress::Tcp(address) = address else {
        return Err(format!("--metrics-bind-address {bind} is not a TCP address").into());
    };
    let address: SocketAddr = address;
    // Taken here first, because the exporter binds in the background and tells nobody when it cannot.
    drop(
        std::net::TcpListener::bind(address)
            .map_err(|error| format!("--metrics-bind-address {bind}: {error}"))?,
    );
    PrometheusBuilder::new().with_http_listener(address).install()?;
    Ok(())
}

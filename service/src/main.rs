//! The API service (binary): a Lambda function when the Lambda Runtime API is there, else a server on a local port.

use std::{env, io, process::ExitCode};

use axum::Router;
use service::{
    app, request_log,
    settings::{self, Settings},
};
use tokio::{net::TcpListener, runtime};
use tracing::{error, info};

/// Exits with 0 when told to stop, and with 1 when the service cannot start or cannot go on; the last line of the
/// log then says why.
fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), String> {
    let on_lambda = env::var_os("AWS_LAMBDA_RUNTIME_API").is_some();
    // The environment is filled before any thread is there that might read it.
    let dot_env = if on_lambda { Ok(()) } else { settings::load_dot_env() };
    let level = settings::log_level(&settings::from_process);
    request_log::install(*level.as_ref().unwrap_or(&settings::DEFAULT_LOG_LEVEL));

    let unfit = |problem| format!("cannot start: {problem}");
    dot_env.map_err(unfit)?;
    let settings = level
        .and_then(|_| Settings::read(&settings::from_process))
        .map_err(|error| unfit(error.to_string()))?;
    let port = settings.port;
    let app = app(settings);

    if on_lambda {
        // An execution environment serves one request at a time: a second thread would only slow the start.
        runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start the runtime: {error}"))?
            .block_on(lambda_http::run(app))
            .map_err(|error| format!("the Lambda Runtime API failed: {error}"))
    } else {
        runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start the runtime: {error}"))?
            .block_on(serve_locally(app, port))
            .map_err(|error| format!("cannot serve on 127.0.0.1:{port}: {error}"))
    }
}

async fn serve_locally(app: Router, port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    info!("listening on http://{address}, documentation at http://{address}/docs");
    axum::serve(listener, app).with_graceful_shutdown(told_to_stop()).await
}

/// Resolves at Ctrl-C and at SIGTERM; requests that are being answered are then finished first.
async fn told_to_stop() {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                error!("SIGTERM cannot be waited for: {error}");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => if let Err(error) = interrupted {
            error!("Ctrl-C cannot be waited for: {error}");
            std::future::pending::<()>().await;
        },
        () = terminated => {}
    }
}

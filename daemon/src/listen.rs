//! Listeners over HTTP: bound before anything else happens, told with the port that they got, ended in peace.

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::config::Listen;

/// For how long requests that have begun may take when the daemon stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// A socket that is bound.
#[derive(Debug)]
pub struct Bound {
    what: &'static str,
    socket: TcpListener,
}

/// A listener that serves.
#[derive(Debug)]
pub struct Serving {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Bound {
    /// Binds a socket, and tells where. One that others than this machine can reach is told as a warning.
    ///
    /// # Errors
    ///
    /// A sentence, where it cannot be bound.
    pub async fn new(what: &'static str, listen: Listen) -> Result<Bound, String> {
        let socket = TcpListener::bind(listen.address()).await.map_err(|error| {
            format!("the {what} listener cannot have {listen}: {error}; give it another port with `{what}.listen`, or end what has it")
        })?;
        let address = socket.local_addr().map_err(|error| error.to_string())?;
        info!(listener = what, %address, "listening");
        if !listen.is_loopback() {
            warn!(listener = what, %address, "everybody who reaches this address can ask, and what is said travels unencrypted; put it behind TLS, or listen at 127.0.0.1");
        }
        Ok(Bound { what, socket })
    }

    /// Serves by a task, which ends when it is told to.
    pub fn serve_by<T>(self, serve: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> T) -> Serving
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(serve(self.socket, stopped));
        Serving { stop, task }
    }

    /// Serves.
    pub fn serve(self, router: Router) -> Serving {
        let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
        let what = self.what;
        self.serve_by(|socket, stopped| async move {
            let served =
                axum::serve(socket, service).with_graceful_shutdown(async move { drop(stopped.await) });
            if let Err(error) = served.await {
                tracing::error!(listener = what, "not listening any more: {error}");
            }
        })
    }
}

impl Serving {
    /// Takes no more requests, and waits for those that have begun.
    pub async fn end(self) {
        drop(self.stop);
        let task = self.task;
        let abort = task.abort_handle();
        if timeout(PATIENCE, task).await.is_err() {
            abort.abort();
        }
    }
}

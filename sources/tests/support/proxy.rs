//! A TCP proxy that does what networks do: it delays, drops, cuts, truncates, and falls silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is done with what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it passes.
    None,
    /// It comes so much later.
    Delay(Duration),
    /// Connections are ended as soon as they are made, and those that there are.
    Refuse,
    /// Nothing passes any more, and no end of a connection is told to anybody: a half-open connection.
    Silent,
    /// So many more bytes of the server pass on each connection, then it ends: answers are cut in the middle.
    Truncate(u64),
}

/// The proxy of one server.
pub struct Proxy {
    port: u16,
    state: watch::Sender<State>,
    passed: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    fault: Fault,
    /// Connections of before are ended.
    epoch: u64,
}

impl Proxy {
    pub async fn start(server: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = watch::Sender::new(State { fault: Fault::None, epoch: 0 });
        let passed = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(accept(listener, server, state.clone(), Arc::clone(&passed)));
        Proxy { port, state, passed, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on.
    pub fn set(&self, fault: Fault) {
        self.state.send_modify(|state| state.fault = fault);
    }

    /// Ends the connections that there are.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.epoch += 1);
    }

    /// Bytes of the server that have passed.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, server: u16, state: watch::Sender<State>, passed: Arc<AtomicU64>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        if state.borrow().fault == Fault::Refuse {
            continue; // which closes it
        }
        let (state, passed) = (state.subscribe(), Arc::clone(&passed));
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::select! {
                () = pump(from_client, to_server, state.clone(), None) => {}
                () = pump(from_server, to_client, state, Some(passed)) => {}
            }
        });
    }
}

/// Hands bytes on until either end, or a fault, ends it.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    passed: Option<Arc<AtomicU64>>,
) {
    let epoch = state.borrow().epoch;
    let is_server = passed.is_some();
    let mut bytes = vec![0; 16 * 1024];
    let mut truncating: Option<u64> = None;
    loop {
        let State { fault, epoch: now } = *state.borrow_and_update();
        if now != epoch || fault == Fault::Refuse {
            return;
        }
        truncating = match fault {
            Fault::Truncate(after) if is_server => truncating.or(Some(after)),
            _ => None,
        };
        let read = tokio::select! {
            changed = state.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            read = from.read(&mut bytes), if fault != Fault::Silent => read,
        };
        let Ok(count @ 1..) = read else { return };
        if let Fault::Delay(by) = fault {
            tokio::time::sleep(by).await;
        }
        let count = match truncating.as_mut() {
            Some(left) => {
                let passes = usize::try_from(*left).unwrap().min(count);
                *left -= passes as u64;
                passes
            }
            None => count,
        };
        if to.write_all(&bytes[..count]).await.is_err() || truncating == Some(0) {
            return;
        }
        if let Some(passed) = &passed {
            passed.fetch_add(count as u64, Ordering::Relaxed);
        }
    }
}

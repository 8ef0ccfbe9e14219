//! A client's body on its way to the upstream, with a note of what went wrong with it: that is the client's fault.

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

/// What was wrong with a body.
pub(crate) enum Fault {
    /// It is no body, or ended early.
    Broken,
    /// The next piece of it has not come in time.
    Slow,
}

/// The first fault of a body, for whoever has given the body away.
pub(crate) type Faults = Arc<OnceLock<Fault>>;

pub(crate) struct Upload {
    body: Incoming,
    patience: Duration,
    /// Runs while a piece is waited for, and not while the upstream takes its time with the last one.
    wait: Option<Pin<Box<Sleep>>>,
    faults: Faults,
}

impl Upload {
    /// The body, each piece of which may take as long as `patience`.
    pub(crate) fn new(body: Incoming, patience: Duration) -> Upload {
        Upload { body, patience, wait: None, faults: Faults::default() }
    }

    pub(crate) fn faults(&self) -> Faults {
        Arc::clone(&self.faults)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.wait = None;
            if let Some(Err(_)) = frame {
                let _ = this.faults.set(Fault::Broken);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = this.patience;
        let wait = this.wait.get_or_insert_with(|| Box::pin(sleep(patience)));
        wait.as_mut().poll(context).map(|()| {
            let _ = this.faults.set(Fault::Slow);
            Some(Err("the next piece of the body has not come in time".into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

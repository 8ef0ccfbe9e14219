//! The response to come: the service's, or that of a denial.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

pin_project! {
    /// The response of a [`GateService`](crate::GateService): that of its service, or at once that of a denial.
    #[derive(Debug)]
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Projected]
    enum State<F, B> {
        Passed { #[pin] future: F },
        // Out of line, so that the future of whoever is let in is not the larger for it.
        Denied { response: Option<Box<Response<B>>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    #[inline]
    pub(crate) fn passed(future: F) -> ResponseFuture<F, B> {
        ResponseFuture { state: State::Passed { future } }
    }

    pub(crate) fn denied(response: Response<B>) -> ResponseFuture<F, B> {
        ResponseFuture { state: State::Denied { response: Some(Box::new(response)) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Passed { future } => future.poll(context),
            Projected::Denied { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(*response)),
                None => Poll::Pending, // asked again after its end
            },
        }
    }
}

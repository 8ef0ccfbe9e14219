//! A service with a gate in front.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::head::Head;
use crate::headers;
use crate::respond::{Forbidden, Respond};
use crate::rules::Rules;

/// A service that is asked for whom the lists let in: [`GateLayer`](crate::GateLayer) makes it.
#[derive(Debug, Clone)]
pub struct GateService<S, D = Forbidden> {
    inner: S,
    shared: Arc<Shared<D>>,
}

/// What all clones of a service have in common; servers make one for each connection or request.
#[derive(Debug)]
struct Shared<D> {
    rules: Rules,
    deny: D,
}

impl<S, D> GateService<S, D> {
    pub(crate) fn new(inner: S, rules: Rules, deny: D) -> GateService<S, D> {
        GateService { inner, shared: Arc::new(Shared { rules, deny }) }
    }

    /// The service behind the gate.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S, D, A, B> Service<Request<A>> for GateService<S, D>
where
    S: Service<Request<A>, Response = Response<B>>,
    D: Respond<B>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    #[inline]
    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let Shared { rules, deny } = &*self.shared;
        let client = rules.find(Head::of(&request));
        if rules.passes(Head::of(&request), client) {
            headers::strip(request.headers_mut());
            return ResponseFuture::passed(self.inner.call(request));
        }
        // Lists may have changed meanwhile: what is said here is what holds.
        let admission = rules.decide(Head::of(&request), client);
        if !admission.is_allowed() {
            if let Some(see) = &rules.on_denied {
                see(&admission, Head::of(&request));
            }
            if !rules.is_dry_run {
                return ResponseFuture::denied(deny.respond(&admission));
            }
        }
        headers::strip(request.headers_mut());
        if rules.with_headers {
            headers::set(request.headers_mut(), &admission);
        }
        if rules.with_admission {
            request.extensions_mut().insert(admission);
        }
        ResponseFuture::passed(self.inner.call(request))
    }
}

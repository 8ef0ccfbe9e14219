//! What an error of the client means: whether somebody has to look at rights, or at the network.

use std::error::Error as _;
use std::time::Duration;

use etcd_client::Error;
use tonic::Code;

use crate::failure::Failure;
use crate::store::StoreError;

/// Messages of the server, and of gRPC in it, about a request that it would never take.
const TOO_LARGE: [&str; 2] = ["request is too large", "larger than max"];

/// What a failed request means for a source.
pub(super) fn failure(error: &Error) -> Failure {
    match error {
        Error::GRpcStatus(status) if is_denial(status) => Failure::Denied(status.message().to_owned()),
        Error::GRpcStatus(status) if status.code() == Code::OutOfRange => {
            Failure::Ended(status.message().to_owned())
        }
        _ => Failure::Unreachable(told(error)),
    }
}

/// What a failed request means for a store.
pub(super) fn store_error(error: &Error) -> StoreError {
    match error {
        Error::GRpcStatus(status) if is_denial(status) => StoreError::Denied(status.message().to_owned()),
        Error::GRpcStatus(status) if TOO_LARGE.iter().any(|words| status.message().contains(words)) => StoreError::CannotSay(
            "the list is larger than etcd takes in one request (1.5 MiB unless its servers are set otherwise); put what apps share into the default list, which may be larger, or the list at an address, to be followed by `url` with `sha256`".into(),
        ),
        Error::GRpcStatus(status) if status.code() == Code::ResourceExhausted => StoreError::CannotSay(format!(
            "etcd has no room for it ({}); compact and defragment it, raise its quota, or put the list at an address, to be followed by `url` with `sha256`",
            status.message()
        )),
        _ => StoreError::Unreachable(told(error)),
    }
}

/// Why a revision cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Past {
    /// It was forgotten.
    Compacted,
    /// The store has not come that far.
    NotYet,
}

/// Why a revision could not be read, where that is what failed.
pub(super) fn past(error: &Error) -> Option<Past> {
    let Error::GRpcStatus(status) = error else { return None };
    let is_compacted = status.message().contains("compacted");
    (status.code() == Code::OutOfRange).then_some(if is_compacted { Past::Compacted } else { Past::NotYet })
}

pub(super) fn no_answer(patience: Duration) -> Failure {
    Failure::Unreachable(format!("no answer within {} s", patience.as_secs()))
}

/// Whether a reason of the server, which it gives where it ends a watch, is a matter of rights.
pub(super) fn is_denied(reason: &str) -> bool {
    ["permission denied", "auth token", "authentication", "user name"]
        .iter()
        .any(|word| reason.contains(word))
}

fn is_denial(status: &tonic::Status) -> bool {
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated => true,
        // A wrong password is an invalid argument there, and asking for a token where none is needed a precondition.
        Code::InvalidArgument | Code::FailedPrecondition => is_denied(status.message()),
        _ => false,
    }
}

/// The message with what caused it: the client's own says `transport error`.
fn told(error: &Error) -> String {
    let (mut told, mut cause) = match error {
        Error::GRpcStatus(status) => (status.message().to_owned(), status.source()),
        Error::TransportError(error) => (error.to_string(), error.source()),
        _ => (error.to_string(), error.source()),
    };
    while let Some(error) = cause {
        let more = error.to_string();
        if !told.ends_with(&more) {
            told = if told.is_empty() { more } else { format!("{told}: {more}") };
        }
        cause = error.source();
    }
    told
}

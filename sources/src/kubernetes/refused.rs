//! Errors of the client in words for operators. They hold no secret: what programs that fetch tokens printed, and the text of a
//! kubeconfig, are left out.

use kube::Error;
use kube::client::AuthError;
use kube::config::KubeconfigError;
use kube::core::Status;
use kube::runtime::watcher;

use crate::failure::{Failure, with_causes};
use crate::store::StoreError;

/// Why a request came to nothing.
pub(super) fn failure(error: &Error) -> Failure {
    match error {
        Error::Api(status) => answer(status),
        Error::Auth(error) => credentials(error),
        Error::InferKubeconfig(error) => kubeconfig(error),
        Error::SerdeError(error) => Failure::Unreadable(error.to_string()),
        // Its address may hold a password.
        Error::ProxyProtocolDisabled { .. } | Error::ProxyProtocolUnsupported { .. } => Failure::Unreadable(
            "the kubeconfig or `HTTPS_PROXY` names a proxy, and none can be used; name the server directly"
                .into(),
        ),
        Error::RustlsTls(error) => Failure::Unreadable(format!("TLS cannot be set up: {error}")),
        other => Failure::Unreachable(with_causes(other)),
    }
}

/// Why a stream of changes came to nothing.
pub(super) fn stream(error: &watcher::Error) -> Failure {
    match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => failure(error),
        watcher::Error::WatchError(status) => answer(status),
        watcher::Error::WatchFailed(error) => Failure::Ended(with_causes(error)),
        watcher::Error::NoResourceVersion => Failure::Unreadable(error.to_string()),
    }
}

/// The answer of the API server where it is, if it is that.
pub(super) fn status(error: &watcher::Error) -> Option<&Status> {
    match error {
        watcher::Error::InitialListFailed(Error::Api(status))
        | watcher::Error::WatchStartFailed(Error::Api(status))
        | watcher::Error::WatchFailed(Error::Api(status))
        | watcher::Error::WatchError(status) => Some(status),
        _ => None,
    }
}

/// What an answer says.
pub(super) fn sentence(status: &Status) -> String {
    match status.message.as_str() {
        "" => format!("the API server answers {}", status.code),
        message => message.to_owned(),
    }
}

fn answer(status: &Status) -> Failure {
    match status.code {
        401 => Failure::Denied(
            "the API server does not know who asks (401): the token or the certificate is missing, wrong or expired".into(),
        ),
        // It names the user, the verb and the resource.
        403 => Failure::Denied(sentence(status)),
        410 => Failure::Ended(sentence(status)),
        429 | 500.. => Failure::Unreachable(format!("{} ({})", sentence(status), status.code)),
        code => Failure::Unreadable(format!("{} ({code})", sentence(status))),
    }
}

fn credentials(error: &AuthError) -> Failure {
    Failure::Denied(match error {
        AuthError::ReadTokenFile(error, path) => {
            format!("the token file {} cannot be read: {error}", path.display())
        }
        AuthError::InvalidBearerToken(_) => {
            "the token holds what no token does; a line break at the end of its file is enough".into()
        }
        AuthError::AuthExecStart(error) => {
            format!("the program that the kubeconfig names for tokens cannot be started: {error}")
        }
        AuthError::AuthExecRun { out, .. } => {
            format!("the program that the kubeconfig names for tokens failed ({})", out.status)
        }
        _ => "the credentials of the kubeconfig cannot be used".into(),
    })
}

/// Why a kubeconfig cannot be used.
pub(super) fn kubeconfig(error: &KubeconfigError) -> Failure {
    Failure::Unreadable(match error {
        // Its message shows the lines around, in which a token may stand.
        KubeconfigError::Parse(_) => "the kubeconfig is not the YAML that it should be".into(),
        KubeconfigError::ParseProxyUrl(_) => "the kubeconfig names a proxy by what is no address".into(),
        KubeconfigError::ReadConfig(error, path) => {
            format!("the kubeconfig {} cannot be read: {error}", path.display())
        }
        KubeconfigError::LoadContext(name) => format!("the kubeconfig has no context {name}"),
        other => format!("the kubeconfig cannot be used: {}", with_causes(other)),
    })
}

/// Why a list could not be read or written.
pub(super) fn store(error: &Error) -> StoreError {
    match error {
        Error::Api(status) if status.code == 409 => StoreError::Conflict,
        Error::Api(status) if status.code == 404 => StoreError::NoSuchApp,
        // The only part of a change that the server may take for wrong.
        Error::Api(status) if matches!(status.code, 413 | 422) => StoreError::CannotSay(sentence(status)),
        _ => match failure(error) {
            Failure::Denied(why) => StoreError::Denied(why),
            Failure::Unreachable(why) | Failure::Ended(why) | Failure::Unreadable(why) => {
                StoreError::Unreachable(why)
            }
        },
    }
}

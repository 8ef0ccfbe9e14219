//! What an answer that is none means.

use std::error::Error as _;

use super::answer::ApiError;
use crate::failure::Failure;
use crate::store::StoreError;

/// A request that got no answer. The address, which may hold a password, is left out.
pub(super) fn unreachable(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let (mut told, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    Failure::Unreachable(told)
}

/// An error of the API where none was expected.
pub(super) fn unexpected(error: &ApiError) -> Failure {
    Failure::Unreachable(format!("{} (error {})", error.message, error.error_code))
}

/// An error of the API to a write.
pub(super) fn store_error(error: &ApiError) -> StoreError {
    match error.error_code {
        ApiError::NOT_FOUND | ApiError::COMPARE_FAILED | ApiError::EXISTS => StoreError::Conflict,
        _ => StoreError::Unreachable(format!("{} (error {})", error.message, error.error_code)),
    }
}

/// A failure as a store tells it.
pub(super) fn of_store(failure: Failure) -> StoreError {
    match failure {
        Failure::Denied(why) => StoreError::Denied(why),
        Failure::Unreachable(why) => StoreError::Unreachable(why),
        other => StoreError::Unreachable(other.to_string()),
    }
}

//! What an answer that is none means.

use super::answer::ApiError;
use crate::failure::{Failure, with_causes};
use crate::store::StoreError;

/// A request that got no answer. The address, which may hold a password, is left out.
pub(super) fn unreachable(error: reqwest::Error) -> Failure {
    Failure::Unreachable(with_causes(&error.without_url()))
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

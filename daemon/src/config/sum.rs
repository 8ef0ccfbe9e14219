//! SHA-256 as it is written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Sum([u8; 32]);

impl Sha256Sum {
    /// What they stand for.
    #[must_use]
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl FromStr for Sha256Sum {
    type Err = String;

    /// The error does not repeat the text, which may be a secret in a wrong place.
    fn from_str(text: &str) -> Result<Sha256Sum, String> {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        let bytes: Option<Vec<u8>> = pairs.collect();
        let sum = bytes.and_then(|bytes| bytes.try_into().ok()).map(Sha256Sum);
        sum.ok_or_else(|| "a SHA-256 is 64 hexadecimal digits, as `sha256sum FILE` prints them".to_owned())
    }
}

impl TryFrom<String> for Sha256Sum {
    type Error = String;

    fn try_from(text: String) -> Result<Sha256Sum, String> {
        text.parse()
    }
}

impl From<Sha256Sum> for String {
    fn from(sum: Sha256Sum) -> String {
        sum.to_string()
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

//! The configuration file, read.

use std::fs;
use std::path::Path;

use super::problem::ConfigError;
use super::settings::Config;

impl Config {
    /// Reads a file. What stands in it is not checked as a whole: [`Config::problems`].
    ///
    /// # Errors
    ///
    /// It cannot be read, is no TOML, or has a key or a value that means nothing.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| {
            ConfigError::of_file(path, format!("the configuration cannot be read: {error}"))
        })?;
        Config::parse(path, &text)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// As [`Config::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let offset = error.span().map(|span| span.start);
            ConfigError::at(path, text, offset, in_words(error.message()))
        })
    }
}

/// What the parser says, as a sentence that says what to write.
fn in_words(message: &str) -> String {
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    let known = |text: &str| text.split_once(", expected ").map(|(_, known)| known.replace("one of ", ""));
    let help = "`ipgated --print-config` prints every key with its meaning";
    if message.starts_with("unknown field") {
        let (key, known) = (quoted(message).unwrap_or_default(), known(message).unwrap_or_default());
        return format!("there is no key `{key}` here; the keys are {known}; {help}");
    }
    if message.starts_with("unknown variant") {
        let (value, known) = (quoted(message).unwrap_or_default(), known(message).unwrap_or_default());
        return format!("`{value}` is none of {known}");
    }
    if message.starts_with("missing field") {
        return format!("the key `{}` is missing; {help}", quoted(message).unwrap_or_default());
    }
    message.trim_end().replace('\n', "; ")
}

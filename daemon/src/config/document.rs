//! The configuration with every key, its default and what it is for.

/// What `ipgated --print-config` prints. Read as a configuration, it gives the defaults; with the keys that are commented out
/// it names every key there is.
pub const DOCUMENT: &str = include_str!("ipgated.toml");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::DOCUMENT;
    use crate::config::Config;

    /// The text with the keys that are commented out: `#key = value` and `#[[table]]`, without a blank.
    fn with_every_key() -> String {
        let uncommented = DOCUMENT.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|first: char| first == '[' || first.is_ascii_lowercase()) => rest,
            _ => line,
        });
        uncommented.collect::<Vec<_>>().join("\n")
    }

    fn keys(value: &toml::Value, above: &str, into: &mut BTreeSet<String>) {
        match value {
            toml::Value::Table(table) => {
                let kind = table.get("kind").map(|kind| format!("{}.", kind.as_str().unwrap_or_default()));
                for (key, value) in table {
                    keys(value, &format!("{above}{}{key}.", kind.as_deref().unwrap_or_default()), into);
                }
            }
            toml::Value::Array(all) if all.iter().any(toml::Value::is_table) => {
                all.iter().for_each(|value| keys(value, above, into));
            }
            _ => drop(into.insert(above.to_owned())),
        }
    }

    #[test]
    fn it_parses_back_to_the_defaults() {
        assert_eq!(Config::parse(Path::new("printed"), DOCUMENT).unwrap(), Config::default());
    }

    #[test]
    fn it_names_every_key() {
        let text = with_every_key();
        let config =
            Config::parse(Path::new("printed"), &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let (mut named, mut all) = (BTreeSet::new(), BTreeSet::new());
        keys(&text.parse::<toml::Table>().unwrap().into(), "", &mut named);
        keys(&toml::Value::try_from(&config).unwrap(), "", &mut all);
        assert_eq!(named, all);
        assert_eq!(config.problems(), Vec::<String>::new());
    }

    /// Every key has a comment above it, alone or with its neighbours.
    #[test]
    fn it_says_what_every_key_is_for() {
        let mut is_documented = false;
        for line in DOCUMENT.lines() {
            match line {
                "" => is_documented = false,
                line if line.starts_with("# ") => is_documented = true,
                line => assert!(is_documented, "nothing is said of {line:?}"),
            }
        }
    }
}

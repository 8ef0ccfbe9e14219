//! Holds the version of nginx-src; see Cargo.toml.

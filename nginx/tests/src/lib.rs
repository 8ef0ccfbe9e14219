//! Real nginx processes for tests: each in a folder of its own, on 127.0.0.1, ended with the test.
//!
//! Which nginx: `IPGATE_NGINX` (default `/usr/sbin/nginx`), the modules in the folder `IPGATE_NGINX_MODULES`
//! (default: built here against the installed nginx), and `IPGATE_NGINX_STREAM`, nginx's own stream module, empty
//! where it is built in (default: Debian's). `nginx/Makefile` sets them for each nginx that it builds for.
#![forbid(unsafe_code)]

mod fleet;
mod http;
mod installed;
mod process;
mod promtool;
mod site;
mod skipped;
mod wait;

pub use http::{Connection, Response, get, get_from, get_with};
pub use installed::Installed;
pub use process::{Nginx, bytes_read, peak_kib, resident_kib, threads};
pub use promtool::promtool_agrees;
pub use site::{Outcome, Site};
pub use skipped::skipped;
pub use wait::{eventually, eventually_within};

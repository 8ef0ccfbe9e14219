//! The real nginx.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::Dir;

const NGINX: &str = "/usr/sbin/nginx";

/// Whether nginx takes what a router writes for each piece; nothing where there is no nginx.
pub(crate) fn nginx_takes(directives: &str) -> Option<bool> {
    if !Path::new(NGINX).exists() {
        eprintln!("SKIPPED: there is no {NGINX}, which decides what these values come to");
        return None;
    }
    let dir = Dir::new();
    fs::create_dir(dir.path("logs")).unwrap();
    let config = format!(
        "error_log stderr;\npid {};\nevents {{}}\nhttp {{ access_log off; server {{ listen 127.0.0.1:1;\n{directives}\ndeny all;\n}} }}\n",
        dir.path("pid").display()
    );
    dir.write("nginx.conf", config);
    let tested = Command::new(NGINX)
        .arg("-t")
        .arg("-p")
        .arg(dir.path(""))
        .arg("-c")
        .arg(dir.path("nginx.conf"))
        .output();
    Some(tested.unwrap().status.success())
}

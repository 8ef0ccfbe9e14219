//! A real API server of Kubernetes over a real etcd, for scripts: prints the path of a kubeconfig of its administrator, and
//! runs until it is ended. Both servers end with it. Where they cannot be had on this machine, it says why and ends with 77.

#[path = "../tests/support/kubernetes.rs"]
#[allow(dead_code, reason = "the tests ask more of it")]
mod kubernetes;

use std::io::{Write, stdout};
use std::process::ExitCode;

use kubernetes::Kubernetes;

#[tokio::main]
async fn main() -> ExitCode {
    let cluster = match Kubernetes::start().await {
        Ok(cluster) => cluster,
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            return ExitCode::from(77);
        }
    };
    let _ = writeln!(stdout(), "{}", cluster.admin().display()).and_then(|()| stdout().flush());
    let mut end = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    tokio::select! {
        _ = end.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    ExitCode::SUCCESS
}

//! What the router is told at its start, and what it tells then.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Parser;
use hyper::{StatusCode, Uri};
use ipgate::client::{ClientRule, Header};
use ipgate::{Gate, List};

/// A reverse proxy that admits the clients on a list of addresses.
#[derive(Parser)]
pub(crate) struct Settings {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where allowed requests go, as http://host:port; left out: a sample upstream of its own
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<Uri>,
    /// The list file; saving it is enough to change who is admitted [default: examples/office.list]
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// The proxies in front, as a list such as 10.0.0.0/24:lb. Left out, the peer is the client, and no header is read
    #[arg(long, value_name = "LIST")]
    trusted_proxies: Option<List>,
    /// The one header in which they name their client
    #[arg(long, value_name = "NAME", default_value = "X-Forwarded-For")]
    client_header: Header,
    /// The status for denied clients
    #[arg(long, value_name = "STATUS", default_value = "403", value_parser = deny_status)]
    pub(crate) deny_status: StatusCode,
    /// The most connections of clients on the list at a time; a tenth as many for all others, who only read that they
    /// are denied. A connection beyond that is closed as soon as it is accepted, and logged. Each takes one open file,
    /// and one more while its request is with the upstream (see ulimit -n)
    #[arg(long, env = "ROUTER_CONNECTIONS", value_name = "COUNT", default_value = "400")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,
    /// The seconds that a client may take for a request's head (also the first, and the next one on the same
    /// connection), for the next piece of its body, and to make room for the next piece of the response. Then its
    /// connection is closed, with 408 if it is the body that is late
    #[arg(long, env = "ROUTER_PATIENCE", value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) patience: u32,
}

impl Settings {
    /// Who is taken for the client.
    pub(crate) fn client(&self) -> ClientRule {
        let behind = |proxies| ClientRule::behind(Gate::new(proxies), self.client_header.clone());
        self.trusted_proxies.as_ref().map_or_else(ClientRule::peer, behind)
    }
}

fn deny_status(text: &str) -> Result<StatusCode, String> {
    let status = text.parse::<StatusCode>().ok().filter(|s| s.is_client_error() || s.is_server_error());
    status.ok_or_else(|| "a denial has a status from 400 to 599, such as 403 or 404".to_owned())
}

pub(crate) fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "{address} is taken by another program: choose another port with --listen {}:{}, or any free one with --listen {}:0",
            address.ip(),
            address.port().wrapping_add(1).max(1024),
            address.ip(),
        ),
        _ => format!("cannot listen on {address}: {error}; choose another address with --listen"),
    }
}

/// The sample list, from the repository's root or from anywhere else.
pub(crate) fn office_list() -> PathBuf {
    let here = PathBuf::from("examples/office.list");
    let there = || Path::new(env!("CARGO_MANIFEST_DIR")).join(&here);
    if here.is_file() { here } else { there() }
}

pub(crate) fn print_what_to_try(address: SocketAddr, denied: StatusCode, file: &Path) {
    eprintln!("Listening on http://{address}/ with {}. Try:\n", file.display());
    eprintln!("  curl http://{address}/                        # on the list: 200");
    eprintln!("  curl --interface 127.0.0.2 http://{address}/  # not on it: {}", denied.as_u16());
    eprintln!("  echo '127.0.0.2:second_address' >> {}  # now it is\n", file.display());
}

//! A proxy as a process of its own, with a configuration of the documentation.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A program that is there, and its configuration.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) profile: &'static str,
    configuration: &'static str,
    start: fn(&Path, &str) -> Command,
}

/// A proxy that runs; ended when it is dropped.
pub(crate) struct Proxy {
    process: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

pub(crate) fn nginx() -> Option<Program> {
    is_there("nginx", "-V", "with-http_auth_request_module").then_some(Program {
        profile: "nginx",
        configuration: "nginx.conf",
        start: |folder, text| {
            let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|kind| format!("{kind}_temp_path temp;"));
            let text = text.replace("http {", &format!("http {{ access_log off; {}", temp.concat()));
            fs::write(folder.join("nginx.conf"), text).unwrap();
            let mut command = Command::new(path_of("nginx"));
            command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "error.log"]);
            command.args(["-g", "daemon off; master_process off; pid nginx.pid;"]);
            command
        },
    })
}

pub(crate) fn caddy() -> Option<Program> {
    is_there("caddy", "version", "2.").then_some(Program {
        profile: "caddy",
        configuration: "Caddyfile",
        start: |folder, text| {
            fs::write(folder.join("Caddyfile"), text).unwrap();
            let mut command = Command::new(path_of("caddy"));
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
            command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
            command
        },
    })
}

fn path_of(name: &str) -> PathBuf {
    let beyond = Path::new("/usr/sbin").join(name);
    if beyond.exists() { beyond } else { name.into() }
}

fn is_there(name: &str, argument: &str, expected: &str) -> bool {
    let output = Command::new(path_of(name)).arg(argument).output();
    let is_there = output.is_ok_and(|output| {
        [output.stdout, output.stderr].iter().any(|told| String::from_utf8_lossy(told).contains(expected))
    });
    if !is_there {
        eprintln!("SKIPPED: no {name} with {expected} (apt-get install {name})");
    }
    is_there
}

impl Program {
    /// Starts it between clients, a daemon and a service.
    pub(crate) fn start(self, decide: SocketAddr, service: SocketAddr) -> Proxy {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proxies").join(self.configuration);
        let text = fs::read_to_string(path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..10 {
            let port = free_port();
            let text = [
                ("127.0.0.1:9182", decide.to_string()),
                ("127.0.0.1:9000", service.to_string()),
                (":8080", format!(":{port}")),
            ]
            .iter()
            .fold(text.clone(), |text, (from, to)| text.replace(from, to));
            let log = fs::File::create(folder.path().join("output")).unwrap();
            let mut command = (self.start)(folder.path(), &text);
            let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
            while process.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Proxy { process, port, _folder: folder };
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let told = fs::read_to_string(folder.path().join("output")).unwrap();
            assert!(told.to_lowercase().contains("address already in use"), "it does not start:\n{told}");
        }
        panic!("no free port");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Between looking for a free port and taking it, somebody else may have it.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

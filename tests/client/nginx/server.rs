//! An nginx that answers with `$remote_addr`, and connections to it from chosen addresses.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

/// How long nginx may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running nginx with a server for each set of trusted proxies; ended when dropped.
pub(super) struct Server {
    process: Child,
    ports: Vec<u16>,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

/// A connection that is kept alive.
pub(super) struct Connection(BufReader<TcpStream>);

impl Server {
    /// Starts it; `None`, said loudly, where there is no nginx with realip.
    pub(super) fn start(trusted: &[&[&str]]) -> Option<Server> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: no nginx with http_realip_module (apt-get install nginx)");
            return None;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..10 {
            let ports = free_ports(trusted.len());
            fs::write(folder.path().join("nginx.conf"), configuration(trusted, &ports)).unwrap();
            let mut process = Command::new(&program)
                .arg("-p")
                .arg(folder.path())
                .args(["-c", "nginx.conf", "-e", "error.log"])
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if is_up(&mut process, &ports) {
                return Some(Server { process, ports, runtime, _folder: folder });
            }
            let log = fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
            assert!(log.contains("Address already in use"), "nginx does not start:\n{log}");
        }
        panic!("nginx finds no free port");
    }

    /// A connection to the server of that set, from that address.
    pub(super) fn connect(&self, set: usize, from: IpAddr) -> Connection {
        let (socket, to) = match from {
            IpAddr::V4(_) => (TcpSocket::new_v4(), IpAddr::from([127, 0, 0, 1])),
            IpAddr::V6(_) => (TcpSocket::new_v6(), Ipv6Addr::LOCALHOST.into()),
        };
        let stream = self.runtime.block_on(async {
            let socket = socket.unwrap();
            socket.bind(SocketAddr::new(from, 0)).unwrap();
            socket.connect(SocketAddr::new(to, self.ports[set])).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection(BufReader::new(stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Connection {
    /// Whom nginx takes for the client of a request with these lines of X-Forwarded-For.
    pub(super) fn remote_addr(&mut self, lines: &[String]) -> IpAddr {
        let mut request = "GET / HTTP/1.1\r\nHost: a\r\n".to_owned();
        for line in lines {
            write!(request, "X-Forwarded-For: {line}\r\n").unwrap();
        }
        self.0.get_mut().write_all((request + "\r\n").as_bytes()).unwrap();
        let (mut head, mut line) = (String::new(), String::new());
        while line != "\r\n" {
            head += &line;
            line.clear();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "nginx has closed: {head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.expect("a length").parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        body.parse().unwrap_or_else(|_| panic!("`{body}` is no address"))
    }
}

fn program() -> Option<PathBuf> {
    let candidates = ["nginx", "/usr/sbin/nginx"].map(Path::new);
    candidates.into_iter().find_map(|program| {
        let output = Command::new(program).arg("-V").output().ok()?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        told.contains("http_realip_module").then(|| program.to_owned())
    })
}

/// Between looking for a free port and taking it, somebody else may have it.
fn free_ports(count: usize) -> Vec<u16> {
    let open: Vec<_> = (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
    open.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

fn configuration(trusted: &[&[&str]], ports: &[u16]) -> String {
    let mut text = "daemon off; master_process off; pid nginx.pid; events {}\nhttp {\n  access_log off;\n  \
        keepalive_requests 1000000; keepalive_timeout 1h;\n  real_ip_header X-Forwarded-For; real_ip_recursive on;\n"
        .to_owned();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "  {kind}_temp_path temp;").unwrap();
    }
    for (proxies, port) in trusted.iter().zip(ports) {
        writeln!(text, "  server {{ listen 127.0.0.1:{port}; listen [::1]:{port};").unwrap();
        for proxy in *proxies {
            writeln!(text, "    set_real_ip_from {proxy};").unwrap();
        }
        text += "    return 200 $remote_addr;\n  }\n";
    }
    text + "}\n"
}

fn is_up(process: &mut Child, ports: &[u16]) -> bool {
    let began = Instant::now();
    while process.try_wait().unwrap().is_none() {
        if ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
            return true;
        }
        assert!(began.elapsed() < PATIENCE, "nginx does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

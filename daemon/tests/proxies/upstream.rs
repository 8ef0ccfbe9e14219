//! A service that says what it was asked, and clients that ask from chosen addresses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use tokio::net::TcpSocket;

/// Starts one, which goes with the process; each answer is the head of its request.
pub(crate) fn start() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || echo(stream));
        }
    });
    address
}

fn echo(mut stream: TcpStream) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let head: String =
        lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase() + "\n").collect();
    let length = head.len();
    let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{head}");
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    /// The head that the service was shown, in lower case.
    pub(crate) shown: String,
}

impl Answer {
    /// The lines of a header that the service was shown.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        let of_name = |line| str::strip_prefix(line, name).and_then(|rest| rest.strip_prefix(": "));
        self.shown.lines().filter_map(of_name).collect()
    }
}

/// Asks a proxy from an address of this machine.
pub(crate) fn ask(port: u16, from: &str, host: &str, headers: &[&str]) -> Answer {
    let from: IpAddr = from.parse().unwrap();
    let (socket, to) = match from {
        IpAddr::V4(_) => (TcpSocket::new_v4(), IpAddr::from([127, 0, 0, 1])),
        IpAddr::V6(_) => (TcpSocket::new_v6(), Ipv6Addr::LOCALHOST.into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let mut stream = runtime.block_on(async {
        let socket = socket.unwrap();
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        socket.connect(SocketAddr::new(to, port)).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    write!(stream, "GET /page HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {answer:?}"));
    Answer { code: head[9..12].parse().unwrap(), shown: body.to_owned() }
}

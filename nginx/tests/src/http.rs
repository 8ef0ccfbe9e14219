//! As much of an HTTP/1.1 client as the tests need: connections that stay open, and their loss seen.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A response, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status of its first line.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A header by its name in any case; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection that is kept open.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to a port of 127.0.0.1.
    pub fn open(port: u16) -> io::Result<Connection> {
        Connection::over(TcpStream::connect(("127.0.0.1", port))?)
    }

    /// Takes a stream that is open, and has perhaps sent a PROXY line.
    pub fn over(stream: TcpStream) -> io::Result<Connection> {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream) })
    }

    /// Sends a GET and reads the response. A connection that was closed is an error.
    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> io::Result<Response> {
        self.request("GET", path, headers)
    }

    /// The same with any method whose response has a body.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> io::Result<Response> {
        self.send_as(method, path, headers)?;
        self.read()
    }

    /// Sends a GET.
    pub fn send(&mut self, path: &str, headers: &[(&str, &str)]) -> io::Result<()> {
        self.send_as("GET", path, headers)
    }

    fn send_as(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> io::Result<()> {
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.push_str("Host: test\r\n");
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        self.write(request.as_bytes())
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads a response.
    pub fn read(&mut self) -> io::Result<Response> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| bad(&first))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| bad(&line))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut response = Response { status, headers, body: Vec::new() };
        let length = match status {
            204 | 304 => 0,
            _ => response.header("Content-Length").parse().map_err(|_| bad("no Content-Length"))?,
        };
        response.body = vec![0; length];
        self.stream.read_exact(&mut response.body)?;
        Ok(response)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// One request on a connection of its own.
///
/// # Panics
///
/// Without a whole response.
pub fn get(port: u16, path: &str) -> Response {
    get_with(port, path, &[])
}

/// The same from a client that realip sees, by the header X-Real-IP.
///
/// # Panics
///
/// Without a whole response.
pub fn get_from(port: u16, path: &str, client: &str) -> Response {
    get_with(port, path, &[("X-Real-IP", client)])
}

/// The same with headers.
///
/// # Panics
///
/// Without a whole response.
pub fn get_with(port: u16, path: &str, headers: &[(&str, &str)]) -> Response {
    let response = Connection::open(port).and_then(|mut connection| connection.get(path, headers));
    response.unwrap_or_else(|error| panic!("GET {path} {headers:?}: {error}"))
}

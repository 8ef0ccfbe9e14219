//! A daemon as a process of its own, and what its listeners answer.

#![allow(dead_code)] // no test file uses all of it

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The command, before it is started.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ipgated"));
    command.env_remove("NOTIFY_SOCKET").env_remove("JOURNAL_STREAM");
    command
}

/// What a command says that ends by itself: exit code, standard output, standard error.
pub(crate) fn said<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> (i32, String, String) {
    let output = command().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A daemon that runs, and is killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
}

impl Daemon {
    /// Starts one with these arguments. What it logs is read as JSON.
    pub(crate) fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Daemon {
        let mut command = command();
        command.args(arguments);
        Daemon::spawn(command)
    }

    pub(crate) fn spawn(mut command: Command) -> Daemon {
        command.args(["--log-format", "json"]).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&log);
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let read = serde_json::from_str(&line).unwrap_or(Value::String(line));
                into.lock().unwrap().push(read);
            }
        });
        Daemon { child, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that was logged so far.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    /// The messages that were logged so far.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.log().iter().map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until a message holds that text.
    pub(crate) fn wait_for(&self, text: &str) -> Value {
        let mut found = None;
        self.until(&format!("the log says {text:?}"), || {
            let said = |line: &&Value| line["message"].as_str().is_some_and(|message| message.contains(text));
            found = self.log().iter().find(said).cloned();
            found.is_some()
        });
        found.unwrap()
    }

    /// Waits until something holds, for as long as the daemon runs. Whoever runs the tests ends one that waits for ever.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let stat = format!("/proc/{}/stat", self.child.id());
        let mut patience = 0;
        while !holds() {
            thread::sleep(Duration::from_millis(5));
            let is_over = fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z "));
            patience += usize::from(is_over); // what it said last may still be on its way
            assert!(patience < 200, "it has ended before {what}: {:#?}", self.log());
        }
    }

    /// The address of a listener.
    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        let mut address = None;
        self.until(&format!("{listener} listens"), || {
            let is_it = |line: &&Value| line["listener"] == listener && line["message"] == "listening";
            address =
                self.log().iter().find(is_it).map(|line| line["address"].as_str().unwrap().parse().unwrap());
            address.is_some()
        });
        address.unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        ask(self.address("admin"), "GET", path, &[], "")
    }

    pub(crate) fn report(&self) -> Value {
        self.get("/report").json()
    }

    pub(crate) fn wait_until_ready(&self) {
        self.until("it is ready", || self.get("/readyz").code == 200);
    }

    /// Waits until what is published is what is in force, and returns the report.
    pub(crate) fn wait_until_published(&self) -> Value {
        let mut report = Value::Null;
        self.until("it is published", || {
            report = self.report();
            report["site"]["ready"] == true && report["publishing"]["digest"] == report["site"]["digest"]
        });
        report
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop, and waits.
    pub(crate) fn stop(mut self) -> (ExitStatus, Vec<Value>) {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        (status, self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a listener answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) headers: HashMap<String, String>,
    /// The body, and the same as a text.
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Asks a listener, one request a connection.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer but {:?}", String::from_utf8_lossy(&answer)));
    let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
    let mut lines = head.split("\r\n");
    let code = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: HashMap<_, _> = lines.filter_map(header).collect();
    let bytes = match headers.get("transfer-encoding") {
        Some(_) => unchunked(body),
        None => body.to_vec(),
    };
    Answer { code, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = body[end + 2 + size..].strip_prefix(b"\r\n").unwrap();
    }
    whole
}

/// The folder of a site, and a place for whatever else a test needs.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file whole, as an editor does that renames.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let beside = path.with_extension("beside~");
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, &path).unwrap();
        path
    }

    /// A site with a default list, that requires lists, and an app.
    pub(crate) fn with_site(self) -> Place {
        self.write("site/site.toml", "enforce = true\n");
        self.write("site/default.list", "10.0.0.0/8:corp\n");
        self.write("site/apps/shop.list", "# partners\n192.0.2.7:partner\n");
        self
    }
}

/// Arguments, each of which is a text or a path.
#[macro_export]
macro_rules! arguments {
    ($($argument:expr),* $(,)?) => { [$(std::ffi::OsString::from($argument)),*] };
}

/// Who is let in, by an image.
pub(crate) fn allows(image: &Path, app: &str, client: &str) -> bool {
    let site = ipgate::site::Site::from_image(&fs::read(image).unwrap()).unwrap();
    ipgate::site::SiteGate::new(&site).unwrap().is_allowed(app, client.parse().unwrap())
}

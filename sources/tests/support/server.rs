//! A real etcd of its own, on free ports, with its data in a folder that goes with it.

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A server. It is ended by its id when this is dropped.
pub struct Etcd {
    child: Child,
    folder: TempDir,
    port: u16,
    peer: u16,
    options: Options,
}

/// How it is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Arguments beside those that every one has.
    pub more: Vec<String>,
    /// Whether clients speak TLS.
    pub is_tls: bool,
    /// Whether its data is on a disk, for figures: elsewhere it is in memory, so that tests need not wait for other people's
    /// writes.
    pub is_on_disk: bool,
}

impl Etcd {
    /// Starts one, with both APIs. Where none is installed the test cannot be done, and that is said loudly.
    pub fn start() -> Option<Etcd> {
        Etcd::start_with(Options::default())
    }

    pub fn start_with(options: Options) -> Option<Etcd> {
        if Command::new("etcd").arg("--version").output().is_err() {
            // Not held back by `cargo test`, as what is printed is.
            let _ = writeln!(std::io::stderr(), "SKIPPED: there is no etcd here (Debian: etcd-server)");
            return None;
        }
        let mut last = String::new();
        // Between looking for a free port and taking it, somebody else may have it.
        for _ in 0..50 {
            let folder = folder(&options);
            let (port, peer) = (free_port(), free_port());
            let child = spawn(folder.path(), port, peer, &options);
            let mut etcd = Etcd { child, folder, port, peer, options: options.clone() };
            if etcd.is_up() {
                return Some(etcd);
            }
            last = log(etcd.folder.path());
        }
        panic!("etcd does not start: {last}");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.options.is_tls { "https" } else { "http" }, self.port)
    }

    /// Ends it as a loss of power does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again at its port with what it had. Somebody may have taken the port for a moment.
    pub fn restart(&mut self) {
        self.kill();
        loop {
            self.child = spawn(self.folder.path(), self.port, self.peer, &self.options);
            if self.is_up() {
                return;
            }
        }
    }

    /// The same address, and nothing of what it had: as after a loss of its disk.
    pub fn restart_empty(&mut self) {
        self.kill();
        std::fs::remove_dir_all(data(self.folder.path())).unwrap();
        self.restart();
    }

    /// What it has now, to come back to.
    pub fn backup(&mut self) -> TempDir {
        self.kill();
        let into = tempfile::tempdir().unwrap();
        copy(&data(self.folder.path()), into.path());
        self.restart();
        into
    }

    /// Comes back to what it had.
    pub fn restore(&mut self, backup: &TempDir) {
        self.kill();
        std::fs::remove_dir_all(data(self.folder.path())).unwrap();
        copy(backup.path(), &data(self.folder.path()));
        self.restart();
    }

    /// Halts it: connections stay, and nobody answers.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Whether it answers; not where it has ended.
    fn is_up(&mut self) -> bool {
        loop {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if log(self.folder.path()).contains("serving client traffic") {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.resume_quietly();
        self.kill();
    }
}

impl Etcd {
    fn resume_quietly(&self) {
        let _ =
            Command::new("kill").args(["-CONT", &self.child.id().to_string()]).stderr(Stdio::null()).status();
    }
}

fn folder(options: &Options) -> TempDir {
    let memory = Path::new("/dev/shm");
    let in_memory = if options.is_on_disk { None } else { tempfile::tempdir_in(memory).ok() };
    in_memory.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn spawn(folder: &Path, port: u16, peer: u16, options: &Options) -> Child {
    let scheme = if options.is_tls { "https" } else { "http" };
    let (client, peer) = (format!("{scheme}://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
    let log = File::create(folder.join("log")).unwrap();
    let mut command = Command::new("etcd");
    command
        .args(["--name", "test", "--enable-v2=true", "--logger", "zap", "--heartbeat-interval", "50"])
        .args(["--election-timeout", "1000", "--auth-token-ttl", "300"])
        .arg("--data-dir")
        .arg(data(folder))
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("test={peer}")])
        .args(&options.more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().unwrap()
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn log(folder: &Path) -> String {
    std::fs::read(folder.join("log"))
        .map(|log| String::from_utf8_lossy(&log).into_owned())
        .unwrap_or_default()
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn copy(from: &Path, into: &Path) {
    std::fs::create_dir_all(into).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = into.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

//! An nginx that runs.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::http::{Response, get, get_from};
use crate::site::{Site, free_ports};
use crate::wait::eventually;

/// A running nginx. It and all its processes end with it.
#[derive(Debug)]
pub struct Nginx {
    site: Site,
    ports: Vec<u16>,
    child: Child,
    /// The master, which leads its group: the child, or of a daemon the child's child.
    leader: u32,
}

impl Nginx {
    /// Starts nginx, again with other ports where somebody was faster.
    pub(crate) fn start(mut site: Site) -> Nginx {
        for _ in 0..5 {
            let ports = free_ports();
            site.configure(&ports);
            // A group of its own, so that workers and later masters can be ended with it.
            let mut command = site.command();
            command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.spawn().expect("nginx runs");
            let leader = child.id();
            let mut nginx = Nginx { site, ports, child, leader };
            if nginx.is_up() {
                if nginx.site.is_daemon() {
                    nginx.leader = nginx.pid_in_file().expect("a daemon's number");
                }
                // The master listens before it has anybody who answers.
                eventually("a worker", || !nginx.site.has_master() || !nginx.workers().is_empty());
                return nginx;
            }
            let log = nginx.log();
            assert!(log.contains("Address already in use"), "nginx does not start:\n{log}");
            site = nginx.into_site();
        }
        panic!("nginx finds no free port");
    }

    fn is_up(&mut self) -> bool {
        let mut up = None;
        eventually("nginx answers or ends", || {
            if TcpStream::connect(("127.0.0.1", self.ports[0])).is_ok() && self.pid_in_file().is_some() {
                up = Some(true);
            } else if self
                .child
                .try_wait()
                .expect("a status")
                .is_some_and(|status| !(status.success() && self.site.is_daemon()))
            {
                up = Some(false);
            }
            up.is_some()
        });
        up == Some(true)
    }

    /// A port by its number in the configuration.
    pub fn port(&self, index: usize) -> u16 {
        self.ports[index]
    }

    /// One request to PORT0.
    pub fn get(&self, path: &str) -> Response {
        get(self.ports[0], path)
    }

    /// The same from a client that realip sees.
    pub fn get_from(&self, path: &str, client: &str) -> Response {
        get_from(self.ports[0], path, client)
    }

    /// The report, from a location `/report`.
    pub fn report(&self) -> serde_json::Value {
        let response = self.get("/report");
        assert_eq!(response.status, 200, "the report: {}", response.text());
        serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.site.path(name)
    }

    /// Writes a file beside, and renames it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.site.write(name, content);
    }

    /// Everything in its error log.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("logs/error.log")).unwrap_or_default()).into_owned()
    }

    /// How many lines of the error log hold that text.
    pub fn log_count(&self, text: &str) -> usize {
        self.log().lines().filter(|line| line.contains(text)).count()
    }

    /// The process that was started, or the daemon that it became.
    pub fn pid(&self) -> u32 {
        self.leader
    }

    /// The process that the pid file names.
    pub fn pid_in_file(&self) -> Option<u32> {
        fs::read_to_string(self.path("nginx.pid")).ok()?.trim().parse().ok()
    }

    /// The master's children.
    pub fn workers(&self) -> Vec<u32> {
        workers(self.pid())
    }

    /// Sends a signal to the process that was started.
    pub fn signal(&self, signal: Signal) {
        self.signal_to(self.pid(), signal);
    }

    /// Sends a signal to one of its processes.
    pub fn signal_to(&self, pid: u32, signal: Signal) {
        kill_process(id(pid), signal).expect("the process is there");
    }

    /// Reloads, and waits until only new workers are there.
    pub fn reload(&self) {
        let before = self.workers();
        self.signal(Signal::HUP);
        eventually("new workers", || {
            let now = self.workers();
            !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
        });
    }

    /// Replaces a text in the configuration file.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path("nginx.conf");
        let text = fs::read_to_string(&path).expect("the configuration");
        assert!(text.contains(from), "{from:?} is not in the configuration");
        fs::write(path, text.replace(from, to)).expect("the configuration");
    }

    /// Ends it in good order, as valgrind wants it; returns whether it said that all was well.
    pub fn quit(&mut self) -> bool {
        self.signal(Signal::QUIT);
        self.child.wait().expect("a status").success()
    }

    fn into_site(mut self) -> Site {
        let _ = self.child.wait();
        let empty = Site::new();
        std::mem::replace(&mut self.site, empty)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The group is nginx's own: `start` made it, or the daemon did. Its number is not given away as long as
        // anybody is in it, or the child that leads it has not been waited for.
        let _ = kill_process_group(id(self.leader), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn id(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id")
}

fn workers(master: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// The memory of a process, resident, in KiB.
///
/// # Panics
///
/// Where there is no such process.
pub fn resident_kib(pid: u32) -> u64 {
    figure(pid, "status", "VmRSS:")
}

/// The most that it ever was.
///
/// # Panics
///
/// Where there is no such process.
pub fn peak_kib(pid: u32) -> u64 {
    figure(pid, "status", "VmHWM:")
}

/// Bytes that a process has read, of files and sockets.
///
/// # Panics
///
/// Where there is no such process.
pub fn bytes_read(pid: u32) -> u64 {
    figure(pid, "io", "rchar:")
}

/// Threads of a process.
///
/// # Panics
///
/// Where there is no such process.
pub fn threads(pid: u32) -> u64 {
    figure(pid, "status", "Threads:")
}

fn figure(pid: u32, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).expect("the process is there");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

//! A configuration to be tried or served.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::installed::Installed;
use crate::process::Nginx;

/// A configuration and the files that it names, in a folder of their own.
///
/// `PORT0` to `PORT9` in it stand for free ports of 127.0.0.1.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    main: String,
    http: String,
    stream: String,
    workers: usize,
    master: bool,
    daemon: bool,
    modules: bool,
    log_level: &'static str,
    wrapper: Vec<String>,
}

/// What `nginx -t` came to.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the configuration is good.
    pub is_good: bool,
    /// What nginx said.
    pub said: String,
}

impl Site {
    /// An empty configuration.
    ///
    /// # Panics
    ///
    /// Where no folder can be made.
    pub fn new() -> Site {
        let folder = tempfile::Builder::new().prefix("ipgate-nginx-").tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("logs")).expect("a folder for logs");
        // Workers may run as another user.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).expect("permissions");
        let (main, http, stream) = Default::default();
        Site {
            folder,
            main,
            http,
            stream,
            workers: 1,
            master: true,
            daemon: false,
            modules: true,
            log_level: "info",
            wrapper: Vec::new(),
        }
    }

    /// The same with the given http block, which listens on PORT0.
    pub fn http(self, http: &str) -> Site {
        Site { http: http.to_owned(), ..self }
    }

    /// The usual http block: one server on PORT0, realip by X-Real-IP.
    pub fn server(self, before: &str, server: &str) -> Site {
        let realip = "set_real_ip_from 127.0.0.1; set_real_ip_from unix:; real_ip_header X-Real-IP;";
        self.http(&format!("{realip}\n{before}\nserver {{ listen 127.0.0.1:PORT0; {server} }}"))
    }

    /// The same with the given stream block.
    pub fn stream(self, stream: &str) -> Site {
        Site { stream: stream.to_owned(), ..self }
    }

    /// The same with the given directives outside all blocks. `user root` goes where one is given here.
    pub fn main(self, main: &str) -> Site {
        Site { main: main.to_owned(), ..self }
    }

    /// The same with as many workers.
    pub fn workers(self, workers: usize) -> Site {
        Site { workers, ..self }
    }

    /// The same with `master_process off`.
    pub fn without_master(self) -> Site {
        Site { master: false, ..self }
    }

    /// The same as a daemon, without which nginx knows no binary upgrade.
    pub fn daemon(self) -> Site {
        Site { daemon: true, ..self }
    }

    /// The same without the ipgate modules: stock nginx.
    pub fn without_modules(self) -> Site {
        Site { modules: false, http: self.http.replace("ipgate_report;", ""), ..self }
    }

    /// The same with nothing below errors in the log, for measurements.
    pub fn quiet(self) -> Site {
        Site { log_level: "error", ..self }
    }

    /// The same, with nginx run by another program, such as valgrind.
    pub fn run_by(self, wrapper: &[&str]) -> Site {
        Site { wrapper: wrapper.iter().map(ToString::to_string).collect(), ..self }
    }

    /// The same with a file in its folder.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Site {
        self.write(name, content);
        self
    }

    /// Writes a file, with the folders that it is in: beside, then renamed, as lists are to be written. What stands
    /// beside is hidden, so that it is none of a folder's lists.
    ///
    /// # Panics
    ///
    /// Where it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        let (folder, file) = (path.parent().expect("a folder"), path.file_name().expect("a name"));
        std::fs::create_dir_all(folder).expect("folders");
        let beside = folder.join(format!(".{}.new", file.to_string_lossy()));
        std::fs::write(&beside, content).expect("a file");
        std::fs::rename(beside, path).expect("renamed");
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn has_master(&self) -> bool {
        self.master
    }

    pub(crate) fn is_daemon(&self) -> bool {
        self.daemon
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// nginx, with this configuration.
    pub(crate) fn command(&self) -> Command {
        let nginx = &Installed::get().nginx;
        let mut command = match self.wrapper.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(nginx);
                command
            }
            None => Command::new(nginx),
        };
        command.current_dir(self.folder()).arg("-p").arg(self.folder()).args([
            "-c",
            "nginx.conf",
            "-e",
            "logs/error.log",
        ]);
        command
    }

    /// Writes the configuration; returns the ports.
    ///
    /// # Panics
    ///
    /// Where it cannot be written.
    pub fn configure(&self, ports: &[u16]) {
        let user = if self.main.contains("user ") || !rustix::process::geteuid().is_root() {
            ""
        } else {
            "user root;"
        };
        let master = if self.master { "" } else { "master_process off;" };
        let daemon = if self.daemon { "on" } else { "off" };
        let block = |name: &str, content: &str| match content {
            "" => String::new(),
            content => format!("{name} {{\n{content}\n}}\n"),
        };
        let http = format!(
            "access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; \
             scgi_temp_path t5;\n{}",
            self.http
        );
        let mut text = format!(
            "{}daemon {daemon}; {master} {user} pid nginx.pid; worker_processes {}; error_log logs/error.log {};\n\
             events {{ worker_connections 512; }}\n{}\n{}{}",
            if self.modules { Installed::get().load_modules() } else { String::new() },
            self.workers,
            self.log_level,
            self.main,
            block("http", &http),
            block("stream", &self.stream),
        );
        for (index, port) in ports.iter().enumerate() {
            text = text.replace(&format!("PORT{index}"), &port.to_string());
        }
        std::fs::write(self.path("nginx.conf"), text).expect("a configuration");
    }

    /// Runs `nginx -t`.
    ///
    /// # Panics
    ///
    /// Where nginx cannot be run.
    pub fn test(&self) -> Outcome {
        self.configure(&free_ports());
        let output = self.command().arg("-t").output().expect("nginx runs");
        Outcome {
            is_good: output.status.success(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts nginx.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn start(self) -> Nginx {
        Nginx::start(self)
    }
}

impl Default for Site {
    fn default() -> Site {
        Site::new()
    }
}

/// Ten ports that are free now.
pub(crate) fn free_ports() -> Vec<u16> {
    let open = |_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let listeners: Vec<_> = (0..10).map(open).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("an address").port()).collect()
}

//! A real Local API of CrowdSec of its own, at a free port, with its database in a folder that goes with it.
#![allow(unreachable_pub)]

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const KEY: &str = "sesame";

/// A server. It is ended by its id when this is dropped.
pub struct LocalApi {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl LocalApi {
    /// Starts one. Where it cannot be had the test cannot be done, and that is said loudly.
    pub fn start() -> Option<LocalApi> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/crowdsec");
        let output = Command::new(script).stderr(Stdio::inherit()).output();
        let programs = output.ok().filter(|output| output.status.success());
        let Some(programs) = programs else {
            // Not held back by `cargo test`, as what is printed is.
            let _ =
                writeln!(std::io::stderr(), "SKIPPED: there is no CrowdSec here (scripts/crowdsec says why)");
            return None;
        };
        let programs = String::from_utf8(programs.stdout).unwrap().trim().into();
        let folder = tempfile::tempdir().unwrap();
        let mut api = LocalApi { programs, folder, port: 0, child: None };
        // Between looking for a free port and taking it, somebody else may have it.
        for _ in 0..50 {
            api.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            api.configure();
            if api.serve() {
                return Some(api);
            }
        }
        panic!("crowdsec does not start: {}", api.log());
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The file with the key of a bouncer.
    pub fn key_file(&self) -> PathBuf {
        self.path("key")
    }

    pub fn write_key(&self) {
        std::fs::write(self.key_file(), format!("{KEY}\n")).unwrap();
    }

    pub fn ban(&self, what: &[&str]) {
        self.cscli(&[&["decisions", "add"], what].concat());
    }

    pub fn unban(&self, what: &[&str]) {
        self.cscli(&[&["decisions", "delete"], what].concat());
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts again at its port without anything that it had. Somebody may have taken the port for a moment.
    pub fn restart_empty(&mut self) {
        self.stop();
        std::fs::remove_file(self.path("crowdsec.db")).unwrap();
        self.configure();
        while !self.serve() {}
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration of a Local API alone, and who may speak with it.
    fn configure(&self) {
        let folder = self.folder.path().display();
        let port = self.port;
        let configuration = format!(
            "common: {{ log_media: stdout, log_level: info }}\n\
             config_paths: {{ config_dir: {folder}, data_dir: {folder}, hub_dir: {folder}, index_path: {folder}/index.json, \
             simulation_path: {folder}/simulation.yaml, notification_dir: {folder}, plugin_dir: {folder} }}\n\
             cscli: {{ output: raw }}\n\
             db_config: {{ type: sqlite, db_path: {folder}/crowdsec.db, use_wal: true }}\n\
             api:\n  client: {{ credentials_path: {folder}/credentials.yaml }}\n  \
             server: {{ listen_uri: \"127.0.0.1:{port}\", profiles_path: {folder}/profiles.yaml }}\n\
             prometheus: {{ enabled: false }}\n"
        );
        let profile = "name: tests\nfilters: [\"Alert.Remediation == true\"]\ndecisions: [{ type: ban, duration: 4h }]\n";
        for (name, text) in [
            ("config.yaml", configuration.as_str()),
            ("profiles.yaml", profile),
            ("simulation.yaml", "simulation: off\n"),
            ("index.json", "{}"),
        ] {
            std::fs::write(self.path(name), text).unwrap();
        }
        let credentials = self.path("credentials.yaml").display().to_string();
        self.cscli(&[
            "machines",
            "add",
            "tests",
            "--force",
            "--password",
            KEY,
            "--file",
            &credentials,
            "-u",
            &self.url(),
        ]);
        let _ = std::fs::remove_file(self.key_file());
        self.command("cscli").args(["bouncers", "add", "router", "-k", KEY]).output().unwrap();
        self.write_key();
    }

    /// Whether it serves; not where it has ended.
    fn serve(&mut self) -> bool {
        let log = File::create(self.path("log")).unwrap();
        let child =
            self.command("crowdsec").arg("-no-cs").stdout(log.try_clone().unwrap()).stderr(log).spawn();
        let child = self.child.insert(child.unwrap());
        loop {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-c").arg(self.path("config.yaml")).stdin(Stdio::null());
        command
    }

    fn cscli(&self, arguments: &[&str]) {
        let output = self.command("cscli").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "cscli {arguments:?}: {said}{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for LocalApi {
    fn drop(&mut self) {
        self.stop();
    }
}

//! The nginx under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// An nginx and the modules that were built for it.
#[derive(Debug)]
pub struct Installed {
    /// The program.
    pub nginx: PathBuf,
    /// The folder with `ngx_http_ipgate_module.so` and `ngx_stream_ipgate_module.so`.
    pub modules: PathBuf,
    /// nginx's own stream module, where it is one.
    pub stream: Option<PathBuf>,
}

impl Installed {
    /// The one that the environment names, or Debian's, for which the modules are built on first use.
    ///
    /// # Panics
    ///
    /// Where there is none: a test that cannot run has not passed.
    pub fn get() -> &'static Installed {
        static INSTALLED: OnceLock<Installed> = OnceLock::new();
        INSTALLED.get_or_init(Installed::find)
    }

    fn find() -> Installed {
        let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let nginx = path("IPGATE_NGINX").unwrap_or_else(|| "/usr/sbin/nginx".into());
        assert!(
            nginx.exists(),
            "{} is missing: these tests drive a real nginx; install what `make -C nginx packages` prints",
            nginx.display()
        );
        let modules = path("IPGATE_NGINX_MODULES").unwrap_or_else(build);
        assert!(
            modules.join("ngx_http_ipgate_module.so").exists(),
            "{} has no ngx_http_ipgate_module.so: run `make nginx`",
            modules.display()
        );
        let stream = path("IPGATE_NGINX_STREAM")
            .unwrap_or_else(|| "/usr/lib/nginx/modules/ngx_stream_module.so".into());
        let stream = (!stream.as_os_str().is_empty()).then_some(stream);
        if let Some(stream) = &stream {
            assert!(
                stream.exists(),
                "{} is missing: install the package libnginx-mod-stream",
                stream.display()
            );
        }
        Installed { nginx, modules, stream }
    }

    /// The command `ipgate`: the one that `IPGATE` names, or built here on first use.
    ///
    /// # Panics
    ///
    /// Where it cannot be built.
    pub fn command() -> PathBuf {
        static COMMAND: OnceLock<PathBuf> = OnceLock::new();
        COMMAND.get_or_init(|| std::env::var_os("IPGATE").map_or_else(build_command, PathBuf::from)).clone()
    }

    /// The directives that load the modules.
    pub fn load_modules(&self) -> String {
        let stream = self.stream.as_ref().map(|path| format!("load_module {};\n", path.display()));
        format!(
            "{}load_module {dir}/ngx_http_ipgate_module.so;\nload_module {dir}/ngx_stream_ipgate_module.so;\n",
            stream.unwrap_or_default(),
            dir = self.modules.display()
        )
    }
}

/// Builds against the installed nginx.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let make = Command::new("make").arg("-C").arg(&folder).arg("debian").output();
    let make = make.unwrap_or_else(|error| panic!("make: {error}"));
    assert!(make.status.success(), "make debian: {}", String::from_utf8_lossy(&make.stderr));
    folder.join("build/debian-shared").canonicalize().unwrap_or(folder)
}

/// Builds the command, and finds out where it is.
fn build_command() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "ipgate-cli", "--message-format", "json"]);
    let output = build.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "cargo build: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let path = path.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    path.expect("the path of a program")
}

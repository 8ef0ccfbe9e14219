//! One configuration, measured.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ipgate_nginx_tests::{Connection, Installed, Nginx, Site, resident_kib};

use crate::filters::Filter;
use crate::lists::Prefixes;

/// Requests that callgrind counts.
const COUNTED: usize = 2_000;
/// Rounds of wrk, of which the one with the least counts: others use the machine, too.
const ROUNDS: usize = 3;
const SECONDS: &str = "3s";

/// Per request, for one client and for many; then of the whole.
pub(crate) struct Figures {
    instructions: [f64; 2],
    cycles: [f64; 2],
    test_ms: f64,
    resident_mb: f64,
}

impl Figures {
    /// The whole where there is nothing to compare with, otherwise what comes on top of that.
    pub(crate) fn line(&self, name: &str, base: Option<&Figures>) -> String {
        let figure = |own: f64, base: Option<f64>| match base {
            None => format!("{own:.0}"),
            Some(base) => format!("{:+.0}", own - base),
        };
        let pair = |of: fn(&Figures) -> [f64; 2]| {
            [0, 1].map(|index| figure(of(self)[index], base.map(|base| of(base)[index])))
        };
        let [instructions, cycles] = [pair(|f| f.instructions), pair(|f| f.cycles)];
        format!(
            "{name:14} {:>14} {:>14} {:>14} {:>14} {:>7.0} ms {:>10}",
            instructions[0],
            instructions[1],
            cycles[0],
            cycles[1],
            self.test_ms,
            match base {
                None => format!("{:.1}", self.resident_mb),
                Some(base) => format!("{:+.1}", self.resident_mb - base.resident_mb),
            }
        )
    }
}

pub(crate) fn figures(filter: Filter, prefixes: &Prefixes) -> Figures {
    let clients = prefixes.clients(20_000);
    let site = filter.site(prefixes);
    let test_ms = (0..3).map(|_| {
        let begin = Instant::now();
        let outcome = site.test();
        assert!(outcome.is_good, "{}", outcome.said);
        begin.elapsed().as_secs_f64() * 1e3
    });
    let test_ms = test_ms.fold(f64::INFINITY, f64::min);
    let nginx = site.start();
    verify(&nginx, filter, &clients);
    let worker = nginx.workers()[0];
    let resident_mb = resident_kib(worker) as f64 / 1024.0;
    let cycles = [&clients[..1], &clients[..]].map(|clients| cycles(&nginx, worker, clients));
    drop(nginx);
    let instructions = instructions(filter, prefixes, &clients);
    Figures { instructions, cycles, test_ms, resident_mb }
}

/// Figures of a filter that does not filter are worth nothing.
fn verify(nginx: &Nginx, filter: Filter, clients: &[Ipv4Addr]) {
    for client in clients.iter().take(200) {
        assert_eq!(nginx.get_from("/", &client.to_string()).status, 200, "{} {client}", filter.name());
    }
    let denied = if filter == Filter::None { 200 } else { 403 };
    assert_eq!(nginx.get_from("/", "240.0.0.1").status, denied, "{}", filter.name());
}

fn cycles(nginx: &Nginx, worker: u32, clients: &[Ipv4Addr]) -> f64 {
    let script = wrk_script(nginx, clients);
    let round = |_| {
        let before = processor_ns(worker);
        let (requests, _) = wrk(nginx, &script, SECONDS);
        (processor_ns(worker) - before) / requests * mhz() / 1e3
    };
    round(0); // warms up
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

/// A script for wrk that asks for these clients in turn, and says how many requests and errors there were.
pub(crate) fn wrk_script(nginx: &Nginx, clients: &[Ipv4Addr]) -> String {
    let list: String = clients.iter().map(|client| format!("\"{client}\",")).collect();
    let script = format!(
        "local clients = {{{list}}}\nlocal requests, n = {{}}, 0\n\
         function init() for i, c in ipairs(clients) do requests[i] = wrk.format('GET', '/', {{['X-Real-IP'] = c}}) end end\n\
         function request() n = n % #requests + 1 return requests[n] end\n\
         function done(s, l, r) local e = s.errors io.write(string.format('FIGURES %d %d %d\\n', s.requests, \
         e.connect + e.read + e.write + e.status + e.timeout, l:percentile(99.9))) end\n"
    );
    let path = nginx.path("wrk.lua");
    fs::write(&path, script).expect("a script");
    path.display().to_string()
}

/// Requests answered, and the 99.9th percentile of their latency in microseconds.
pub(crate) fn wrk(nginx: &Nginx, script: &str, duration: &str) -> (f64, f64) {
    let url = format!("http://127.0.0.1:{}/", nginx.port(0));
    let output = Command::new("wrk").args(["-t1", "-c16", "-d", duration, "-s", script, &url]).output();
    let output = output.expect("wrk, a package that the bench needs");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("FIGURES ")).expect("wrk's figures");
    let figures: Vec<f64> = line.split(' ').map(|figure| figure.parse().expect("a number")).collect();
    assert_eq!(figures[1], 0.0, "failed requests: {text}");
    (figures[0], figures[2])
}

fn processor_ns(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("the worker is there");
    text.split(' ').next().and_then(|ns| ns.parse().ok()).expect("a figure")
}

/// Counted between two requests, so that loading and warming up are left out.
fn instructions(filter: Filter, prefixes: &Prefixes, clients: &[Ipv4Addr]) -> [f64; 2] {
    let site = filter.site(prefixes).without_master();
    let out = format!("--callgrind-out-file={}", site.path("callgrind.out").display());
    let nginx = site.run_by(&["valgrind", "--tool=callgrind", "--instr-atstart=no", &out]).start();
    let mut connection = Connection::open(nginx.port(0)).expect("a connection");
    // Others are open, as always: in an otherwise empty tree of timers one more costs every request.
    let _idle: Vec<Connection> = (0..15)
        .map(|_| {
            let mut idle = Connection::open(nginx.port(0)).expect("a connection");
            idle.get("/", &[("X-Real-IP", &clients[0].to_string())]).expect("a response");
            idle
        })
        .collect();
    let mut ask = |clients: &[Ipv4Addr], count: usize| {
        for client in clients.iter().cycle().take(count) {
            let response = connection.get("/", &[("X-Real-IP", &client.to_string())]).expect("a response");
            assert_eq!(response.status, 200);
        }
    };
    ask(clients, 200);
    [(&clients[..1], 1), (clients, 2)].map(|(clients, part)| {
        control(&nginx, &["-i", "on"]);
        ask(clients, COUNTED);
        control(&nginx, &["-i", "off"]);
        control(&nginx, &["-d"]);
        let text =
            fs::read_to_string(nginx.path(&format!("callgrind.out.{part}"))).expect("callgrind's figures");
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).expect("the total");
        total.trim().parse::<f64>().expect("a number") / COUNTED as f64
    })
}

fn control(nginx: &Nginx, command: &[&str]) {
    let status = Command::new("callgrind_control").args(command).arg(nginx.pid().to_string()).output();
    assert!(status.expect("callgrind_control").status.success());
}

/// Compiles a list to an image with the command.
pub(crate) fn compile(text: &Path, image: &Path) {
    command_compiles(&[], text, image);
}

/// Compiles the folder of a site to an image.
pub(crate) fn compile_site(folder: &Path, image: &Path) {
    command_compiles(&["--site"], folder, image);
}

fn command_compiles(options: &[&str], from: &Path, image: &Path) {
    let command = std::env::var("IPGATE").expect("IPGATE names the ipgate command: use `make bench`");
    let mut command = Command::new(command);
    let output =
        command.arg("compile").args(options).arg(from).arg("-o").arg(image).output().expect("ipgate");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn cpu_line(name: &str) -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split(": ").nth(1).unwrap_or("unknown").to_owned()
}

pub(crate) fn cpu() -> String {
    cpu_line("model name")
}

pub(crate) fn mhz() -> f64 {
    cpu_line("cpu MHz").parse().unwrap_or(1_000.0)
}

pub(crate) fn nginx() -> String {
    let output = Command::new(&Installed::get().nginx).arg("-v").output().expect("nginx runs");
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// Kept here for those who start several.
pub(crate) fn started(site: Site) -> (Nginx, u32) {
    let nginx = site.start();
    let worker = nginx.workers()[0];
    (nginx, worker)
}

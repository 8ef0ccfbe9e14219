//! What is published into HAProxy, by a real one: who is let in, and what stays in force where something fails.

mod common;

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use common::{Answer, Daemon, Place, ask};
use ipgate::list::Until;

/// An HAProxy that takes the client's address from a header, and is ended when it is dropped.
struct HaProxy {
    child: Child,
    address: SocketAddr,
}

impl HaProxy {
    fn start(place: &Place) -> HaProxy {
        loop {
            // Between looking for a free port and taking it, somebody else may have it.
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let file = place.write("haproxy.cfg", &configuration(place, address));
            let mut command = Command::new("haproxy");
            let mut child = command.arg("-db").arg("-f").arg(file).stdout(Stdio::null()).spawn().unwrap();
            while child.try_wait().unwrap().is_none() {
                // Which it answers when it has all its addresses.
                if command_of(&place.path("admin.sock"), "show info").is_ok_and(|info| !info.is_empty()) {
                    return HaProxy { child, address };
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    fn ask(&self, client: &str) -> Answer {
        ask(self.address, "GET", "/", &[("x-client", client)], "")
    }

    fn allows(&self, client: &str) -> bool {
        match self.ask(client).code {
            200 => true,
            403 => false,
            code => panic!("{code} for {client}"),
        }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(place: &Place, address: SocketAddr) -> String {
    format!(
        "global\n stats socket {} mode 600 level admin\n nbthread 2\n\
         defaults\n mode http\n timeout client 30s\n timeout server 30s\n timeout connect 30s\n\
         frontend f\n bind {address}\n http-request set-src hdr(x-client)\n\
         http-request deny unless {{ src -f {} }}\n\
         http-request return status 200 content-type text/plain lf-string \"%[src,map_ip({},none)]\"\n",
        place.path("admin.sock").display(),
        place.path("shop.acl").display(),
        place.path("labels.map").display()
    )
}

/// What HAProxy answers to a command, once it is there.
fn command_of(socket: &Path, command: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(format!("{command}\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// What HAProxy answers to a command.
fn command(socket: &Path, command: &str) -> String {
    command_of(socket, command).unwrap()
}

/// A daemon that publishes the app `shop` as an ACL, and as a map with labels, by that socket.
fn daemon(place: &Place, socket: &Path) -> Daemon {
    let file = place.write(
        "ipgated.toml",
        &format!(
            "[publish]\ncheck = \"100ms\"\n\
             [[publish_to]]\nkind = \"haproxy\"\nsocket = {socket:?}\nacl = {:?}\napp = \"shop\"\n\
             [[publish_to]]\nkind = \"haproxy\"\nsocket = {socket:?}\nmap = {:?}\napp = \"shop\"\n",
            place.path("shop.acl"),
            place.path("labels.map")
        ),
    );
    Daemon::start(arguments!["--config", file, "--site", place.path("site"), "--admin", "127.0.0.1:0"])
}

/// A site, HAProxy's files as nobody's, and HAProxy's socket; or nothing, where there is no HAProxy to test with.
fn place() -> Option<(Place, PathBuf)> {
    if Command::new("haproxy").arg("-v").output().is_err() {
        println!("SKIPPED: there is no haproxy; `make setup` installs it");
        return None;
    }
    let place = Place::new().with_site();
    place.write("shop.acl", "");
    place.write("labels.map", "");
    let socket = place.path("admin.sock");
    Some((place, socket))
}

#[test]
fn clients_are_let_in_as_the_site_says() {
    let Some((place, socket)) = place() else { return };
    place.write("site/apps/shop.list", "192.0.2.0/24:our partner\n!192.0.2.128/25\n2001:db8::/32:lab\n");
    // A site without any app is taken for one that was lost, and stays.
    place.write("site/apps/other.list", "198.18.0.1\n");
    let haproxy = HaProxy::start(&place);
    assert!(!haproxy.allows("192.0.2.7"), "the files are empty, and let nobody in");
    let daemon = daemon(&place, &socket);
    let report = daemon.wait_until_published();
    let clients = [
        ("192.0.2.7", Some("our partner")),
        ("192.0.2.200", None),
        ("10.1.2.3", Some("corp")),
        ("11.1.2.3", None),
        ("2001:db8::7", Some("lab")),
        ("2001:db9::7", None),
        ("::ffff:192.0.2.7", Some("our partner")),
        // HAProxy takes these for the IPv4 addresses in them, where an entry is IPv4.
        ("2002:c000:207::1", None),
        ("::192.0.2.7", None),
        ("::1", None),
    ];
    for (client, label) in clients {
        let answer = haproxy.ask(client);
        assert_eq!((answer.code == 200).then_some(answer.body.as_str()), label, "{client}");
    }
    let targets = report["publishing"]["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 2);
    for target in targets {
        assert_eq!((&target["kind"], &target["digest"]), (&"haproxy".into(), &report["site"]["digest"]));
    }
    let metrics = daemon.get("/metrics").body;
    assert!(metrics.contains("ipgated_publish_target_failing{target=\"2\",kind=\"haproxy\"} 0"), "{metrics}");

    place.write("site/apps/shop.list", "192.0.2.200\n");
    daemon.until("the change is in force", || haproxy.allows("192.0.2.200"));
    assert!(!haproxy.allows("192.0.2.7"));
    // Open to everyone, and closed to everyone.
    fs::remove_file(place.path("site/apps/shop.list")).unwrap();
    fs::remove_file(place.path("site/default.list")).unwrap();
    daemon.until("nobody is let in", || !haproxy.allows("192.0.2.200"));
    place.write("site/site.toml", "enforce = false\n");
    daemon.until("everyone is let in", || haproxy.allows("192.0.2.7"));
    daemon.wait_until_published();
    assert!(haproxy.allows("2002:c000:207::1") && haproxy.allows("::1"));
    place.write("site/default.list", "::/0\n");
    daemon.until("IPv6 alone is let in", || !haproxy.allows("192.0.2.7"));
    daemon.wait_until_published();
    assert!(haproxy.allows("2001:db9::7") && !haproxy.allows("::ffff:192.0.2.7"));
}

#[test]
fn a_restart_has_the_newest_list_and_another_hand_is_put_right() {
    let Some((place, socket)) = place() else { return };
    let daemon = daemon(&place, &socket);
    // HAProxy is not there yet: that is told once, and the files are ready.
    daemon.wait_for("HAProxy cannot be asked");
    daemon.until("the file is written", || {
        fs::read_to_string(place.path("shop.acl")).unwrap().contains("192.0.2.7")
    });
    assert!(daemon.get("/metrics").body.contains("ipgated_publish_failing 1"));
    let haproxy = HaProxy::start(&place);
    assert!(haproxy.allows("192.0.2.7") && haproxy.allows("10.1.1.1") && !haproxy.allows("192.0.2.8"));
    daemon.wait_for("published again after");
    daemon.wait_until_published();

    drop(haproxy);
    place.write("site/apps/shop.list", "192.0.2.8:friend\n");
    daemon.until("the file is newer", || {
        fs::read_to_string(place.path("labels.map")).unwrap().contains("friend")
    });
    daemon.until("it is in the ACL, too", || {
        fs::read_to_string(place.path("shop.acl")).unwrap().contains("192.0.2.8")
    });
    let haproxy = HaProxy::start(&place);
    assert!(haproxy.allows("192.0.2.8") && !haproxy.allows("192.0.2.7"));
    daemon.until("nothing fails", || daemon.report()["publishing"]["failing"].is_null());

    command(&socket, &format!("clear acl {}", place.path("shop.acl").display()));
    daemon.until("the list is there again", || haproxy.allows("192.0.2.8"));
    command(&socket, &format!("add acl {} 0.0.0.0/0", place.path("shop.acl").display()));
    daemon.until("the hole is closed", || !haproxy.allows("198.51.100.1"));
    daemon.wait_for("something else was in force there");
}

#[test]
fn what_has_expired_is_let_in_no_longer() {
    let Some((place, socket)) = place() else { return };
    let haproxy = HaProxy::start(&place);
    let soon = SystemTime::now() + Duration::from_secs(2);
    let micros = soon.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as i64;
    let until = Until::from_unix_micros(micros).unwrap();
    place.write("site/apps/shop.list", &format!("192.0.2.7;until={until}\n192.0.2.8\n"));
    let daemon = daemon(&place, &socket);
    daemon.until("the list is in force", || haproxy.allows("192.0.2.8"));
    daemon.until("it has expired", || !haproxy.allows("192.0.2.7"));
    assert!(SystemTime::now() >= soon, "not before its time");
    assert!(haproxy.allows("192.0.2.8"));
    assert!(!fs::read_to_string(place.path("shop.acl")).unwrap().contains("192.0.2.7"));
}

/// What stands between the daemon and HAProxy: it answers in the place of HAProxy where it is told to.
struct Between {
    fault: Arc<Mutex<Option<Fault>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

/// Whether a command is answered here, and by what.
type Fault = fn(&str) -> Option<String>;

impl Between {
    fn begin(own: &Path, behind: PathBuf) -> Between {
        let listener = UnixListener::bind(own).unwrap();
        let between = Between { fault: Arc::default(), seen: Arc::default() };
        let (fault, seen) = (Arc::clone(&between.fault), Arc::clone(&between.seen));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let fault = *fault.lock().unwrap();
                pass(stream, &behind, fault, &seen);
            }
        });
        between
    }

    fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    /// How many commands began like that.
    fn count(&self, begin: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|command| command.starts_with(begin)).count()
    }
}

fn pass(mut stream: UnixStream, behind: &Path, fault: Option<Fault>, seen: &Mutex<Vec<String>>) {
    let mut asked = String::new();
    let mut buffer = [0; 4096];
    let is_whole = |asked: &str| asked.ends_with(if asked.contains("<<\n") { "\n\n" } else { "\n" });
    while !is_whole(&asked) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => asked += std::str::from_utf8(&buffer[..read]).unwrap(),
        }
    }
    seen.lock().unwrap().push(asked.clone());
    let answer = fault.and_then(|fault| fault(&asked));
    let answer = answer.unwrap_or_else(|| command(behind, asked.strip_suffix('\n').unwrap()));
    let _ = stream.write_all(answer.as_bytes());
}

/// Whatever goes wrong before a commit, nothing is committed: the list that was in force stays.
#[test]
fn nothing_is_committed_that_is_not_whole() {
    let Some((place, socket)) = place() else { return };
    let haproxy = HaProxy::start(&place);
    let between = Between::begin(&place.path("between.sock"), socket.clone());
    let daemon = daemon(&place, &place.path("between.sock"));
    daemon.wait_until_published();
    assert!(haproxy.allows("192.0.2.7"));
    let faults: [(&str, Fault); 6] = [
        ("adds are refused", |asked| {
            asked.starts_with("add ").then(|| "Out of memory error.\n\n".to_owned())
        }),
        ("adds are said to be done, and are not", |asked| {
            let each = if asked.starts_with("add map") { 1 } else { asked.matches("add acl").count() };
            asked.starts_with("add ").then(|| "\n".repeat(each))
        }),
        ("the answer to adds is cut off", |asked| asked.starts_with("add ").then(String::new)),
        ("there is no new version", |asked| {
            asked.starts_with("prepare").then(|| "Out of memory.\n\n".to_owned())
        }),
        ("the new list is shown cut off", |asked| {
            (asked.starts_with("show") && asked.contains(" @")).then(|| "0x5 ::ffff:192.0".to_owned())
        }),
        ("everything is refused", |_| Some("Permission denied\n\n".to_owned())),
    ];
    for (number, (what, fault)) in (10..).zip(faults) {
        let commits = between.count("commit");
        between.set(Some(fault));
        let generation = daemon.report()["site"]["generation"].as_u64();
        place.write("site/apps/shop.list", &format!("192.0.2.7:partner\n192.0.2.{number}\n"));
        daemon.until(what, || {
            let report = daemon.report();
            let is_failing = |target: &serde_json::Value| !target["failing"].is_null();
            report["site"]["generation"].as_u64() > generation
                && report["publishing"]["targets"].as_array().unwrap().iter().all(is_failing)
        });
        assert_eq!(between.count("commit"), commits, "{what}");
        assert!(haproxy.allows("192.0.2.7") && haproxy.allows("10.1.1.1"), "{what}");
        assert!(!haproxy.allows(&format!("192.0.2.{number}")), "{what}");
        let report = daemon.report();
        assert_ne!(report["publishing"]["digest"], report["site"]["digest"], "{what}");
        println!("{what}: {}", report["publishing"]["failing"]["why"]);
        between.set(None);
        daemon.wait_until_published();
        daemon.until("nothing fails", || daemon.report()["publishing"]["failing"].is_null());
        assert!(haproxy.allows(&format!("192.0.2.{number}")), "{what}");
    }
}

/// Clients that are let in before and after are let in at every instant of many changes.
#[test]
fn changes_under_way_deny_nobody_who_is_let_in() {
    let Some((place, socket)) = place() else { return };
    let haproxy = HaProxy::start(&place);
    let daemon = daemon(&place, &socket);
    daemon.wait_until_published();
    let is_over = AtomicBool::new(false);
    let asked: usize = thread::scope(|scope| {
        let asking = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut asked = 0;
                while !is_over.load(Ordering::Relaxed) {
                    assert!(haproxy.allows("192.0.2.7"));
                    assert!(!haproxy.allows("192.0.2.200"));
                    asked += 2;
                }
                asked
            })
        });
        for round in 0..10 {
            let more: String = (0..500).map(|n| format!("198.{round}.{}.{}\n", n / 200, n % 200)).collect();
            place.write("site/apps/shop.list", &format!("192.0.2.7:partner\n{more}"));
            daemon.until("it is in force", || haproxy.allows(&format!("198.{round}.2.99")));
        }
        is_over.store(true, Ordering::Relaxed);
        asking.map(|asking| asking.join().unwrap()).iter().sum()
    });
    println!("{asked} requests during 10 changes, none decided wrongly");
}

#[test]
fn a_thousand_prefixes_and_a_hundred_thousand() {
    let Some((place, socket)) = place() else { return };
    let haproxy = HaProxy::start(&place);
    let daemon = daemon(&place, &socket);
    daemon.wait_until_published();
    for count in [1_000_u32, 100_000] {
        let first = if count == 1_000 { 203_u32 << 24 } else { 203 << 24 | 1 << 16 };
        // Half of each /24, so that no two make one.
        let list: String = (0..count)
            .map(|n| std::net::Ipv4Addr::from(first + (n << 8)))
            .map(|address| format!("{address}/25\n"))
            .collect();
        let last_of_list = std::net::Ipv4Addr::from(first + ((count - 1) << 8) + 1).to_string();
        let began = Instant::now();
        place.write("site/apps/shop.list", &list);
        daemon.until("it is in force", || haproxy.allows(&last_of_list));
        let in_force = began.elapsed();
        daemon.wait_until_published();
        daemon.until("both are read back", || {
            let report = daemon.report();
            let targets = report["publishing"]["targets"].as_array().unwrap();
            targets.iter().all(|target| target["digest"] == report["site"]["digest"])
        });
        let log = daemon.log();
        let published: Vec<String> = log
            .iter()
            .filter(|line| line["message"] == "published" && line["kind"] == "haproxy")
            .map(|line| format!("{} ms for {}", line["millis"], line["path"]))
            .collect();
        println!(
            "{count} prefixes: in force {in_force:?} after the source's file; the publisher took {published:?}"
        );
    }
}

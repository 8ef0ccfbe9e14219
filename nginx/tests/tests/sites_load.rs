//! A thousand app changes under load: every response is what the app's list of that moment gives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use ipgate_nginx_tests::{Connection, Nginx, Site, eventually};

const APPS: usize = 10;
const ROUNDS: usize = 100;
const CLIENTS: [&str; 2] = ["192.0.2.1", "192.0.2.2"];

/// Lets in one client in even versions, and the other one in odd ones; the label tells the version.
fn list(version: usize) -> String {
    let (allowed, denied) = (CLIENTS[version % 2], CLIENTS[(version + 1) % 2]);
    format!("{allowed}:v{version}\n!{denied}:v{version}\n")
}

/// Asks for an app, and returns the worker and the version that answered, having compared the whole response.
fn ask(connection: &mut Connection, app: usize, client: usize) -> (String, usize) {
    let path = format!("/{}?app=app{app}", ["", "host", "named"][app % 3]);
    let headers = [("X-Real-IP", CLIENTS[client]), ("Host", &format!("app{app}.example.com"))];
    let response = connection.get(&path, &headers).expect("no request fails");
    let label = response.header("X-Label").strip_prefix('v').expect("an entry of the app's own list");
    let version: usize = label.parse().expect("a version");
    let status = if version % 2 == client { 200 } else { 403 };
    assert_eq!((response.status, response.header("X-App")), (status, &*format!("app{app}")), "at v{version}");
    assert_eq!(response.header("X-List"), "app");
    (response.header("X-Worker").to_owned(), version)
}

fn start() -> Nginx {
    let mut site = Site::new().workers(2).file("fleet/default.list", "192.0.2.0/24:default\n");
    let (mut hosts, mut named) = (String::new(), String::new());
    for app in 0..APPS {
        site = site.file(&format!("fleet/apps/app{app}.list"), list(0));
        hosts += &format!("app{app}.example.com app{app}\n");
        named += &format!("if ($arg_app = app{app}) {{ rewrite ^ /named/{app} last; }}\n");
    }
    let locations: String =
        (0..APPS).map(|app| format!("location = /named/{app} {{ ipgate app{app}; empty_gif; }}\n")).collect();
    site.file("fleet/hosts", hosts)
        .http(&format!(
            "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; ipgate_site fleet path=fleet interval=20ms;
             ipgate_site fleet; add_header X-App $ipgate_app always; add_header X-Label $ipgate_label always;
             add_header X-List $ipgate_list always; add_header X-Worker $pid always;
             server {{ listen 127.0.0.1:PORT0 reuseport; keepalive_requests 100000000;
                 location / {{ ipgate $arg_app; empty_gif; }} location /host {{ ipgate_host $host; empty_gif; }}
                 location = /named {{ {named} }}
                 {locations} }}"
        ))
        .start()
}

#[test]
fn every_response_is_what_the_app_s_list_gives() {
    let nginx = start();
    eventually("two workers", || nginx.workers().len() == 2);
    let mut kept: HashMap<String, Connection> = HashMap::new();
    eventually("a connection to each worker", || {
        let mut connection = Connection::open(nginx.port(0)).unwrap();
        let (worker, _) = ask(&mut connection, 0, 0);
        kept.entry(worker).or_insert(connection);
        kept.len() == 2
    });
    let is_over = AtomicBool::new(false);
    let written: Vec<AtomicUsize> = (0..APPS).map(|_| AtomicUsize::new(0)).collect();
    let answered: usize = thread::scope(|scope| {
        let load = || {
            let mut answered = 0;
            while !is_over.load(Ordering::Relaxed) {
                // A worker never goes back, and none is ahead of what was written.
                let mut connection = Connection::open(nginx.port(0)).expect("no connection fails");
                let mut last = [0; APPS];
                for n in 0..2_000 {
                    let app = n % APPS;
                    let (_, version) = ask(&mut connection, app, n / APPS % 2);
                    assert!(version >= last[app], "app{app} went back from v{} to v{version}", last[app]);
                    assert!(version <= written[app].load(Ordering::SeqCst), "app{app} at v{version}");
                    last[app] = version;
                    answered += 1;
                }
            }
            answered
        };
        let clients: Vec<_> = (0..3).map(|_| scope.spawn(load)).collect();
        for version in 1..=ROUNDS {
            for (app, written) in written.iter().enumerate() {
                written.store(version, Ordering::SeqCst);
                nginx.write(&format!("fleet/apps/app{app}.list"), list(version));
            }
            for connection in kept.values_mut() {
                for app in 0..APPS {
                    eventually("the change is in force", || ask(connection, app, version % 2).1 == version);
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("every response was right")).sum()
    });
    println!("{answered} responses over {} app changes, each as the app's list gives it", APPS * ROUNDS);
    assert!(answered > 1_000);
    assert_eq!(nginx.log_count("[error]"), 0, "{}", nginx.log());
}

//! A list swapped under readers that never wait: `cargo run --release --example reload`

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ipgate::{Gate, List};

const LISTS: [&str; 3] =
    ["10.0.1.0/24:office_ABC", "10.0.0.0/8:corp,!10.0.1.0/24:moved_out", "10.0.1.7:last_one_there"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lists = LISTS.iter().map(|text| text.parse()).collect::<Result<Vec<List>, _>>()?;
    let gate = Gate::new(&lists[0]);
    let client: IpAddr = "10.0.1.7".parse()?;
    let done = AtomicBool::new(false);

    thread::scope(|scope| {
        for number in 1..=2 {
            let (mut reader, done) = (gate.reader(), &done);
            scope.spawn(move || {
                let mut checks: BTreeMap<String, u64> = BTreeMap::new();
                while !done.load(Ordering::Relaxed) {
                    let verdict = reader.check(client);
                    *checks.entry(verdict.to_string()).or_default() += 1;
                }
                for (verdict, count) in checks {
                    println!("reader {number}: {count} times {verdict}");
                }
            });
        }
        let swaps = lists[1..].iter().try_for_each(|list| {
            thread::sleep(Duration::from_millis(100));
            gate.replace(list).map(|generation| println!("generation {generation} is in force"))
        });
        thread::sleep(Duration::from_millis(100));
        done.store(true, Ordering::Relaxed);
        swaps
    })?;
    Ok(())
}

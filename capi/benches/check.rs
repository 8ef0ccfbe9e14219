//! A check from C, through the shared library, beside the same check from Rust, in one run.
//!
//! `make -C capi bench` compiles the C half and names it in IPGATE_BENCH_C; without it there is nothing to
//! compare, and this says so.

use std::ffi::{CString, c_char, c_void};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use ipgate::{Gate, List, Reader, Verdict, table::EntryRef};

/// By how many nanoseconds a check that gives a verdict may be slower from C. The decision alone is shown,
/// without a bar: in Rust it is inlined into the loop, and the calls of C cost as much as the lookup.
const BAR: f64 = 1.5;
const ENTRIES: u32 = 10_000;
const CLIENTS: usize = 1 << 16;
const ROUNDS: usize = 101;

type Open = unsafe extern "C" fn(*const c_char, usize) -> i32;
type Run = unsafe extern "C" fn(*const u8, usize, *mut u64) -> usize;

fn main() {
    let Some(library) = std::env::var_os("IPGATE_BENCH_C") else {
        println!("nothing to compare with: run `make -C capi bench`");
        return;
    };
    let library = CString::new(library.into_encoded_bytes()).expect("a path without NUL");
    // SAFETY: a library that the Makefile has just built, with the functions of check.c.
    let library = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW) };
    assert!(!library.is_null(), "the C half cannot be loaded");
    // SAFETY: the types of these functions in check.c.
    let (open, decisions, verdicts, entries) = unsafe {
        (
            std::mem::transmute::<*mut c_void, Open>(symbol(library, "bench_open")),
            std::mem::transmute::<*mut c_void, Run>(symbol(library, "bench_decisions")),
            std::mem::transmute::<*mut c_void, Run>(symbol(library, "bench_verdicts")),
            std::mem::transmute::<*mut c_void, Run>(symbol(library, "bench_entries")),
        )
    };

    let text: String = (0..ENTRIES)
        .map(|n| format!("{}/24:client_{n}\n", Ipv4Addr::from(n.wrapping_mul(2_654_435_761) & !255)))
        .collect();
    let list: List = text.parse().expect("a list");
    let gate = Gate::new(&List::new());
    gate.replace(&list).expect("no guard"); // as C has it: generation 2
    let mut reader = gate.reader();
    // SAFETY: a text of that length.
    assert_eq!(unsafe { open(text.as_ptr().cast(), text.len()) }, 1, "the C half has no gate");

    // Half of the clients are in the list.
    let client = |n: usize| {
        let n = u32::try_from(n).unwrap_or(0);
        let spread = n.wrapping_mul(2_246_822_519);
        let listed = (spread % ENTRIES).wrapping_mul(2_654_435_761);
        if n % 2 == 0 { (listed & !255) | (spread >> 24) } else { spread }
    };
    let clients: Vec<u8> = (0..CLIENTS).flat_map(|n| client(n).to_be_bytes()).collect();

    let mut worst = f64::MIN;
    for (name, c, rust) in [
        ("decision alone", decisions, rust_decisions as fn(&mut Reader, &[u8]) -> usize),
        ("verdict with label", verdicts, rust_verdicts),
        ("verdict with label and entry", entries, rust_entries),
    ] {
        let (mut c_best, mut rust_best) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let mut nanoseconds = 0;
            // SAFETY: CLIENTS addresses of four bytes, and a place for the time.
            let from_c = unsafe { c(clients.as_ptr(), CLIENTS, &raw mut nanoseconds) };
            c_best = c_best.min(Duration::from_nanos(nanoseconds));
            let start = Instant::now();
            let from_rust = rust(&mut reader, &clients);
            rust_best = rust_best.min(start.elapsed());
            assert_eq!(from_c, from_rust, "C and Rust disagree");
        }
        let each = |time: Duration| time.as_nanos() as f64 / CLIENTS as f64;
        let more = each(c_best) - each(rust_best);
        println!("{name}: Rust {:.2} ns, C {:.2} ns, {more:+.2} ns", each(rust_best), each(c_best));
        if name.starts_with("verdict") {
            worst = worst.max(more);
        }
    }
    assert!(worst <= BAR, "C costs {worst:.2} ns more than Rust, at most {BAR} are allowed");
}

fn symbol(library: *mut c_void, name: &str) -> *mut c_void {
    let name = CString::new(name).expect("a name without NUL");
    // SAFETY: an open library and a name.
    let symbol = unsafe { libc::dlsym(library, name.as_ptr()) };
    assert!(!symbol.is_null(), "the C half lacks {name:?}");
    symbol
}

fn addresses(clients: &[u8]) -> impl Iterator<Item = IpAddr> {
    clients.chunks_exact(4).filter_map(|octets| Some(IpAddr::from(<[u8; 4]>::try_from(octets).ok()?)))
}

fn rust_decisions(reader: &mut Reader, clients: &[u8]) -> usize {
    addresses(clients).filter(|address| reader.is_allowed(*address)).count()
}

fn rust_verdicts(reader: &mut Reader, clients: &[u8]) -> usize {
    rust_seen(reader, clients, |_| 0)
}

fn rust_entries(reader: &mut Reader, clients: &[u8]) -> usize {
    rust_seen(reader, clients, |verdict| {
        let seen = |entry: EntryRef<'_>| {
            let prefix = std::hint::black_box(entry.prefix()); // all that a verdict holds in C
            std::hint::black_box((entry.until(), entry.origin()));
            usize::from(prefix.prefix_len())
        };
        verdict.entry().map_or(0, seen)
    })
}

#[inline]
fn rust_seen(reader: &mut Reader, clients: &[u8], entry: impl Fn(&Verdict<'_>) -> usize) -> usize {
    let mut seen = 0;
    for address in addresses(clients) {
        let verdict = reader.check(address);
        if verdict.is_allowed() {
            let generation = usize::try_from(verdict.generation()).unwrap_or(usize::MAX);
            seen += verdict.label().map_or(0, str::len) + entry(&verdict) + generation;
        }
    }
    seen
}

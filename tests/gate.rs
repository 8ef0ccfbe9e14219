//! The gate beside its swap: what a guard refuses, what expires, and what may be sent where.

use std::net::IpAddr;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, SystemTime};

use ipgate::{
    Entry, Gate, Label, List, Policy, Reader, Reason, Table, Update, Verdict,
    gate::{Guard, NotUpdated, Refusal, Refused, Snapshot, Status},
    list::{Diagnostic, Linter, Parser, Rejected, Report, Until},
    space::Space,
};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn list(text: &str) -> List {
    text.parse().unwrap()
}

#[track_caller]
fn refused(guard: &Guard, old: &str, new: &str) -> Vec<Refusal> {
    let gate = Gate::new(&list(old)).with_guard(guard.clone());
    let clients = ["10.0.0.1", "10.200.0.1", "192.0.2.1", "2001:db8::1"].map(address);
    let before = clients.map(|client| gate.is_allowed(client));
    match gate.replace(&list(new)) {
        Ok(generation) => {
            assert_eq!((generation, gate.generation()), (2, 2));
            assert!(gate.status().last_failure.is_none());
            Vec::new()
        }
        Err(refused) => {
            assert_eq!(gate.generation(), 1);
            assert_eq!(clients.map(|client| gate.is_allowed(client)), before, "the last good list stays");
            let failure = gate.status().last_failure.expect("the failure is told");
            assert_eq!(failure.reason, refused.to_string());
            assert!(failure.reason.starts_with("swap refused: "));
            refused.refusals().to_vec()
        }
    }
}

#[test]
fn a_guard_is_off_by_default() {
    assert_eq!(refused(&Guard::new(), "10.0.0.0/8,2001:db8::/32", ""), []);
    assert_eq!(refused(&Guard::new(), "10.0.0.0/8", "all"), []);
}

#[test]
fn a_guard_refuses_to_lose_much() {
    let guard = Guard::new().max_shrink(50.0);
    assert_eq!(refused(&guard, "10.0.0.0/8,192.0.2.0/24", "10.0.0.0/9,192.0.2.0/24"), [], "just 50 percent");
    let lost = refused(&guard, "10.0.0.0/8", "10.0.0.0/10");
    assert!(
        matches!(&lost[..], [
            Refusal::Shrinks { of: "the IPv4 address space", percent, .. },
            Refusal::Shrinks { of: "the entries", .. },
        ] if *percent == 75.0),
        "{lost:?}"
    );
    let lost = refused(&guard, "10.0.0.0/8,2001:db8::/32", "10.0.0.0/8");
    assert!(matches!(&lost[..], [Refusal::Shrinks { of: "the IPv6 address space", .. }]), "{lost:?}");
    let lost = refused(&guard, "10.0.0.0/8,10.0.0.1,10.0.0.2,10.0.0.3", "10.0.0.0/8");
    assert!(matches!(&lost[..], [Refusal::Shrinks { of: "the entries", .. }]), "{lost:?}");
    // Denied more is lost too, although no entry went.
    let lost = refused(&guard, "10.0.0.0/8", "10.0.0.0/8,!10.0.0.0/9,!10.128.0.0/10");
    assert!(matches!(&lost[..], [Refusal::Shrinks { of: "the IPv4 address space", .. }]), "{lost:?}");
    assert_eq!(refused(&guard, "", "10.0.0.0/8"), [], "nothing to lose");
    assert_eq!(refused(&Guard::new().max_shrink(f64::NAN), "10.0.0.0/8", "10.0.0.0/9").len(), 2, "as 0");
    assert_eq!(
        refused(&Guard::new().max_shrink(0.0), "10.0.0.0/8:a", "10.0.0.0/8:b"),
        [],
        "labels may change"
    );
}

#[test]
fn a_guard_refuses_an_empty_list_and_wide_prefixes() {
    assert_eq!(refused(&Guard::new().refuse_empty(true), "10.0.0.0/8", ""), [Refusal::Empty]);
    assert_eq!(refused(&Guard::new().refuse_empty(true), "10.0.0.0/8", "!10.0.0.0/8"), []);
    let guard = Guard::new().widest(8, 32);
    let wide = |prefix: &str, widest| Refusal::TooWide { prefix: prefix.parse().unwrap(), widest };
    assert_eq!(refused(&guard, "10.0.0.0/8", "10.0.0.0/7"), [wide("10.0.0.0/7", 8)]);
    assert_eq!(refused(&guard, "10.0.0.0/8", "10.0.0.0/8,2001:db8::/31"), [wide("2001:db8::/31", 32)]);
    assert_eq!(refused(&guard, "10.0.0.0/8", "192.0.0.0/8,2001:db8::/32"), []);
    assert_eq!(refused(&guard, "0.0.0.0/0", "0.0.0.0/0,10.0.0.0/8"), [], "it was there before");
    assert_eq!(refused(&guard, "10.0.0.0/8", "10.0.0.0/8,!0.0.0.0/0"), [], "denied is not added");
    // A policy without lists lets everyone in: nothing is wider.
    let open =
        guard.check(&Table::new(&list("10.0.0.0/8")), &Table::from_policy(&Policy::new())).unwrap_err();
    assert_eq!(open.refusals(), [wide("0.0.0.0/0", 8)]);
}

#[test]
fn a_guard_keeps_addresses_allowed() {
    let guard = Guard::new().must_allow([address("::ffff:10.0.0.1"), address("192.0.2.1")]);
    assert_eq!(refused(&guard, "10.0.0.0/8", "10.0.0.0/9,192.0.2.0/24"), []);
    let denied = |client: &str, reason| Refusal::MustAllow { address: address(client), reason };
    assert_eq!(
        refused(&guard, "10.0.0.0/8", "10.0.0.0/8,!10.0.0.1"),
        [denied("::ffff:10.0.0.1", Reason::DenyEntry), denied("192.0.2.1", Reason::NoEntry)]
    );
}

#[test]
fn a_policy_is_swapped_like_a_list() {
    let gate = Gate::from_policy(&Policy::new());
    assert_eq!(gate.check(address("10.0.0.1")).reason(), Reason::NoGate);
    assert_eq!(gate.replace_policy(&Policy::new().with_enforce(true)), Ok(2));
    assert_eq!(gate.check(address("10.0.0.1")).reason(), Reason::NoList);
    assert_eq!(gate.replace_policy(&Policy::new().with_default(list("10.0.0.0/8"))), Ok(3));
    assert_eq!(gate.check(address("10.0.0.1")).reason(), Reason::AllowEntry);
    assert_eq!(gate.check_without_address().reason(), Reason::NoAddress);
}

/// An entry holds up to its instant and not at it, without any action; dropping it changes no verdict.
#[test]
fn entries_expire_at_their_instant() {
    let wait = Duration::from_millis(300);
    let micros = (SystemTime::now() + wait).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let until = Until::from_unix_micros(i64::try_from(micros).unwrap()).unwrap();
    let text = format!(
        "10.0.0.0/8:a,10.1.0.0/16:b;until={until},!10.2.0.0/16;until={until},10.0.0.0/8:c;until={until}"
    );
    let gate = Gate::new(&list(&text));
    let mut reader = gate.reader();
    let (mut before, mut after) = (0, 0);
    let clients = ["10.1.0.1", "10.2.0.1", "10.3.0.1"].map(address);
    while after < 1000 {
        let start = SystemTime::now();
        let labels = clients.map(|client| reader.check(client).label().map(str::to_owned));
        let allowed = clients.map(|client| gate.is_allowed(client) && reader.is_allowed(client));
        let end = SystemTime::now();
        let labels = labels.each_ref().map(Option::as_deref);
        if end < until.system_time() {
            assert_eq!((labels, allowed), ([Some("b"), None, Some("c")], [true, false, true]));
            before += 1;
        } else if start >= until.system_time() {
            assert_eq!((labels, allowed), ([Some("a"), Some("a"), Some("a")], [true, true, true]));
            after += 1;
        }
    }
    assert!(before > 0, "the entries held before");
    assert_eq!(gate.status().entries, 4);
    assert_eq!((gate.generation(), gate.drop_expired(), gate.drop_expired()), (1, Some(2), None));
    assert_eq!(gate.status().entries, 1);
    assert_eq!(reader.check(clients[0]).label(), Some("a"));
    assert_eq!(reader.check(clients[0]).generation(), 2);
}

#[test]
fn a_failure_is_remembered_and_changes_nothing() {
    let gate = Gate::new(&list("10.0.0.0/8"));
    let before = gate.status();
    assert_eq!((before.entries, before.generation), (1, 1));
    gate.record_failure("office.list: no such file");
    let status = gate.status();
    assert_eq!(status.last_failure.unwrap().reason, "office.list: no such file");
    assert_eq!((status.generation, status.last_swap), (1, before.last_swap));
    assert!(gate.is_allowed(address("10.0.0.1")));
}

#[test]
fn public_types_go_where_threads_go() {
    fn everywhere<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    everywhere::<List>();
    everywhere::<Entry>();
    everywhere::<Label>();
    everywhere::<Until>();
    everywhere::<Parser>();
    everywhere::<Linter>();
    everywhere::<Report>();
    everywhere::<Diagnostic>();
    everywhere::<Rejected>();
    everywhere::<Policy>();
    everywhere::<Table>();
    everywhere::<Space>();
    everywhere::<Guard>();
    everywhere::<Refused>();
    everywhere::<Gate>();
    everywhere::<Reader>();
    everywhere::<Snapshot>();
    everywhere::<Status>();
    everywhere::<Verdict<'static>>();
}

/// So many hosts, which a table keeps compiled when some of them change.
fn hosts(count: u32) -> List {
    let text: String = (0..count)
        .map(|i| format!("10.{}.{}.{}:l{}\n", i >> 14, i >> 6 & 255, (i & 63) * 4, i % 7))
        .collect();
    list(&text)
}

fn put(update: &mut Update, text: &str) {
    update.extend(list(text).entries().iter().cloned());
}

#[test]
fn a_gate_is_updated_entry_by_entry() {
    let gate = Gate::new(&hosts(10_000));
    let before = gate.snapshot();
    let mut update = Update::new();
    put(&mut update, "10.0.0.0:moved,!10.0.0.1:out,192.0.2.0/24:guest,10.0.0.0/16:wide");
    update.remove("10.0.0.4/32".parse().unwrap());
    update.remove("203.0.113.0/24".parse().unwrap()); // stands nowhere
    assert_eq!(gate.update(&update), Ok(2));
    let mut reader = gate.reader();
    for (client, expected) in [
        ("10.0.0.0", "allow 10.0.0.0:moved"),
        ("10.0.0.1", "deny !10.0.0.1:out"),
        ("10.0.0.2", "allow 10.0.0.0/16:wide"),
        ("10.0.0.4", "allow 10.0.0.0/16:wide"),
        ("10.0.0.8", "allow 10.0.0.8:l2"),
        ("192.0.2.9", "allow 192.0.2.0/24:guest"),
        ("203.0.113.7", "deny no-entry"),
    ] {
        let expected = format!("{client} {expected} (generation 2)");
        assert_eq!(gate.check(address(client)).to_string(), expected);
        assert_eq!(reader.check(address(client)).to_string(), expected);
    }
    assert_eq!(gate.status().entries, 10_000 + 3 - 1);
    assert_eq!(
        before.table().lookup(address("10.0.0.4")).label(),
        Some("l1"),
        "who has the old table keeps it"
    );
    let small = gate.status().bytes - before.table().bytes();
    assert!((1..20_000).contains(&small), "{small} bytes beside the compiled table");
    // Compiled anew it says the same.
    let said: Vec<String> = gate.snapshot().table().entries().map(|entry| entry.to_string()).collect();
    assert_eq!(gate.compact(), Some(3));
    assert_eq!(gate.compact(), None, "nothing was updated since");
    assert!(gate.snapshot().table().entries().map(|entry| entry.to_string()).eq(said));
}

#[test]
fn an_update_passes_the_guard_or_changes_nothing() {
    let gate =
        Gate::new(&hosts(5_000)).with_guard(Guard::new().widest(8, 32).must_allow([address("10.0.0.0")]));
    let mut update = Update::new();
    put(&mut update, "0.0.0.0/1:oops");
    update.remove("10.0.0.0/32".parse().unwrap());
    let Err(NotUpdated::Refused(refused)) = gate.update(&update) else { panic!("it is too wide") };
    assert_eq!(refused.refusals().len(), 1, "{refused}"); // 0.0.0.0/1 lets 10.0.0.0 in
    assert_eq!(gate.generation(), 1);
    assert_eq!(gate.status().last_failure.map(|failure| failure.reason), Some(refused.to_string()));
    assert!(!gate.is_allowed(address("1.1.1.1")) && gate.is_allowed(address("10.0.0.0")));
}

/// An update that comes while the table is compiled anew is in the table that comes of it.
#[test]
fn updates_and_compaction_lose_nothing() {
    let gate = Gate::new(&hosts(20_000));
    let client = |i: u32| format!("192.0.{}.{}", i >> 8, i & 255);
    std::thread::scope(|scope| {
        let compacting = scope.spawn(|| {
            while gate.snapshot().table().len() < 20_500 {
                gate.compact();
            }
        });
        for i in 0..500 {
            let mut update = Update::new();
            put(&mut update, &client(i));
            gate.update(&update).unwrap();
            assert!(gate.is_allowed(address(&client(i))));
        }
        compacting.join().unwrap();
    });
    gate.compact();
    assert!((0..500).all(|i| gate.is_allowed(address(&client(i)))));
    assert_eq!(gate.status().entries, 20_500);
    let whole: Vec<String> = gate.snapshot().table().entries().map(|entry| entry.to_string()).collect();
    let expected: String = (0..500).map(|i| client(i) + ",").collect();
    let expected = list(&(hosts(20_000).to_string() + "\n" + &expected));
    assert!(Table::new(&expected).entries().map(|entry| entry.to_string()).eq(whole));
}

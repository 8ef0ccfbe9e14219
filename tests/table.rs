//! Tables as a whole: images that travel, images that are damaged, and expiry inside a table.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use ipgate::{
    Gate, List, Mode, Policy, Reason, Table,
    table::{ImageError, ImageErrorKind, Origin},
};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Both families, both lists, labels, deny, expiry, duplicates.
fn policy() -> Policy {
    let default = "10.0.0.0/8:corp\n!10.9.0.0/16:lab\n2001:db8::/32:corp\n10.7.0.0/16:old;until=2999-12-31\n";
    let app = "10.9.1.0/24:ci,10.7.0.0/16:new\n2001:db8:9::/48\n[2001:db8::1]:proxy";
    let list = |text: &str, name| ipgate::list::Parser::new().source(name).parse(text).unwrap().list;
    Policy::new()
        .with_default(list(default, "base.list"))
        .with_app(list(app, "app.list"))
        .with_mode(Mode::Extend)
}

/// What a table says of an address, down to the place of the entry.
fn account(table: &Table, text: &str) -> String {
    let decision = table.lookup(address(text));
    let entry = table.matched(address(text)).map(|entry| {
        let (source, line) = (entry.source().unwrap_or("-"), entry.line().unwrap_or(0));
        format!("{entry} {:?} {source}:{line}", entry.origin())
    });
    format!("{} {:?} {}", decision.reason(), decision.label(), entry.unwrap_or_default())
}

#[test]
fn an_image_says_what_the_table_said() {
    let table = Table::from_policy(&policy());
    let loaded = Table::from_image(&table.to_image(41)).unwrap();
    for (client, expected) in [
        ("10.1.1.1", "allow-entry Some(\"corp\") 10.0.0.0/8:corp Default base.list:1"),
        ("10.9.2.2", "deny-entry Some(\"lab\") !10.9.0.0/16:lab Default base.list:2"),
        ("10.9.1.1", "allow-entry Some(\"ci\") 10.9.1.0/24:ci App app.list:1"),
        ("::ffff:10.7.0.1", "allow-entry Some(\"new\") 10.7.0.0/16:new App app.list:1"),
        ("2001:db8::1", "allow-entry Some(\"proxy\") [2001:db8::1]:proxy App app.list:3"),
        ("2001:db8:9::1", "allow-entry None 2001:db8:9::/48 App app.list:2"),
        ("11.0.0.1", "no-entry None "),
        ("::1", "no-entry None "),
    ] {
        assert_eq!(account(&table, client), expected, "{client}");
        assert_eq!(account(&loaded, client), expected, "{client} from the image");
    }
    let texts = |table: &Table| table.entries().map(|entry| entry.to_string()).collect::<Vec<_>>();
    assert_eq!(texts(&loaded), texts(&table));
    assert_eq!(loaded.next_expiry(), table.next_expiry());
    assert_eq!(loaded.allowed_space(), table.allowed_space());
    let covering: Vec<_> =
        loaded.covering(address("10.7.0.1")).map(|e| (e.to_string(), e.origin())).collect();
    assert_eq!(
        covering,
        [
            ("10.7.0.0/16:new".to_owned(), Origin::App),
            ("10.7.0.0/16:old;until=2999-12-31".to_owned(), Origin::Default),
            ("10.0.0.0/8:corp".to_owned(), Origin::Default),
        ]
    );
}

#[test]
fn the_header_says_where_the_image_comes_from() {
    let before = SystemTime::now() - Duration::from_secs(1);
    let table = Table::new(&"10.0.0.0/8".parse().unwrap());
    let info = Table::from_image(&table.to_image(41)).unwrap().info();
    assert_eq!(info.generation, 41);
    assert!(before < info.created && info.created <= SystemTime::now());
    assert_eq!(info.default_digest, None);
    // printf 10.0.0.0/8 | sha256sum
    let hex: String = info.app_digest.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "93997fe8a8121085052fd8c9a6515591714f1b745733ac379f691a9074d518a5");
}

#[test]
fn unset_lists_and_their_meaning_travel_too() {
    for (policy, reason) in [
        (Policy::new(), Reason::NoGate),
        (Policy::new().with_enforce(true), Reason::NoList),
        (Policy::new().with_app(List::new()), Reason::NoEntry),
    ] {
        let image = Table::from_policy(&policy).to_image(1);
        let table = Table::from_image(&image).unwrap();
        for client in ["10.0.0.1", "::1"] {
            assert_eq!(table.lookup(address(client)).reason(), reason);
            assert_eq!(table.is_allowed(address(client)), reason.is_allowed());
        }
    }
}

/// Every truncation and every flipped bit is refused with a reason: the checksum sees to that.
#[test]
fn damaged_images_are_refused() {
    let image = Table::from_policy(&policy()).to_image(1);
    assert!(Table::is_image(&image) && !Table::is_image(b"10.0.0.0/8"));
    let error = |bytes: &[u8]| -> ImageError { Table::from_image(bytes).unwrap_err() };
    for length in 0..image.len() {
        error(&image[..length]);
    }
    for at in 0..image.len() {
        let mut damaged = image.clone();
        damaged[at] ^= 1 << (at % 8);
        error(&damaged);
    }
    let mut longer = image.clone();
    longer.push(0);
    assert_eq!(error(&longer).kind(), ImageErrorKind::Damaged);
    assert!(error(&longer).to_string().contains("compile the list again"));
    for version in [0, 2, 99] {
        let mut other = image.clone();
        other[12] = version;
        assert_eq!(error(&other).kind(), ImageErrorKind::Version(version.into()));
        let sentence = error(&other).to_string();
        assert!(
            sentence.contains(&format!("version {version}")) && sentence.contains("compile the list again")
        );
    }
    assert_eq!(error(b"10.0.0.0/8").kind(), ImageErrorKind::NotAnImage);
}

/// Whoever can write an image can make its checksum fit; what a label may not hold is refused all the same, since it
/// reaches terminals and logs.
#[test]
fn an_image_with_labels_that_no_list_can_have_is_refused() {
    let image = Table::new(&"10.0.0.0/8:corp".parse().unwrap()).to_image(1);
    let at = image.windows(4).position(|bytes| bytes == b"corp").unwrap();
    for label in ["a\nb.", "\u{1b}[1m", "a,bc", "a;bc", " abc", "abc ", "a #b", "a\0bc", "\u{85}ab"] {
        assert_eq!(label.len(), 4, "{label:?}");
        let mut changed = image.clone();
        changed[at..at + 4].copy_from_slice(label.as_bytes());
        let checksum = xxhash_rust::xxh3::xxh3_64(&changed[32..]);
        changed[24..32].copy_from_slice(&checksum.to_le_bytes());
        let error = Table::from_image(&changed).unwrap_err();
        assert_eq!((error.kind(), error.place()), (ImageErrorKind::Damaged, "labels"), "{label:?}");
    }
}

#[test]
fn an_image_file_becomes_a_gate() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("office.image");
    std::fs::write(&path, Table::from_policy(&policy()).to_image(1)).unwrap();
    let gate = Gate::from_table(Table::read_image(&path).unwrap());
    assert_eq!(gate.check(address("10.9.1.1")).label(), Some("ci"));
    std::fs::write(&path, b"10.0.0.0/8").unwrap();
    assert_eq!(Table::read_image(&path).unwrap_err().kind(), std::io::ErrorKind::InvalidData);
}

/// Entries that expire after the table was compiled stop to hold at their instant, and what they covered up
/// holds again.
#[test]
fn a_gate_drops_entries_at_their_instant() {
    let soon = SystemTime::now() + Duration::from_millis(300);
    let micros = soon.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let until = ipgate::list::Until::from_unix_micros(i64::try_from(micros).unwrap()).unwrap();
    let list: List =
        format!("10.0.0.0/8:wide,!10.9.0.0/16:lab;until={until},10.9.9.9:one;until={until}").parse().unwrap();
    let gate = Gate::new(&list);
    let mut reader = gate.reader();
    let account = |reader: &mut ipgate::Reader, text: &str| {
        let verdict = reader.check(address(text));
        (
            verdict.is_allowed(),
            verdict.label().map(str::to_owned),
            verdict.entry().map(|entry| entry.to_string()),
        )
    };
    let labelled = |allowed, label: &str, entry: String| (allowed, Some(label.to_owned()), Some(entry));
    let before = [account(&mut reader, "10.9.1.1"), account(&mut reader, "10.9.9.9")];
    if SystemTime::now() < soon {
        assert_eq!(
            before,
            [
                labelled(false, "lab", format!("!10.9.0.0/16:lab;until={until}")),
                labelled(true, "one", format!("10.9.9.9:one;until={until}")),
            ]
        );
    }
    while SystemTime::now() < until.system_time() {
        std::thread::sleep(Duration::from_millis(10));
    }
    for client in ["10.9.1.1", "10.9.9.9"] {
        assert_eq!(
            account(&mut reader, client),
            labelled(true, "wide", "10.0.0.0/8:wide".to_owned()),
            "{client}"
        );
        assert!(reader.is_allowed(address(client)));
    }
    assert_eq!((gate.generation(), gate.drop_expired(), gate.drop_expired()), (1, Some(2), None));
    assert_eq!(gate.status().entries, 1);
    assert_eq!(account(&mut reader, "10.9.9.9"), labelled(true, "wide", "10.0.0.0/8:wide".to_owned()));
}

/// Long lists are stored in other ways than short ones: addresses as halves, lines as differences, names as ranks.
#[test]
fn a_long_list_keeps_every_entry_with_its_line() {
    // One host in each piece of 2¹⁴ addresses, the last piece first; some twice, some in a prefix around them.
    let host = |i: u32| Ipv4Addr::from(!(i << 14) ^ (i % 0x4000));
    let mut text = "# a comment\n\n".to_owned();
    let mut expected = Vec::new();
    let mut line = 2;
    let mut add = |text: &mut String, prefix: String, label: &str, suffix: &str| {
        line += 1;
        text.push_str(&format!("{prefix}:{label}{suffix}\n"));
        expected.push((prefix.parse::<ipgate::ipnet::IpNet>().unwrap(), label.to_owned(), line));
    };
    for i in 0..200_000 {
        add(&mut text, format!("{}/32", host(i)), &format!("label{}", i % 300), "");
        if i % 50_000 == 0 {
            add(&mut text, format!("{}/32", host(i)), "again", "");
            let around = Ipv4Addr::from(u32::from(host(i)) & u32::MAX << 17);
            add(&mut text, format!("{around}/15"), "around", "");
        }
    }
    add(&mut text, "255.255.255.255/32".to_owned(), "last", ";until=2100-01-01");
    expected.sort_by_key(|(prefix, ..)| *prefix);

    let list: List = text.parse().unwrap();
    let table = Table::from_image(&Table::new(&list).to_image(1)).unwrap();
    let entries = table.entries().map(|entry| {
        (entry.prefix(), entry.label().unwrap_or_default().to_owned(), entry.line().unwrap_or_default())
    });
    assert!(entries.eq(expected.iter().cloned()), "every entry, sorted by prefix");

    // What decides is the last of the longest prefixes that hold the address.
    let deciding = |address: IpAddr| {
        let holding = expected.iter().filter(|(prefix, ..)| prefix.contains(&address));
        holding.max_by_key(|(prefix, ..)| prefix.prefix_len()).cloned()
    };
    let clients = (0..200_000).step_by(1_237).chain([0, 50_000, 100_000, 150_000]).flat_map(|i| {
        let bits = u32::from(host(i));
        [bits, bits.wrapping_add(1), bits.wrapping_sub(1)].map(|bits| IpAddr::from(Ipv4Addr::from(bits)))
    });
    for client in clients {
        let found = table.matched(client).map(|entry| {
            (entry.prefix(), entry.label().unwrap_or_default().to_owned(), entry.line().unwrap_or_default())
        });
        assert_eq!(found, deciding(client), "{client}");
        assert_eq!(table.lookup(client).label(), found.as_ref().map(|found| &*found.1), "{client}");
        assert_eq!(table.is_allowed(client), found.is_some(), "{client}");
    }

    // An entry that has expired gives way to what lies around it, which is looked for in the columns.
    let client = IpAddr::from(neighbour(host(50_001)));
    text.push_str(&format!("0.0.0.0/1:half\n128.0.0.0/1:half\n{client}:hidden;until=2020-01-01\n"));
    let policy = Policy::new().with_app(text.parse::<List>().unwrap());
    let gate = Gate::from_table(Table::from_policy_at(&policy, SystemTime::UNIX_EPOCH));
    assert_eq!(gate.snapshot().table().lookup(client).label(), Some("hidden"));
    assert_eq!(gate.check(client).label(), Some("around"), "{client}");
}

fn neighbour(address: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(address) ^ 1)
}

/// Seeds of the fuzz target `image`, to be written anew after the layout has changed:
/// `cargo test -p ipgate --test table -- --ignored seeds`.
#[test]
#[ignore = "writes fuzz/seeds/image"]
fn seeds() {
    let lists = [
        "",
        "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ",
        "all:everyone,!10.9.0.0/16:lab,10.9.1.0/24;until=2100-01-01",
        "2001:db8::/32:six,!2001:db8:1::/48,192.0.2.0-192.0.2.9",
    ];
    for (i, list) in lists.into_iter().enumerate() {
        let image = Table::new(&list.parse().unwrap()).to_image(1);
        let seed = format!("{}/fuzz/seeds/image/table{i}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(seed, image).unwrap();
    }
}

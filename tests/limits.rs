//! Every list within the limits for text is compiled to an image within the limit for images, and what a list unfolds to
//! is counted before it takes memory.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use ipgate::list::{Code, Parser};
use ipgate::{Content, Limits, List, Policy, Table, TooLarge};

/// Numbers that are spread over everything.
fn scattered(i: usize) -> u128 {
    (i as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn v6(bits: u128, length: u32) -> String {
    let kept = bits.checked_shr(128 - length).map_or(0, |bits| bits << (128 - length));
    format!("[{}/{length}]", Ipv6Addr::from_bits(kept))
}

/// A pattern of lists: the line of an entry, by its number.
type Pattern = (&'static str, fn(usize) -> String);

/// Lists that take much room for their entries: labels and expiries of their own, whatever crowds or spreads the lines,
/// exceptions that keep decisions apart from labels, and boundaries inside of what a line sees.
const HUNGRY: [Pattern; 11] = [
    ("hosts", |i| format!("{}:{i}", v6(0x2001 << 112 | (i as u128) << 70 | 1, 128))),
    ("scattered", |i| format!("{}:{i}", v6(scattered(i), 128))),
    ("scattered and ending", |i| format!("{}:{i};until=2999-12-31", v6(scattered(i), 128))),
    ("scattered /64", |i| format!("{}:{i}", v6(scattered(i), 64))),
    ("scattered /47", |i| format!("{}:{i}", v6(scattered(i), 47))),
    ("one in a unit", |i| format!("{}:{i}", v6(0x2001 << 112 | (i as u128) << 81 | 1, 128))),
    ("four in a crowd and one alone", |i| {
        let unit = if i % 5 == 4 { 1 << 12 } else { i % 5 * 2 };
        format!("{}:{i}", v6(0x2001 << 112 | ((i / 5) as u128) << 93 | (unit as u128) << 80 | 1, 128))
    }),
    ("exceptions by turns", |i| format!("{}{}:{i}", ["", "!"][i % 2], v6(scattered(i), 128))),
    ("nested", |i| format!("{}:{i}", v6(scattered(i / 64), 128 - (i % 64) as u32))),
    ("IPv4", |i| format!("{}:{i};until=2999-12-31", Ipv4Addr::from_bits((scattered(i) >> 96) as u32))),
    ("IPv4, every second /24", |i| format!("{}:{i}", Ipv4Addr::from_bits((i as u32) << 9 | 1 << 24))),
];

#[test]
fn an_image_of_any_list_is_within_the_limit() {
    let mut most = 0;
    for ((name, line), count) in
        HUNGRY.into_iter().flat_map(|pattern| [1, 40, 40_000].map(|count| (pattern, count)))
    {
        let text: String = (0..count).map(|i| line(i) + "\n").collect();
        let list = Parser::new().parse(&text).unwrap_or_else(|rejected| panic!("{name}: {rejected}")).list;
        assert_eq!(list.len(), count);
        let image = Table::new(&list).to_image(1);
        let limits = Limits::of_lists(count, text.len());
        // A list has half of what is for two of them.
        assert!(image.len() <= limits.image / 2, "{name}: {} bytes", image.len());
        // 320 bytes an entry and its label, without what is there once.
        let labels: usize = list.entries().iter().filter_map(|e| e.label()).map(|l| l.as_str().len()).sum();
        if count == 40_000 {
            let each = (image.len() - labels) / count;
            println!("{name}: {each} bytes an entry");
            assert!(each < 320, "{name}: {each} bytes an entry");
            most = most.max(each);
        }
        let policy = Policy::new().with_default(list.clone()).with_app(list);
        let image = Table::from_policy_at(&policy, SystemTime::now()).to_image(1);
        assert!(Content::read(&image[..], limits).is_ok(), "{name}");
    }
    assert!(most > 100, "these lists are not hungry: {most}");
}

/// What was called damaged: 8,400,000 hosts with labels, 423 MB of text, 1.22 GB compiled.
#[test]
fn the_default_limits_take_what_was_met() {
    assert!(Limits::default().text > 423_000_000);
    assert!(Limits::default().image > 1_220_000_000);
}

/// Only what is damaged is called so.
#[test]
fn a_large_image_is_large_and_a_cut_one_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("list.image");
    let image = Table::new(&"10.0.0.0/8:corp".parse().unwrap()).to_image(1);
    std::fs::write(&path, &image).unwrap();
    let limits = |image| Limits { text: 1, image };
    assert!(Content::of_path(&path, limits(image.len())).is_ok());
    let refused = Content::of_path(&path, limits(image.len() - 1)).unwrap_err();
    let sentence = TooLarge::of(&refused).unwrap().to_string();
    assert!(
        sentence.contains(&format!("has {} bytes", image.len())) && !sentence.contains("damaged"),
        "{sentence}"
    );
    std::fs::write(&path, &image[..image.len() - 1]).unwrap();
    assert!(Table::read_image(&path).unwrap_err().to_string().contains("damaged"));
    std::fs::File::create(&path).unwrap().set_len(20_000_000_000).unwrap();
    let refused = Table::read_image(&path).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::FileTooLarge);
    assert!(Table::read_image("/dev/zero").unwrap_err().to_string().contains("name a regular file"));
    assert!(Parser::new().read("/dev/zero").unwrap_err().to_string().contains("name a regular file"));
}

/// 254 prefixes of a line: the limit is passed on the line that a division tells, also where what is ahead is counted.
#[test]
fn ranges_count_as_what_they_unfold_to() {
    const RANGE: &str = "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe";
    for (lines, limit) in [(3, 761), (3, 762), (6_000, 1_100_000), (6_000, 1_500_000)] {
        let text = format!("{RANGE}\n").repeat(lines);
        let parsed = Parser::new().max_entries(limit).parse(&text);
        match limit < 254 * lines {
            true => {
                let rejected = parsed.unwrap_err();
                let errors: Vec<_> = rejected.report().errors().collect();
                assert_eq!(errors.len(), 1);
                assert_eq!(errors[0].code(), Code::TooManyEntries);
                assert_eq!(errors[0].position().unwrap().line as usize, limit / 254 + 1, "{limit}");
            }
            false => assert_eq!(parsed.unwrap().list.len(), 254 * lines),
        }
    }
}

/// Ten entries: thousands of such lists may be in memory at a time.
#[test]
fn a_list_of_ten_entries_is_small() {
    let lists = [
        (760, (0..10).map(|i| format!("10.{i}.0.7:team{i}\n")).collect::<String>()),
        (1_010, (0..5).map(|i| format!("10.{i}.0.0/16:team{i}\n[2001:db8:{i}::]/48:net{i}\n")).collect()),
        (1_220, (0..10).map(|i| format!("[2001:db8:{i}::7]:team{i}\n")).collect()),
    ];
    for (most, text) in lists {
        let table = Table::new(&text.parse::<List>().unwrap());
        assert_eq!(table.bytes(), table.to_image(1).len());
        assert!(table.bytes() <= most, "{} bytes for\n{text}", table.bytes());
    }
}

//! Options belong to the commands that honour them.

mod common;

use common::Dir;

/// Each command with what it needs.
const COMMANDS: [&[&str]; 12] = [
    &["check", "10.0.0.1", "-l", "a.list"],
    &["explain", "10.0.0.1", "-l", "a.list"],
    &["lint", "a.list"],
    &["fmt", "a.list"],
    &["diff", "a.list", "a.list"],
    &["compile", "a.list", "-o", "x.image"],
    &["add", "10.0.0.1", "-l", "a.list"],
    &["remove", "10.0.0.0/8", "-l", "a.list"],
    &["list", "-l", "a.list"],
    &["replay", "a.list", "-l", "a.list"],
    &["completions", "bash"],
    &["man"],
];

/// The long options that a help shows, with whether they take a value.
fn shown(help: &str) -> Vec<(String, bool)> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let option = |line: &str| {
        let (_, rest) = line.split_once("--")?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        Some((words.first()?.to_string(), words.get(1).is_some_and(|word| word.starts_with('<'))))
    };
    lines.filter_map(option).collect()
}

#[test]
fn every_option_that_a_help_shows_is_known_to_the_command() {
    let dir = Dir::with("a.list", "10.0.0.0/8\n");
    let mut all: Vec<(String, bool)> = Vec::new();
    let mut of_commands = Vec::new();
    for command in COMMANDS {
        let help = dir.run(&[command[0], "--help"]);
        assert_eq!(help.code, 0, "{command:?}");
        let options = shown(&help.out);
        assert!(options.iter().any(|(name, _)| name == "json"), "{command:?}: {options:?}");
        all.extend(options.iter().cloned());
        of_commands.push((command, options));
    }
    all.sort();
    all.dedup();
    for (command, options) in of_commands {
        for (name, takes_value) in all.iter().filter(|(name, _)| name != "help") {
            let option = if *takes_value { format!("--{name}=1") } else { format!("--{name}") };
            let run = dir.run(&[command, &[&option]].concat());
            let is_shown = options.iter().any(|(other, _)| other == name);
            let is_unknown = run.err.contains("unexpected argument");
            assert_eq!(is_unknown, !is_shown, "{command:?} {option}: {}", run.err);
            assert!(!is_unknown || run.code == 2, "{command:?} {option}");
            dir.write("a.list", "10.0.0.0/8\n");
        }
    }
}

/// The help of `ipgate` itself shows no option that any command refuses.
#[test]
fn the_first_help_shows_what_every_command_takes() {
    let help = Dir::new().run(&["--help"]);
    let names: Vec<String> = shown(&help.out).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["help", "version", "json"]);
}

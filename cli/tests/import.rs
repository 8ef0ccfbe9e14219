//! `import`: files of other systems, in the forms that these publish.

mod common;

use common::Dir;

#[test]
fn the_admin_zone_of_dcos_is_a_list_of_one_entry() {
    let dir = Dir::new();
    let parameters = r#"[{"ParameterKey": "KeyName", "ParameterValue": "k"},
        {"ParameterKey": "AdminLocation", "ParameterValue": "203.0.113.0/24"}]"#;
    dir.write("parameters.json", parameters);
    let template = r#"{"Parameters": {"AdminLocation": {"Type": "String", "Default": "0.0.0.0/0"}}}"#;
    dir.write("template.json", template);
    for (file, prefix) in [("parameters.json", "203.0.113.0/24"), ("template.json", "0.0.0.0/0")] {
        let run = dir.run(&["import", "--from", "dcos", file]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert_eq!(run.out.lines().last(), Some(format!("{prefix}:AdminLocation").as_str()));
        dir.write("admin.list", &run.out);
        assert_eq!(dir.run(&["-l", "admin.list", "check", "203.0.113.9"]).code, 0);
    }
    let open = dir.run(&["import", "--from", "dcos", "template.json"]);
    assert!(open.err.contains("0.0.0.0/0"), "an open zone is warned of: {}", open.err);
}

#[test]
fn what_dcos_would_not_take_is_refused() {
    let dir = Dir::new();
    let parameter =
        |value: &str| format!(r#"[{{"ParameterKey": "AdminLocation", "ParameterValue": "{value}"}}]"#);
    let wrong = [
        (parameter("2001:db8::/32"), "one IPv4 prefix"),
        (parameter("10.0.0.1"), "one IPv4 prefix"),
        (parameter("10.0.0.0/33"), "33"),
        (parameter("999.0.0.0/8"), "999"),
        (parameter(""), "one IPv4 prefix"),
        ("[]".to_owned(), "no AdminLocation"),
        ("{}".to_owned(), "no AdminLocation"),
        ("Parameters:\n  AdminLocation:\n".to_owned(), "no JSON"),
    ];
    for (text, said) in wrong {
        dir.write("file", &text);
        let run = dir.run(&["import", "--from", "dcos", "file"]);
        assert!(run.code == 2 && run.out.is_empty() && run.err.contains(said), "{text}: {}", run.err);
    }
}

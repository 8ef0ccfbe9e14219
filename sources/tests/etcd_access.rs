//! Rights that are withdrawn, passwords and certificates that change, with a real etcd that asks for them.
#![cfg(all(feature = "etcd", feature = "etcd-v2"))]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use etcd_client::{ConnectOptions, Permission, RoleRevokePermissionOptions};
use ipgate::site::AppName;
use ipgate_sources::{Condition, EtcdAccess, EtcdSource, EtcdStore, EtcdV2Source, Store, StoreError};
use support::{Etcd, Follower, Options, V2, V3, eventually};

const OFTEN: Duration = Duration::from_millis(100);

/// A user who may read what the README says, and no more.
async fn with_user(etcd: &Etcd) -> V3 {
    let V3(mut root) = V3::connect(&etcd.url()).await;
    root.user_add("root", "root", None).await.unwrap();
    root.role_add("root").await.unwrap();
    root.user_grant_role("root", "root").await.unwrap();
    root.user_add("router", "first", None).await.unwrap();
    root.role_add("ipgate").await.unwrap();
    root.role_grant_permission("ipgate", readable()).await.unwrap();
    root.user_grant_role("router", "ipgate").await.unwrap();
    root.auth_enable().await.unwrap();
    V3::connect_with(
        &etcd.url(),
        Some(ConnectOptions::new().with_user("root", "root").with_auto_token_refresh(true)),
    )
    .await
}

fn readable() -> Permission {
    Permission::read("/deis/apps/").with_range_end("/deis/router0")
}

fn is_denied(condition: &Condition) -> bool {
    matches!(condition, Condition::Away(why) if why.contains("it refuses"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_revoked_unsets_nothing() {
    let Some(etcd) = Etcd::start() else { return };
    V3::connect(&etcd.url()).await.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    let V3(mut root) = with_user(&etcd).await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "first\n").unwrap();
    let access = EtcdAccess::new([etcd.url()]).user("router", &password);
    let mut follower = Follower::start(EtcdSource::new(access.clone()).ask_interval(OFTEN));
    follower.ready().await;
    assert!(follower.allows("shop", "10.1.1.1"));

    let all = RoleRevokePermissionOptions::new().with_range_end("/deis/router0");
    root.role_revoke_permission("ipgate", "/deis/apps/", Some(all)).await.unwrap();
    follower.until_source(|source| is_denied(&source.condition)).await;
    root.put("/deis/config/shop/deis_whitelist", "192.0.2.0/24", None).await.unwrap();
    follower.until_lost(follower.losses() + 1).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    assert_eq!(follower.told("permission denied"), 1, "{:#?}", follower.notices());
    root.role_grant_permission("ipgate", readable()).await.unwrap();
    follower.until("shop", "192.0.2.1", true).await;

    // The password changes, and the file after it.
    root.user_change_password("router", "second").await.unwrap();
    follower.until_source(|source| is_denied(&source.condition)).await;
    root.put("/deis/config/shop/deis_whitelist", "198.51.100.0/24", None).await.unwrap();
    follower.until_lost(follower.losses() + 1).await;
    assert!(follower.allows("shop", "192.0.2.1") && !follower.allows("shop", "198.51.100.1"));
    std::fs::write(&password, "second\n").unwrap();
    follower.until("shop", "198.51.100.1", true).await;
    for secret in ["first", "second"] {
        assert_eq!(follower.told(secret), 0, "{:#?}", follower.notices());
    }
    // Who may follow may not look at everything, and may not write.
    let store = EtcdStore::new(access);
    let read = store.read(&shop()).await;
    assert!(matches!(&read, Err(StoreError::Denied(_))), "{read:?}");
}

fn shop() -> AppName {
    "shop".parse().unwrap()
}

/// What the README grants to who changes lists suffices for that, and for nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_readme_suffices_to_change_lists() {
    let Some(etcd) = Etcd::start() else { return };
    V3::connect(&etcd.url()).await.put("/deis/domains/shop.example", "shop").await;
    let V3(mut root) = with_user(&etcd).await;
    root.user_add("control", "secret", None).await.unwrap();
    root.role_add("ipgate-control").await.unwrap();
    for key in ["/deis/config/", "/deis/apps/"] {
        root.role_grant_permission("ipgate-control", Permission::read_write(key).with_prefix())
            .await
            .unwrap();
    }
    root.role_grant_permission("ipgate-control", Permission::read_write("/deis/router/controller/whitelist"))
        .await
        .unwrap();
    for key in ["/deis/services/", "/deis/domains/", "/deis/controller/"] {
        root.role_grant_permission("ipgate-control", Permission::read(key).with_prefix()).await.unwrap();
    }
    root.user_grant_role("control", "ipgate-control").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "secret").unwrap();
    let store = EtcdStore::new(EtcdAccess::new([etcd.url()]).user("control", &password));
    let read = store.read(&shop()).await.unwrap().unwrap();
    store.write(&shop(), Some("10.0.0.0/8"), &read).await.unwrap();
    let read = store.read(&shop()).await.unwrap().unwrap();
    store.write(&shop(), Some("2001:db8::1"), &read).await.unwrap();
    let read = store.read(&shop()).await.unwrap().unwrap();
    assert_eq!(read.text.as_deref(), Some("2001:db8::1"));
    store.write(&shop(), None, &read).await.unwrap();
    let controller = "deis/controller".parse().unwrap();
    assert_eq!(store.read(&controller).await, Ok(None));
}

/// A token that somebody else asked for, in a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_as_good_as_a_password() {
    let Some(etcd) = Etcd::start() else { return };
    V3::connect(&etcd.url()).await.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    let V3(mut root) = with_user(&etcd).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "wrong.1\n").unwrap();
    let access = EtcdAccess::new([etcd.url()]).token(&file);
    let mut follower = Follower::start(EtcdSource::new(access).ask_interval(OFTEN));
    follower.until_source(|source| is_denied(&source.condition)).await;
    let token =
        root.auth_client().authenticate("router".into(), "first".into()).await.unwrap().token().to_owned();
    std::fs::write(&file, format!("{token}\n")).unwrap();
    follower.ready().await;
    root.put("/deis/config/shop/deis_whitelist", "192.0.2.0/24", None).await.unwrap();
    follower.until("shop", "192.0.2.1", true).await;
    // A password that changes ends the tokens that were given for it.
    root.user_change_password("router", "second").await.unwrap();
    follower.until_source(|source| is_denied(&source.condition)).await;
    assert!(follower.allows("shop", "192.0.2.1") && !follower.allows("shop", "198.51.100.1"));
    assert_eq!(follower.told(&token), 0, "{:#?}", follower.notices());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_the_password_is_named() {
    let Some(etcd) = Etcd::start() else { return };
    let access = EtcdAccess::new([etcd.url()]).user("router", "/nowhere/password");
    for source in
        [Follower::start(EtcdSource::new(access.clone())), Follower::start(EtcdV2Source::new(access))]
    {
        eventually(|| source.told("/nowhere/password: No such file") == 1).await;
        assert!(!source.allows("shop", "10.1.1.1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v2_rights_that_are_withdrawn_unset_nothing() {
    let Some(etcd) = Etcd::start() else { return };
    let keys = V2::new(&etcd.url());
    keys.put("/deis/config/shop/deis_whitelist", "10.0.0.0/8").await;
    let role = |what: &str, rights: &str| {
        format!(r#"{{"role":"ipgate","{what}":{{"kv":{{"read":{rights},"write":[]}}}}}}"#)
    };
    let readable = r#"["/deis/config*","/deis/domains*","/deis/router*","/deis/controller/subdomain*"]"#;
    keys.admin("users/root", r#"{"user":"root","password":"root"}"#).await;
    keys.admin("roles/ipgate", &role("permissions", readable)).await;
    keys.admin("users/router", r#"{"user":"router","password":"first","roles":["ipgate"]}"#).await;
    keys.admin("enable", "{}").await;
    keys.admin("roles/guest", r#"{"role":"guest","revoke":{"kv":{"read":["/*"],"write":["/*"]}}}"#).await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "first").unwrap();
    let access = EtcdAccess::new([etcd.url()]).user("router", &password);
    let mut follower = Follower::start(EtcdV2Source::new(access).ask_interval(OFTEN).read_spread(OFTEN));
    follower.ready().await;
    assert!(follower.allows("shop", "10.1.1.1"));
    keys.admin("roles/ipgate", &role("revoke", r#"["/deis/config*"]"#)).await;
    follower.until_source(|source| is_denied(&source.condition)).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    keys.admin("roles/ipgate", &role("grant", r#"["/deis/config*"]"#)).await;
    follower.until_source(|source| source.condition == Condition::Connected).await;
    keys.admin("users/router", r#"{"user":"router","password":"second"}"#).await;
    follower.until_source(|source| is_denied(&source.condition)).await;
    std::fs::write(&password, "second").unwrap();
    follower.until_source(|source| source.condition == Condition::Connected).await;
    assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    assert_eq!(follower.told("second"), 0, "{:#?}", follower.notices());
}

/// A CA, and certificates of it for the server and a client; openssl makes them.
fn certificates(folder: &Path) {
    let script = r#"
        set -e
        ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
            -keyout "$1.key" -out "$1.pem" -addext basicConstraints=critical,CA:true; }
        leaf() {
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$2.key" -out "$2.csr"
            printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:false\nextendedKeyUsage=serverAuth,clientAuth\n' > "$2.ext"
            openssl x509 -req -in "$2.csr" -CA "$1.pem" -CAkey "$1.key" -CAcreateserial -days 2 -extfile "$2.ext" -out "$2.pem"
        }
        ca ca; ca other
        leaf ca server; leaf ca client; leaf ca renewed; leaf other stranger
    "#;
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_asked_for_shown_and_renewed() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let file = |name: &str| folder.path().join(name);
    let argument = |name: &str| file(name).display().to_string();
    let more = vec![
        "--client-cert-auth".to_owned(),
        format!("--trusted-ca-file={}", argument("ca.pem")),
        format!("--cert-file={}", argument("server.pem")),
        format!("--key-file={}", argument("server.key")),
    ];
    let Some(etcd) = Etcd::start_with(Options { more, is_tls: true, ..Options::default() }) else { return };
    for (from, to) in [("client.pem", "shown.pem"), ("client.key", "shown.key")] {
        std::fs::copy(file(from), file(to)).unwrap();
    }
    let access =
        EtcdAccess::new([etcd.url()]).ca(file("ca.pem")).identity(file("shown.pem"), file("shown.key"));
    let writer =
        EtcdAccess::new([etcd.url()]).ca(file("ca.pem")).identity(file("client.pem"), file("client.key"));
    let put = |key: &'static str, value: &'static str| {
        let curl = Command::new("curl")
            .args([
                "-sfS",
                "-X",
                "PUT",
                &format!("{}/v2/keys{key}", etcd.url()),
                "-d",
                &format!("value={value}"),
            ])
            .args([
                "--cacert",
                &argument("ca.pem"),
                "--cert",
                &argument("client.pem"),
                "--key",
                &argument("client.key"),
            ])
            .output()
            .unwrap();
        assert!(curl.status.success(), "{}", String::from_utf8_lossy(&curl.stderr));
    };
    put("/deis/config/shop/deis_whitelist", "10.0.0.0/8");
    let etcdctl = |value: &str| {
        let done = Command::new("etcdctl")
            .env("ETCDCTL_API", "3")
            .args(["--endpoints", &etcd.url(), "--cacert", &argument("ca.pem")])
            .args(["--cert", &argument("client.pem"), "--key", &argument("client.key")])
            .args(["put", "/deis/config/shop/deis_whitelist", value])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    etcdctl("10.0.0.0/8");
    let mut v3 = Follower::start(EtcdSource::new(access.clone()).ask_interval(OFTEN));
    let mut v2 = Follower::start(EtcdV2Source::new(access).ask_interval(OFTEN).read_spread(OFTEN));
    for follower in [&mut v3, &mut v2] {
        follower.ready().await;
        assert!(follower.allows("shop", "10.1.1.1") && !follower.allows("shop", "192.0.2.1"));
    }
    // Renewed: it is shown from now on, and nothing is lost by that.
    for (from, to) in [("renewed.key", "shown.key"), ("renewed.pem", "shown.pem")] {
        std::fs::copy(file(from), file(to)).unwrap();
    }
    for follower in [&mut v3, &mut v2] {
        follower
            .until_source(|source| source.failures_by_kind.contains_key("ended") && source.failures == 0)
            .await;
    }
    etcdctl("192.0.2.0/24");
    put("/deis/config/shop/deis_whitelist", "192.0.2.0/24");
    for follower in [&v3, &v2] {
        follower.until("shop", "192.0.2.1", true).await;
    }
    // A server of another CA, and a client of another one, are nobody.
    for access in [
        EtcdAccess::new([etcd.url()]).ca(file("other.pem")).identity(file("client.pem"), file("client.key")),
        EtcdAccess::new([etcd.url()]).ca(file("ca.pem")).identity(file("stranger.pem"), file("stranger.key")),
        EtcdAccess::new([etcd.url()]).identity(file("client.pem"), file("client.key")),
    ] {
        let mut v3 = Follower::start(EtcdSource::new(access.clone()));
        let mut v2 = Follower::start(EtcdV2Source::new(access).read_spread(OFTEN));
        for follower in [&mut v3, &mut v2] {
            follower.until_source(|source| matches!(source.condition, Condition::Away(_))).await;
            assert!(!follower.allows("shop", "192.0.2.1"));
        }
    }
    let store = EtcdStore::new(writer);
    let read = store.read(&shop()).await.unwrap().unwrap();
    store.write(&shop(), Some("203.0.113.0/24"), &read).await.unwrap();
    v3.until("shop", "203.0.113.1", true).await;
}

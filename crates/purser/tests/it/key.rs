//! Tenants and keys.

use crate::support::Purser;

#[test]
fn a_key_is_shown_once_and_listed_without_its_secret() {
    let purser = Purser::new();
    let made = purser.run(["key", "create", "--tenant", "acme", "--role", "ingest", "--json"]).done();
    assert!(made.stderr.contains("made tenant acme"), "{}", made.stderr);
    let made = made.json();
    let secret = made["key"].as_str().expect("a key").to_owned();
    assert!(secret.starts_with("purser_"));
    let listed = purser.run(["key", "list", "--tenant", "acme", "--json"]).done();
    assert!(!listed.stdout.contains(&secret));
    let listed = listed.json();
    assert_eq!(listed["keys"][0]["id"], made["id"]);
    assert_eq!(listed["keys"][0]["role"], "ingest");
    let id = made["id"].as_str().expect("an id");
    purser.run(["key", "revoke", id, "--tenant", "acme"]).done();
    let listed = purser.run(["key", "list", "--tenant", "acme", "--json"]).done().json();
    assert!(listed["keys"][0]["revoked_at"].is_string());
    assert_eq!(purser.run(["key", "revoke", "key_none", "--tenant", "acme"]).code, 4);
}

#[test]
fn without_json_the_secret_alone_is_data() {
    let purser = Purser::new();
    let made = purser.run(["key", "create", "--tenant", "acme", "--role", "admin"]).done();
    assert_eq!(made.stdout.lines().count(), 1);
    assert!(made.stdout.starts_with("purser_"));
}

#[test]
fn a_tenant_is_made_once_and_its_calendar_checked() {
    let purser = Purser::new();
    purser.run(["tenant", "create", "acme", "--zone", "Europe/Berlin", "--anchor", "15"]).done();
    let again = purser.run(["tenant", "create", "acme"]);
    assert_eq!(again.code, 5, "{}", again.stderr);
    let wrong = purser.run(["tenant", "set", "acme", "--zone", "Mars/Olympus"]);
    assert_eq!(wrong.code, 3);
    assert!(wrong.stderr.contains("zone"), "{}", wrong.stderr);
    assert_eq!(purser.run(["tenant", "set", "acme", "--anchor", "29"]).code, 3);
    let set = purser.run(["tenant", "set", "acme", "--week-start", "Sunday", "--json"]).done().json();
    assert_eq!(
        set,
        serde_json::json!({"id": "acme", "zone": "Europe/Berlin", "week_start": "sunday", "anchor_day": 15})
    );
    assert_eq!(purser.run(["tenant", "set", "nobody", "--anchor", "2"]).code, 4);
}

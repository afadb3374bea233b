//! The price book's updates, from a server on loopback and from files.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::support::{Purser, command, run};

/// A catalogue in LiteLLM's form with one model of a provider that ships.
fn litellm(input: &str) -> String {
    format!(
        r#"{{"jamba-mini-1.7": {{"litellm_provider": "ai21", "input_cost_per_token": {input}, "output_cost_per_token": 4e-07}}}}"#
    )
}

/// Serves `body` to every request, until the test ends.
fn serve(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4_096]).expect("a request");
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).expect("an answer");
        }
    });
    format!("http://{address}/catalogue.json")
}

fn shown(purser: &Purser) -> Vec<Value> {
    let shown = purser.run(["prices", "show", "ai21/jamba-mini-1.7", "--json"]).done().json();
    shown["prices"].as_array().expect("prices").clone()
}

#[test]
fn an_update_is_shown_applied_with_a_date_and_then_found_done() {
    let purser = Purser::new();
    let before = shown(&purser);
    assert_eq!(before.len(), 1, "{before:?}");
    let address = serve(litellm("3e-07"));
    let update = |more: &[&str]| purser.run([&["prices", "update", "--json", "--source", &address], more].concat());

    let planned = update(&["--dry-run"]).done().json();
    assert_eq!(planned["book_version"], Value::Null);
    let change = &planned["changes"][0];
    assert_eq!((&change["model"], &change["field"]), (&"jamba-mini-1.7".into(), &"standard.input".into()));
    assert_eq!((&change["before"], &change["after"]), (&"0.2".into(), &"0.3".into()));
    assert_eq!(shown(&purser), before, "a dry run changes nothing");

    let done = update(&[]).done().json();
    assert_eq!(done["book_version"], 1);
    let after = shown(&purser);
    assert_eq!(after.len(), 2);
    assert_eq!(after[0]["effective_to"], after[1]["effective_from"], "what held before ends where the new one begins");
    assert_eq!(after[0]["tiers"], before[0]["tiers"], "the past keeps its prices");
    let again = update(&[]).done().json();
    assert_eq!(again["changes"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_rate_that_moves_too_far_is_refused_unless_asked_for() {
    let purser = Purser::new();
    let file = purser.file("catalogue.json", &litellm("2e-05"));
    let file = file.to_str().expect("a name");
    let ran = purser.run(["prices", "update", "--json", "--source", file]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let reason = ran.json()["refused"][0]["reason"].as_str().expect("a reason").to_owned();
    assert_eq!(reason, "standard.input moves from 0.2 to 20, by more than 3 times");
    assert_eq!(shown(&purser).len(), 1);
    purser.run(["prices", "update", "--accept-outliers", "--source", file]).done();
    assert_eq!(shown(&purser).len(), 2);
}

#[test]
fn addresses_checksums_and_limits_are_settings() {
    let purser = Purser::new();
    let address = serve(litellm("3e-07"));
    let with = |more: &str| {
        purser.file("purser.toml", &format!("[prices]\nsources = [\"{address}\"]\n{more}"));
        run(command(&purser.path("")).args(["prices", "update", "--dry-run", "--json"]))
    };
    assert_eq!(with("").done().json()["changes"].as_array().map(Vec::len), Some(1));
    let wrong = with(&format!("sha256 = [\"{}\"]\n", "0".repeat(64)));
    assert!(wrong.code != 0 && wrong.stderr.contains("SHA-256"), "{}", wrong.stderr);
    let large = with("max_bytes = 10\n");
    assert!(large.code == 3 && large.stderr.contains("larger than 10 bytes"), "{}", large.stderr);
    let odd = with("outlier_factor = 1\n");
    assert!(odd.code == 2 && odd.stderr.contains("prices.outlier_factor"), "{}", odd.stderr);
}

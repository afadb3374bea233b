//! The command line itself: help, errors, exit codes, streams.

use crate::support::{Purser, command, run};

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    let purser = Purser::new();
    insta::assert_snapshot!(purser.run(["--help"]).done().stdout);
}

#[test]
fn every_command_has_help() {
    let purser = Purser::new();
    for arguments in [
        "serve",
        "demo",
        "tenant create",
        "tenant list",
        "tenant set",
        "key create",
        "key list",
        "key revoke",
        "import",
        "usage void",
        "ledger flush",
        "ledger optimize",
        "ledger vacuum",
        "ledger stats",
        "ledger verify",
        "cost",
        "export",
        "prices list",
        "prices show",
        "prices import",
        "prices update",
        "prices diff",
        "prices check",
        "prices override set",
        "prices override list",
        "prices override end",
        "prices discount set",
        "prices discount list",
        "prices discount end",
        "prices rerate",
        "prices unpriced",
        "what-if",
        "calibrate",
        "simulate",
        "simulate backtest",
        "provenance query",
        "provenance show",
        "provenance replay",
        "provenance verify",
        "config show",
        "config check",
    ] {
        let ran = purser.run(arguments.split(' ').chain(["--help"])).done();
        assert!(ran.stdout.contains("Usage: purser"), "{arguments}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_why() {
    let purser = Purser::new();
    for (arguments, expected) in [
        (vec!["cost"], "--tenant"),
        (vec!["cost", "--tenant", "a b"], "is not a tenant id"),
        (vec!["cost", "--tenant", "acme", "--by", "colour"], "is none of provider"),
        (vec!["cost", "--tenant", "acme", "--grain", "year"], "is not hour, day, week or month"),
        (vec!["key", "create", "--tenant", "acme", "--role", "king"], "is not ingest, read, operate or admin"),
        (vec!["import", "x.csv", "--tenant", "acme", "--format", "xls"], "xls"),
        (vec!["import", "x.csv", "--tenant", "acme", "--format", "csv", "--map", "colour=x"], "is none of event_id"),
        (vec!["usage", "void", "--tenant", "acme", "--reason", "x"], "--import"),
        (vec!["serve", "--tls-cert", "a.pem"], "--tls-key"),
        (vec!["serve", "--listen", "0.0.0.0:0"], "--tls-cert"),
    ] {
        let ran = purser.run(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn what_is_missing_ends_with_4_and_names_the_way_on() {
    let purser = Purser::new();
    let ran = purser.run(["cost", "--tenant", "nobody"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("purser tenant create nobody"), "{}", ran.stderr);
    let ran = purser.run(["import", "nowhere.csv", "--tenant", "acme", "--format", "csv"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("nowhere.csv"), "{}", ran.stderr);
    let ran = purser.run(["prices", "show", "no-such-model"]);
    assert_eq!(ran.code, 4);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let purser = Purser::new();
    let binary = assert_cmd::cargo::cargo_bin!("purser");
    let line =
        format!("'{}' prices list --json --data-dir '{}' | head -1", binary.display(), purser.path("data").display());
    let output = std::process::Command::new("bash").args(["-o", "pipefail", "-c", &line]).output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_version_is_data() {
    let ran = run(command(std::path::Path::new("/")).arg("--version")).done();
    assert_eq!(ran.stdout, format!("purser {}\n", env!("CARGO_PKG_VERSION")));
}

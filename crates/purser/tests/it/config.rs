//! Settings: layers, origins, refusals.

use crate::support::{Purser, command, run};

#[test]
fn show_names_the_origin_of_every_value() {
    let purser = Purser::new();
    purser.file("purser.toml", "log = \"debug\"\nlisten = \"127.0.0.1:9000\"\n");
    let ran = run(command(&purser.path("")).env("PURSER__LISTEN", "127.0.0.1:9001").args([
        "config",
        "show",
        "--json",
        "--no-otlp",
        "--database",
        "postgres://me:secret@db/purser",
    ]))
    .done();
    let shown = ran.json();
    assert_eq!(shown["listen"]["value"], "127.0.0.1:9001");
    assert_eq!(shown["listen"]["origin"], "environment PURSER__LISTEN");
    assert!(shown["log"]["origin"].as_str().is_some_and(|origin| origin.ends_with("purser.toml")), "{}", shown["log"]);
    assert_eq!(shown["otlp"]["origin"], "flag --no-otlp");
    assert_eq!(shown["data_dir"]["origin"], "default");
    assert_eq!(shown["database"]["value"], "postgres://me:***@db/purser");
}

#[test]
fn an_unknown_key_is_refused_wherever_it_stands() {
    let purser = Purser::new();
    let ran = run(command(&purser.path("")).env("PURSER__LISTNE", "x").args(["config", "check"]));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("listne"), "{}", ran.stderr);
    purser.file("own.toml", "[otlp]\nport = 1\n");
    let ran = run(command(&purser.path("")).args(["config", "check", "--config", "own.toml"]));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("otlp"), "{}", ran.stderr);
    let ran = run(command(&purser.path("")).args(["config", "check", "--config", "absent.toml"]));
    assert_eq!(ran.code, 2);
}

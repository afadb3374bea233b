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

#[test]
fn the_replaced_simulators_variables_are_read_and_checked_at_the_start() {
    let purser = Purser::new();
    let ran = run(command(&purser.path(""))
        .env("COSTSIM_V2_SANDBOX", "True")
        .env("COSTSIM_DRIFT_THRESHOLD", "0.3")
        .env("PURSER__COSTSIM__DRIFT_THRESHOLD", "0.4")
        .args(["config", "show", "--json"]))
    .done();
    let shown = ran.json();
    assert_eq!(shown["costsim.v2_sandbox"]["value"], true);
    assert_eq!(shown["costsim.v2_sandbox"]["origin"], "environment COSTSIM_V2_SANDBOX");
    assert_eq!(shown["costsim.drift_threshold"]["value"], 0.4);
    assert_eq!(shown["costsim.drift_threshold"]["origin"], "environment PURSER__COSTSIM__DRIFT_THRESHOLD");
    assert_eq!(shown["costsim.shadow_wait_ms"]["value"], 20);
    assert_eq!(shown["costsim.shadow_wait_ms"]["origin"], "default");
    for (name, value) in [
        ("COSTSIM_V2_SANDBOX", "1"),
        ("COSTSIM_DRIFT_THRESHOLD", "high"),
        ("COSTSIM_V2_SANBOX", "true"),
        ("PURSER__COSTSIM__SHADOW_QUEUE", "0"),
        ("PURSER__COSTSIM__MODEL", "v9"),
        ("PURSER__COSTSIM__DATASETS", "/no/such/directory"),
    ] {
        let ran = run(command(&purser.path("")).env(name, value).args(["config", "check"]));
        assert_eq!(ran.code, 2, "{name}={value}");
        let named = ran.stderr.to_lowercase();
        let key = name.rsplit("__").next().unwrap_or_default().to_lowercase();
        assert!(named.contains(&key), "{name}={value}: {}", ran.stderr);
    }
}

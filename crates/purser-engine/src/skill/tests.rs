use super::*;

fn shipped() -> Catalogue {
    parse(SHIPPED).expect("the shipped catalogue is sound")
}

#[test]
fn the_shipped_catalogue_knows_ten_skills_under_both_models() {
    let catalogue = shipped();
    let both = catalogue.skills.values().filter(|skill| skill.v1.is_some() && skill.v2.is_some()).count();
    let runtime = catalogue.skills.values().filter(|skill| skill.runtime.is_some()).count();
    let scenario = catalogue.skills.values().filter(|skill| skill.scenario.is_some()).count();
    assert_eq!((both, runtime, scenario), (10, 7, 5));
    assert_eq!(catalogue.hash.len(), 64);
}

#[test]
fn a_tenants_row_replaces_a_row_whole_and_changes_the_hash() {
    let base = shipped();
    let rows = parse_overrides(
        br#"{"llm_invoke": {"v1": {"cost_cents": 2, "latency_ms": 900,
             "risk": {"name": "rate_limit", "mode": "rate_limited", "probability": 0.01}}},
            "own_tool": {"v2": {"cost_cents": 1.5}}}"#,
    )
    .expect("a literal of this test");
    let merged = overridden(&base, &rows).expect("the rows are sound");
    let row = &merged.skills["llm_invoke"];
    assert_eq!(row.v1.as_ref().map(|v1| v1.cost_cents), Some(2));
    assert_eq!((&row.v2, &row.runtime, row.failures.len()), (&None, &None, 0));
    // What a row leaves out is the model's fallback: latency 500, confidence 0.70, no risk.
    let own = merged.skills["own_tool"].v2.as_ref().expect("it was given");
    assert_eq!((own.cost_cents, own.latency_ms, own.confidence, own.risks.len()), (1.5, 500.0, 0.70, 0));
    assert_ne!(merged.hash, base.hash);
    assert_eq!(overridden(&base, &BTreeMap::new()).map(|same| same.hash), Ok(base.hash));
}

#[test]
fn what_is_out_of_range_is_named_by_path() {
    let text = String::from_utf8(SHIPPED.to_vec()).expect("JSON is text");
    let bad = text
        .replacen("\"latency_ms\": 350.0", "\"latency_ms\": -1", 1)
        .replacen("\"probability\": 0.05", "\"probability\": 1.5", 1)
        .replacen("\"mode\": \"rate_limited\"", "\"mode\": \"bad_luck\"", 1)
        .replacen("\"prompt_chars_per_cent\": 1000", "\"prompt_chars_per_cent\": 0", 1);
    let fields: Vec<String> =
        parse(bad.as_bytes()).expect_err("it is not sound").into_iter().map(|e| e.field).collect();
    assert_eq!(
        fields,
        [
            "skills.http_call.v2.latency_ms",
            "skills.http_call.failures[2].probability",
            "skills.llm_invoke.v1.risk.mode",
            "skills.llm_invoke.v1.prompt_chars_per_cent",
        ]
    );
    assert_eq!(parse(b"{\"version\": 1}").expect_err("not a catalogue")[0].field, "catalogue");
    let unknown_field = text.replacen("\"v1\":", "\"v9\":", 1);
    assert!(parse(unknown_field.as_bytes()).expect_err("v9")[0].reason.contains("unknown field `v9`"));
}

#[test]
fn drivers_pass_through_and_count_in_the_hash() {
    let text = String::from_utf8(SHIPPED.to_vec()).expect("JSON is text");
    let with = text.replacen('{', "{\"drivers\": {\"llm_invoke\": {}},", 1);
    let with = parse(with.as_bytes()).expect("drivers are optional");
    assert!(with.drivers.is_some());
    assert_ne!(with.hash, shipped().hash);
}

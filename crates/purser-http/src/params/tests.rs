use super::*;

fn reasons(failure: &Failure) -> Vec<(String, String)> {
    failure.problem("r").fields.into_iter().map(|field| (field.field, field.reason)).collect()
}

#[test]
fn unknown_and_repeated_parameters_are_refused_by_name_together() {
    let mut params = Params::parse("limit=5&limit=6&bogus=1&from=2026-01-01T00:00:00&to=2026-01-02T00:00:00Z");
    params.optional_number("limit", 1..=10);
    params.window();
    let failure = params.finish().expect_err("three bad parameters");
    let names: Vec<String> = reasons(&failure).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["limit", "from", "bogus"]);
    assert!(reasons(&failure)[1].1.contains("has no offset"), "{failure:?}");
}

#[test]
fn a_window_needs_both_ends_in_order() {
    for (raw, named) in [
        ("from=2026-01-01T00:00:00Z", "to"),
        ("to=2026-01-01T00:00:00Z", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "from"),
    ] {
        let mut params = Params::parse(raw);
        assert_eq!(params.window(), None);
        assert_eq!(reasons(&params.finish().expect_err(raw))[0].0, named, "{raw}");
    }
    let mut params = Params::parse("from=2026-01-01T00:00:00%2B01:00&to=2026-01-02T00:00:00Z");
    assert!(params.window().is_some());
    assert!(params.finish().is_ok());
}

#[test]
fn filters_may_repeat_and_an_empty_value_means_none() {
    let mut params = Params::parse("model=a&model=b&tag:team=x&feature=");
    let filters = params.filters();
    assert_eq!(filters.len(), 3);
    assert_eq!(filters[0].values, [Some("a".to_owned()), Some("b".to_owned())]);
    assert_eq!(filters[1].dimension, Dimension::Tag("team".to_owned()));
    assert_eq!(filters[2].values, [Some(String::new()), None]);
    assert!(params.finish().is_ok());
}

#[test]
fn flags_and_choices_are_exact() {
    let mut params = Params::parse("zero_fill=1&scope=everything");
    assert!(!params.flag("zero_fill", false));
    assert_eq!(params.one_of("scope", &["org", "project", "env"]), "org");
    assert_eq!(reasons(&params.finish().expect_err("two bad values")).len(), 2);
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    assert!(Params::parse("model=%ff").finish().is_err());
}

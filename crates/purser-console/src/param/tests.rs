//! What query strings mean, and which are refused in which words.

use super::*;

fn date(text: &str) -> Date {
    text.parse().expect("a literal of this test")
}

#[test]
fn an_empty_query_asks_for_the_last_seven_days() {
    for query in ["", "range=&from=&to=&grain=&zone=&model="] {
        assert_eq!(Parsed::read(query), Parsed::default());
    }
    assert_eq!(Params::default().to_string(), "/overview?range=7d");
}

#[test]
fn a_question_survives_its_own_address() {
    let query =
        "from=2026-11-02&to=2026-11-04&grain=hour&zone=Europe%2FBerlin&model=gpt-5&model=a%26b%3Dc&without=user";
    let parsed = Parsed::read(query);
    assert_eq!(parsed.errors, []);
    let range = Range::Custom { first: date("2026-11-02"), last: Some(date("2026-11-04")) };
    assert_eq!(parsed.params.range, range);
    assert_eq!(parsed.params.grain, Some(Grain::Hour));
    let filters = parsed.params.domain_filters();
    assert_eq!(
        filters,
        [
            Filter { dimension: Dimension::Model, values: vec![Some("gpt-5".into()), Some("a&b=c".into())] },
            Filter { dimension: Dimension::User, values: vec![None] },
        ]
    );
    assert_eq!(parsed.params.to_string(), format!("/overview?{query}"));
    assert_eq!(Parsed::read(query).params, parsed.params);
}

#[test]
fn every_refused_parameter_is_named_with_its_value() {
    let check = |query: &str, expected: &[&str]| {
        let errors: Vec<String> = Parsed::read(query).errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors, expected, "{query}");
    };
    check("rang=7d", &[r#"rang: is not a parameter of this page (got "7d")"#]);
    check("range=8d", &[r#"range: must be 24h, 7d, 30d or custom (got "8d")"#]);
    check(
        "grain=minute&zone=Mars",
        &[
            r#"grain: must be hour, day, week or month (got "minute")"#,
            r#"zone: is not an IANA time zone such as Europe/Berlin (got "Mars")"#,
        ],
    );
    check("from=20.11.2026", &[r#"from: must be a date such as 2026-11-20 (got "20.11.2026")"#]);
    check("from=2026-11-20T00:00", &[r#"from: must be a date such as 2026-11-20 (got "2026-11-20T00:00")"#]);
    check("from=1999-01-01", &[r#"from: must lie between 2015 and 2200 (got "1999-01-01")"#]);
    check("range=custom", &[r#"from: is needed with a range of its own (got "")"#]);
    check("to=2026-11-20", &[r#"from: is needed with to (got "")"#]);
    check("from=2026-11-20&to=2026-11-19", &[r#"to: lies before from, 2026-11-20 (got "2026-11-19")"#]);
    check("grain=day&grain=hour", &[r#"grain: is given twice (got "hour")"#]);
    check(
        "without=run",
        &[r#"without: must be one of provider, model, feature, user, agent, project, environment (got "run")"#],
    );
    check("model=a%00b", &[r#"model: has a control character (got "a\0b")"#]);
}

#[test]
fn dates_win_over_a_named_range_and_a_new_range_chooses_its_own_grain() {
    let parsed = Parsed::read("range=30d&from=2026-11-18&grain=hour");
    assert_eq!(parsed.params.range, Range::Custom { first: date("2026-11-18"), last: None });
    assert_eq!(parsed.params.with_range(Range::Last24h).to_string(), "/overview?range=24h");
}

#[test]
fn narrowing_replaces_a_dimension_and_widening_drops_one_value() {
    let params = Parsed::read("model=a&model=b&user=u1").params;
    assert_eq!(params.narrowed(&Dimension::Model, Some("c")).to_string(), "/overview?range=7d&user=u1&model=c");
    assert_eq!(params.widened(&Dimension::Model, Some("a")).to_string(), "/overview?range=7d&model=b&user=u1");
    assert_eq!(params.narrowed(&Dimension::User, None).widened(&Dimension::User, None).filters.len(), 2);
    assert_eq!(params.unfiltered().to_string(), "/overview?range=7d");
}

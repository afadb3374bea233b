//! The chart of three hand-made days.

use serde_json::Value;

use super::*;
use crate::view::sample;

fn chart() -> Chart {
    Chart::new(&Params::default(), &sample::figures())
}

#[test]
fn the_key_lists_models_by_cost_and_the_rest_last() {
    let chart = chart();
    let series: Vec<_> = chart
        .series
        .iter()
        .map(|series| (series.class.as_str(), series.name.as_str(), series.cost.text.as_str(), series.share.as_deref()))
        .collect();
    // 1,200.5 + 34.0678 = 1,234.5678; 0.0312499 + 0.5 = 0.5312499; the whole is 1,237.0990499.
    assert_eq!(
        series,
        [
            ("series-0", "claude-sonnet-4-5", "$1,234.57", Some("99.8\u{a0}%")),
            ("series-1", "gpt-5-mini", "$0.5312", Some("<0.1\u{a0}%")),
            ("series-rest", "All others", "$2.00", Some("0.2\u{a0}%")),
        ],
        "a model without a cost has no bar; what it leaves out stands under \"usage without a price\""
    );
    assert_eq!(chart.total.exact, "$1,237.0990499");
    assert_eq!(chart.series[1].href, "/overview?range=7d&model=gpt-5-mini");
    assert_eq!(chart.series[2].href, "", "the rest cannot be asked for by name");
}

#[test]
fn the_table_has_every_bucket_and_adds_up_exactly() {
    let chart = chart();
    let rows: Vec<(&str, Vec<&str>, &str)> = chart
        .rows
        .iter()
        .map(|row| {
            let cells = row.cells.iter().map(|cell| cell.exact.as_str()).collect();
            (row.name.as_str(), cells, row.total.exact.as_str())
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("Wed 18 Nov 2026", vec!["$1,200.50", "$0.0312499", "$0.00"], "$1,200.5312499"),
            ("Thu 19 Nov 2026", vec!["$34.0678", "$0.00", "$2.00"], "$36.0678"),
            ("Fri 20 Nov 2026", vec!["$0.00", "$0.50", "$0.00"], "$0.50"),
        ]
    );
    let sum: Money = chart.rows.iter().map(|row| sample::money(&row.total.value)).sum();
    assert_eq!(sum, sample::money(&chart.total.value));
    assert_eq!(chart.caption, "Highest day: Wed 18 Nov 2026, $1,200.53. The last day is not over.");
}

#[test]
fn the_figure_is_what_the_chart_library_reads_and_cannot_leave_its_element() {
    let mut figures = sample::figures();
    figures.by_time.rows[0].keys = vec![Some("</script><b>".to_owned())];
    let chart = Chart::new(&Params::default(), &figures);
    assert!(!chart.json.contains('<'), "no markup survives");
    let figure: Value = serde_json::from_str(&chart.json).expect("the figure is JSON");
    assert_eq!(figure["data"][0]["name"], "&lt;/script&gt;&lt;b&gt;", "the chart library reads tags in names");
    assert_eq!(figure["data"][0]["type"], "bar");
    assert_eq!(figure["data"][0]["y"], serde_json::json!([1200.5, null, null]));
    assert_eq!(figure["data"][0]["x"][0], "Wed 18 Nov 2026: $1,200.53");
    assert_eq!(figure["layout"]["barmode"], "relative");
    assert_eq!(figure["layout"]["xaxis"]["ticktext"], serde_json::json!(["18 Nov", "19 Nov", "20 Nov"]));
}

#[test]
fn labels_stand_on_round_times_and_are_few() {
    let calendar = sample::figures().calendar;
    let labels = |from: &str, to: &str, grain: Grain| -> Vec<String> {
        let window = purser_domain::time::Window { from: sample::at(from), to: sample::at(to) };
        let starts: Vec<_> = calendar.buckets(window, grain).collect();
        ticks(&calendar, grain, &starts).into_iter().map(|index| when::tick(&calendar, starts[index], grain)).collect()
    };
    assert_eq!(
        labels("2026-11-19T10:00:00Z", "2026-11-20T09:30:00Z", Grain::Hour),
        ["12:00", "15:00", "18:00", "21:00", "20 Nov", "03:00", "06:00", "09:00"]
    );
    assert_eq!(labels("2026-11-17T23:00:00Z", "2026-11-20T23:00:00Z", Grain::Hour), ["18 Nov", "19 Nov", "20 Nov"]);
    assert_eq!(labels("2026-10-22T22:00:00Z", "2026-11-20T23:00:00Z", Grain::Day).len(), 8);
}

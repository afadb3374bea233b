//! Domain queries as the parameters of `GET /api/v1/usage/query` and `GET /api/v1/provenance`.

use purser_api::domain::provenance::{self, Page};
use purser_api::domain::usage_query::{Dimension, Metric, Query};

/// The parameters that ask `query`.
pub(crate) fn parameters(query: &Query) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut push = |name: &str, value: String| parameters.push((name.to_owned(), value));
    if let Some(window) = query.window {
        push("from", window.from.to_string());
        push("to", window.to.to_string());
    }
    if let Some(as_of) = query.as_of {
        push("as_of", as_of.to_string());
    }
    if let Some(grain) = query.grain {
        push("grain", format!("{grain:?}").to_lowercase());
    }
    if !query.by.is_empty() {
        push("group_by", query.by.iter().map(Dimension::name).collect::<Vec<_>>().join(","));
    }
    if query.metrics != Metric::all() {
        let names: Vec<&str> = query.metrics.iter().map(|metric| metric.name()).collect();
        push("metrics", if names.is_empty() { "cost".to_owned() } else { names.join(",") });
    }
    if let Some(top) = query.top {
        push("top", top.to_string());
    }
    if query.zero_fill {
        push("zero_fill", "true".to_owned());
    }
    for filter in &query.filters {
        for value in &filter.values {
            push(&filter.dimension.name(), value.clone().unwrap_or_default());
        }
    }
    parameters
}

/// The parameters that ask for the records that pass `filter`, a page of them if one is named.
pub(crate) fn provenance(filter: &provenance::Filter, page: Option<Page>) -> Vec<(&'static str, String)> {
    let provenance::Filter { variant, source, status, input_hash, run_id, start, end } = filter;
    let given = [
        ("variant", variant.map(|variant| variant.name().to_owned())),
        ("source", source.map(|source| source.name().to_owned())),
        ("status", status.map(|status| status.name().to_owned())),
        ("input_hash", input_hash.map(|hash| hash.to_string())),
        ("run_id", run_id.clone()),
        ("from", start.map(|start| start.to_string())),
        // The parameter is the first moment after, the filter's end the last inside.
        ("to", end.map(|end| end.plus_micros(1).to_string())),
        ("limit", page.map(|page| page.limit.to_string())),
        ("offset", page.map(|page| page.offset.to_string())),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use purser_api::domain::usage_query::Filter;

    use super::*;

    #[test]
    fn filters_of_provenance_are_spelled_out() {
        let at = |text: &str| text.parse().ok();
        let filter = provenance::Filter {
            variant: Some(provenance::Variant::V3),
            run_id: Some("r".to_owned()),
            start: at("2026-11-20T00:00:00Z"),
            end: at("2026-11-20T23:59:59.999999Z"),
            ..provenance::Filter::default()
        };
        let spelled: Vec<String> = provenance(&filter, Some(Page { limit: 5, offset: 10 }))
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let ends = ["from=2026-11-20T00:00:00Z", "to=2026-11-21T00:00:00Z"];
        assert_eq!(spelled, ["variant=v3", "run_id=r", ends[0], ends[1], "limit=5", "offset=10"]);
    }

    #[test]
    fn a_query_is_spelled_out() {
        let query = Query {
            by: vec![Dimension::Model, Dimension::Tag("team".to_owned())],
            filters: vec![Filter { dimension: Dimension::User, values: vec![Some("u1".to_owned()), None] }],
            metrics: Vec::new(),
            top: Some(3),
            ..Query::default()
        };
        let spelled: Vec<String> =
            parameters(&query).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(spelled, ["group_by=model,tag:team", "metrics=cost", "top=3", "user=u1", "user="]);
    }
}

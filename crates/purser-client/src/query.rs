//! A domain query as the parameters of `GET /api/v1/usage/query`.

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
        let names: Vec<&str> = query.metrics.iter().map(name).collect();
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

const fn name(metric: &Metric) -> &'static str {
    match metric {
        Metric::Requests => "requests",
        Metric::Leaf(leaf) => leaf.quantity_name(),
        Metric::Errors => "errors",
        Metric::Latency => "latency",
    }
}

#[cfg(test)]
mod tests {
    use purser_api::domain::usage_query::Filter;

    use super::*;

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

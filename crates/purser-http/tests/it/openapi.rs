//! The OpenAPI document, and the list of operations that other tests walk over.

use axum::http::Method;
use purser_test::{Ask, TestApp};
use serde_json::Value;

/// One operation of the document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) description: Value,
}

impl Operation {
    /// Whether it can be called without a key.
    pub(crate) fn is_public(&self) -> bool {
        self.description["security"].as_array().is_some_and(|all| all.iter().any(|one| one == &serde_json::json!({})))
    }

    /// The path with `id` in place of every parameter.
    pub(crate) fn path_with(&self, id: &str) -> String {
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
        parts.collect::<Vec<_>>().join("/")
    }

    /// Its name, for messages.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Every operation of the document.
pub(crate) fn operations() -> Vec<Operation> {
    let document = purser_http::document();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, description) in item.as_object().expect("a path item") {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
                operations.push(Operation { method, path: path.clone(), description: description.clone() });
            }
        }
    }
    operations
}

#[tokio::test]
async fn the_document_is_served_without_a_key_and_names_every_operation() {
    let app = TestApp::start().await;
    let document = app.send(Ask::get("/api/v1/openapi.json").build()).await.expect(200).json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    assert!(operations().len() >= 48, "{}", operations().len());
    let mut ids: Vec<String> = operations()
        .iter()
        .map(|operation| operation.description["operationId"].as_str().unwrap_or_default().to_owned())
        .collect();
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids are unique");
    assert!(ids.iter().all(|id| id.contains('.')), "{ids:?}");
}

#[tokio::test]
async fn every_documented_operation_is_routed() {
    let app = TestApp::start().await;
    for operation in operations() {
        let reply = app.ask(Ask::new(operation.method.clone(), &operation.path_with("none.such"))).await;
        let body = reply.json();
        assert!(reply.status != 405 && body["detail"] != "there is no such route", "{} {body}", operation.name());
    }
}

#[test]
fn every_reference_in_the_document_resolves() {
    let document = purser_http::document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}

#[test]
fn errors_are_problem_documents_and_schemas_are_apart() {
    let document = purser_http::document();
    let refused = &document["paths"]["/api/v1/usage/query"]["get"]["responses"];
    for status in ["401", "422", "default"] {
        assert!(refused[status]["content"]["application/problem+json"].is_object(), "{status} {refused}");
    }
    let schemas = &document["components"]["schemas"];
    assert!(schemas["UsageTotals"]["properties"]["cost_usd"].is_object(), "{}", schemas["UsageTotals"]);
    assert!(schemas["AnalyticsUsageTotals"]["properties"]["compute_units"].is_object());
}

//! What each role may do, for every operation of the OpenAPI document.

use axum::http::Method;
use purser_domain::api_key::Role;
use purser_test::{ACME, Ask, TestApp};

use crate::openapi::{Operation, operations};

/// The roles that an operation lets in.
fn allowed(operation: &Operation) -> fn(Role) -> bool {
    let receivers = ["/v1/traces", "/v1/logs", "/v1/metrics", "/api/public/otel/v1/traces"];
    let sends = ["/api/v1/events", "/api/v1/litellm", "/api/v1/cost/record", "/api/v1/usage/events"];
    let path = operation.path.as_str();
    let asks =
        ["/api/v1/costsim/", "/api/v1/what-if", "/api/v1/provenance"].iter().any(|start| path.starts_with(start))
            || path.contains("/simulate");
    if asks && path != "/api/v1/provenance/backfill" {
        return Role::may_read;
    }
    if operation.method == Method::GET && path != "/api/v1/keys" {
        Role::may_read
    } else if receivers.contains(&path) || sends.contains(&path) || path.starts_with("/api/v1/usage/imports") {
        Role::may_ingest
    } else if path.starts_with("/api/v1/cost/features")
        || path.starts_with("/api/v1/scenarios")
        || path == "/api/v1/artifacts"
        || path == "/api/v1/reconciliations"
        || path == "/api/v1/calibrations"
        || path == "/api/v1/provenance/backfill"
        || path == "/api/v1/usage/void"
    {
        Role::may_operate
    } else {
        Role::may_admin
    }
}

#[tokio::test]
async fn every_operation_lets_in_the_roles_it_should() {
    let app = TestApp::start().await;
    for operation in operations().into_iter().filter(|operation| !operation.is_public()) {
        let may = allowed(&operation);
        for role in Role::ALL {
            let ask = Ask::new(operation.method.clone(), &operation.path_with("none.such"));
            let reply = app.ask_as(ACME, role, ask).await;
            let refused = reply.status == 403;
            assert_eq!(refused, !may(role), "{} as {} answers {}", operation.name(), role.name(), reply.text());
        }
    }
}

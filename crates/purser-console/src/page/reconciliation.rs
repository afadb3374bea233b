//! Bills held against what was charged: the list, and one of them by model.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use purser_service::{Error, Principal, Service};

use super::{problem, render};
use crate::Console;
use crate::session::SignedIn;
use crate::view::reconciliation::{Detail, Line};
use crate::view::shell::Shell;

/// How many reconciliations the list has.
const LISTED: u64 = 50;

#[derive(Template)]
#[template(path = "reconciliation.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
    detail: Option<Detail>,
}

/// `GET /reconciliations`
pub(crate) async fn show(
    State(console): State<Console>,
    SignedIn(who): SignedIn,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    // Without an id, the newest.
    match answer(&console.service, &who, asked.get("id").map(String::as_str)).await {
        Ok((lines, detail)) => {
            let shell = Shell::new("Reconciliation", Some(&who));
            render(StatusCode::OK, &Page { shell, lines, detail })
        }
        Err(error) => problem::show(Some(&who), &error),
    }
}

async fn answer(service: &Service, who: &Principal, id: Option<&str>) -> Result<(Vec<Line>, Option<Detail>), Error> {
    let calendar = service.calendar(who).await?;
    let found = service.reconciliations(who, LISTED, None).await?;
    let asked = match id {
        Some(id) => Some(service.reconciliation(who, id).await?),
        None => found.first().cloned(),
    };
    let shown = asked.as_ref().map(|recorded| recorded.id.as_str());
    let lines = found.iter().map(|recorded| Line::new(&calendar, recorded, shown == Some(&recorded.id))).collect();
    Ok((lines, asked.as_ref().map(Detail::new)))
}

//! What receivers read and did not charge, of the last 30 days.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use purser_service::{Error, Principal, Service};

use super::{problem, render};
use crate::Console;
use crate::session::SignedIn;
use crate::view::passed_over::Row;
use crate::view::shell::Shell;

/// How far back the page goes, microseconds.
const SPAN_MICROS: i64 = 30 * 86_400_000_000;

#[derive(Template)]
#[template(path = "passed_over.html")]
struct Page {
    shell: Shell,
    doubtful: Vec<Row>,
    others: Vec<Row>,
}

/// `GET /passed-over`
pub(crate) async fn show(State(console): State<Console>, SignedIn(who): SignedIn) -> Response {
    match answer(&console.service, &who).await {
        Ok((doubtful, others)) => {
            let shell = Shell::new("Not charged", Some(&who));
            render(StatusCode::OK, &Page { shell, doubtful, others })
        }
        Err(error) => problem::show(Some(&who), &error),
    }
}

async fn answer(service: &Service, who: &Principal) -> Result<(Vec<Row>, Vec<Row>), Error> {
    let calendar = service.calendar(who).await?;
    let records = service.passed_over(who, Some(service.now().plus_micros(-SPAN_MICROS))).await?;
    let (doubtful, others): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.kind.reason.is_doubtful());
    let rows = |records: Vec<_>| records.into_iter().map(|record| Row::new(&calendar, record)).collect();
    Ok((rows(doubtful), rows(others)))
}

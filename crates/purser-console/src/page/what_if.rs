//! What past usage would have cost with another model or a discount.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use purser_domain::usage_query::{Dimension, Query};
use purser_domain::what_if::Question;
use purser_service::error::Kind;
use purser_service::{Error, Principal, Service};

use super::{problem, render};
use crate::param::Params;
use crate::param::span::Span;
use crate::param::what_if::Parsed;
use crate::session::SignedIn;
use crate::view::shell::Shell;
use crate::view::what_if::{Form, WhatIf};
use crate::{Console, asset};

/// The most models that are offered while typing.
const MODELS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "what_if.html")]
struct Page {
    shell: Shell,
    form: Form,
    view: Option<Box<WhatIf>>,
    script: String,
    charts: String,
}

/// `GET /what-if`
pub(crate) async fn show(
    State(console): State<Console>,
    SignedIn(who): SignedIn,
    RawQuery(query): RawQuery,
) -> Response {
    match answer(&console.service, &who, &query.unwrap_or_default()).await {
        Ok((form, view)) => {
            let status = if form.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            let shell = Shell::new("What-if", Some(&who));
            let (script, charts) = (asset::SCRIPT.address(), asset::CHARTS.address());
            render(status, &Page { shell, form, view: view.map(Box::new), script, charts })
        }
        Err(error) => problem::show(Some(&who), &error),
    }
}

async fn answer(service: &Service, who: &Principal, query: &str) -> Result<(Form, Option<WhatIf>), Error> {
    let mut parsed = Parsed::read(query);
    let calendar = service.calendar(who).await?;
    let params = Params { range: parsed.range, ..Params::default() };
    let now = service.now();
    let span = Span::place(&params, &calendar, now).map_err(|error| Error::invalid(vec![error]))?;
    let used = Query {
        window: Some(span.window),
        by: vec![Dimension::Provider, Dimension::Model],
        metrics: Vec::new(),
        top: Some(MODELS_MAX),
        ..Query::default()
    };
    let used = service.usage_query(who, &used).await?;
    let mut question = Question {
        window: span.window,
        by: vec![Dimension::Feature],
        switches: parsed.switches(),
        discounts: parsed.discounts(),
        reprice_all: false,
        price_at: now,
    };
    question.reprice_all = !question.discounts.is_empty();
    let mut view = None;
    if parsed.errors.is_empty() && (question.reprice_all || !question.switches.is_empty()) {
        match service.what_if(who, &question, None).await {
            Ok(answer) => view = Some(WhatIf::new(&calendar, &question, &answer)),
            Err(error) if error.kind == Kind::Invalid => parsed.errors.extend(error.fields.into_iter().map(typed)),
            Err(error) => return Err(error),
        }
    }
    let book = service.prices(who).await?;
    Ok((Form::new(&parsed, &calendar, span.window, &used, book.iter().map(|(price, _)| price)), view))
}

/// The refusal under the field of the form.
fn typed(mut error: purser_domain::usage_event::FieldError) -> purser_domain::usage_event::FieldError {
    if error.field.starts_with("switch") {
        error.field = "with".to_owned();
    } else if error.field.starts_with("discount") {
        error.field = "discount".to_owned();
    }
    error
}

//! `POST /api/v1/what-if`: what past usage would have cost under other models or prices.

use axum::Json;
use axum::extract::State;
use purser_api::problem::Problem;
use purser_api::what_if::{WhatIfAnswer, WhatIfRequest};
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage_query::Dimension;
use purser_domain::what_if::{Question, Switch, parse_discount};

use crate::app::App;
use crate::auth::Reader;
use crate::body::Payload;
use crate::failure::{Failure, Reply};
use crate::fields::Fields;
use crate::params::NoParams;
use crate::refusal::BodyRefusals;

/// What the usage of a window would have cost with other models, discounts or prices; nothing is written.
#[utoipa::path(
    post, path = "/api/v1/what-if", tag = "simulation", operation_id = "what_if.ask",
    request_body = WhatIfRequest,
    responses(
        (status = 200, body = WhatIfAnswer), BodyRefusals, (status = 413, body = Problem),
        (status = 503, body = Problem)
    )
)]
pub(crate) async fn ask(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<WhatIfAnswer>> {
    let (question, prices) = read(Fields::read(&payload)?, app.service.now())?;
    let answer = app.service.what_if(&who, &question, prices.as_deref().map(str::as_bytes)).await?;
    Ok(Json(WhatIfAnswer::new(&question, &answer)))
}

fn read(mut fields: Fields, now: Timestamp) -> Reply<(Question, Option<String>)> {
    for name in ["from", "to"] {
        fields.require(name);
    }
    let (from, to) = (fields.time("from"), fields.time("to"));
    let window = from.zip(to).and_then(|(from, to)| Window::new(from, to));
    if let (Some(from), None, Some(_)) = (from, window, to) {
        fields.refuse("from", &from.to_string(), "must be before to");
    }
    let switches = fields.parsed_texts("switch", str::parse::<Switch>);
    let discounts = fields.parsed_texts("discount", parse_discount);
    let by = if fields.has("by") { fields.parsed_texts("by", str::parse) } else { vec![Dimension::Feature] };
    let prices = fields.document("prices");
    let price_at = fields.time("price_at").unwrap_or(now);
    fields.finish()?;
    let window = window.ok_or_else(|| Failure::malformed("from and to must not be null"))?;
    let reprice_all = prices.is_some() || !discounts.is_empty();
    Ok((Question { window, by, switches, discounts, reprice_all, price_at }, prices))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask_with(body: &str) -> Reply<(Question, Option<String>)> {
        read(Fields::parse(body.as_bytes())?, Timestamp::from_micros(0))
    }

    #[test]
    fn a_question_reads_all_its_parts() {
        let (question, prices) = ask_with(
            r#"{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","switch":["a=b"],"discount":["5"],
                "by":["model","tag:team"],"price_at":"2026-02-01T00:00:00Z"}"#,
        )
        .expect("a good question");
        assert_eq!(question.by, [Dimension::Model, Dimension::Tag("team".to_owned())]);
        assert_eq!((question.switches.len(), question.discounts[0].percent_milli), (1, 5_000));
        assert!(question.reprice_all && prices.is_none());
    }

    #[test]
    fn every_bad_part_is_named() {
        let failure = ask_with(
            r#"{"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z","switch":["a","b=c"],"discount":["x=1x"],
                "by":["colour"],"prices":7,"more":1}"#,
        )
        .expect_err("bad");
        let names: Vec<String> = failure.problem("r").fields.into_iter().map(|field| field.field).collect();
        assert_eq!(names, ["from", "switch[0]", "discount[0]", "by[0]", "prices", "more"]);
    }
}

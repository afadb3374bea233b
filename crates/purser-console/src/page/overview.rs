//! The overview: what was spent, how that changed, and on what.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use jiff::tz::TimeZone;
use purser_domain::time::Calendar;
use purser_service::usage_query::State as Fresh;
use purser_service::{Error, Principal, Service};

use self::load::Asked;
use super::{problem, render};
use crate::param::Parsed;
use crate::param::span::Span;
use crate::session::SignedIn;
use crate::view::form::{Form, Known};
use crate::view::overview::Overview;
use crate::view::passed_over;
use crate::view::shell::Shell;
use crate::view::zone;
use crate::{Console, asset, guard};

mod load;

/// How far back the note on what was not charged looks, microseconds.
const WEEK_MICROS: i64 = 7 * 86_400_000_000;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    shell: Shell,
    form: Form,
    /// That something was not charged, if so.
    note: Option<String>,
    body: Body,
    script: String,
    charts: String,
}

/// What stands under the form.
enum Body {
    /// The figures.
    Figures(Box<Overview>),
    /// Nothing was ever received: how to send something, to this address.
    Welcome(String),
    /// The question was refused; the form says why.
    Refused,
}

/// `GET /overview`
pub(crate) async fn show(
    State(console): State<Console>,
    SignedIn(who): SignedIn,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let scheme = if console.config.tls { "https" } else { "http" };
    let server = format!("{scheme}://{}", guard::host(&uri, &headers).unwrap_or("127.0.0.1:8000"));
    match answer(&console.service, &who, &query.unwrap_or_default(), server).await {
        Ok((form, note, body)) => {
            let status = if matches!(body, Body::Refused) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let shell = Shell::new("Overview", Some(&who));
            render(
                status,
                &Page { shell, form, note, body, script: asset::SCRIPT.address(), charts: asset::CHARTS.address() },
            )
        }
        Err(error) => problem::show(Some(&who), &error),
    }
}

async fn answer(
    service: &Service,
    who: &Principal,
    query: &str,
    server: String,
) -> Result<(Form, Option<String>, Body), Error> {
    let mut parsed = Parsed::read(query);
    let (tenant, own) = tokio::try_join!(service.tenant(who), service.calendar(who))?;
    let calendar = in_zone(&own, parsed.params.zone.as_deref());
    let foreign = calendar != own;
    let now = service.now();
    let placed = Span::place(&parsed.params, &calendar, now).and_then(|span| {
        if foreign {
            zone::check(&own, &calendar, span.window, span.grain)?;
        }
        Ok(span)
    });
    let span = placed.map_err(|error| parsed.errors.push(error)).ok();
    let mut known = Known {
        tenant_zone: tenant.zone,
        today: now.to_jiff().to_zoned(calendar.zone.clone()).date(),
        options: Vec::new(),
    };
    let Some(span) = span.filter(|_| parsed.errors.is_empty()) else {
        return Ok((Form::new(&parsed, &known), None, Body::Refused));
    };
    let freshness = service.freshness(who).await?;
    let passed_over = service.passed_over(who, Some(now.plus_micros(-WEEK_MICROS))).await?;
    let note = passed_over::note(&passed_over, freshness.state == Fresh::NoData);
    if freshness.state == Fresh::NoData {
        return Ok((Form::new(&parsed, &known), note, Body::Welcome(server)));
    }
    let asked = Asked { service, who, params: &parsed.params, calendar, foreign, span };
    let (figures, options) = asked.load(freshness).await?;
    known.options = options;
    let overview = Overview::new(&parsed.params, &figures);
    Ok((Form::new(&parsed, &known), note, Body::Figures(Box::new(overview))))
}

/// The tenant's calendar, in another zone if one is asked for.
fn in_zone(own: &Calendar, zone: Option<&str>) -> Calendar {
    let zone = zone.and_then(|zone| TimeZone::get(zone).ok());
    Calendar { zone: zone.unwrap_or_else(|| own.zone.clone()), ..own.clone() }
}

#[cfg(test)]
mod tests;

//! The overview: what was spent, how that changed, and on what.

use std::collections::HashSet;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use jiff::tz::TimeZone;
use purser_domain::time::{Calendar, Grain};
use purser_domain::usage_query::{Answer, Dimension, Filter, Metric, Query, Row};
use purser_service::usage_query::{Freshness, State as Fresh};
use purser_service::{Error, Principal, Service};

use super::{problem, render};
use crate::param::span::Span;
use crate::param::{FILTERS, Params, Parsed};
use crate::session::SignedIn;
use crate::view::chart::SERIES_MAX;
use crate::view::form::{Form, Known};
use crate::view::overview::{Figures, Overview, TOP_MAX, TOPS};
use crate::view::shell::Shell;
use crate::view::zone;
use crate::{Console, asset, guard};

/// How many values of a dimension are offered while typing.
const OPTIONS_MAX: usize = 40;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    shell: Shell,
    form: Form,
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
        Ok((form, body)) => {
            let status = if matches!(body, Body::Refused) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let shell = Shell::new("Overview", Some(&who));
            render(
                status,
                &Page { shell, form, body, script: asset::SCRIPT.address(), charts: asset::CHARTS.address() },
            )
        }
        Err(error) => problem::show(Some(&who), &error),
    }
}

async fn answer(service: &Service, who: &Principal, query: &str, server: String) -> Result<(Form, Body), Error> {
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
        return Ok((Form::new(&parsed, &known), Body::Refused));
    };
    let freshness = service.freshness(who).await?;
    if freshness.state == Fresh::NoData {
        return Ok((Form::new(&parsed, &known), Body::Welcome(server)));
    }
    let asked = Asked { service, who, params: &parsed.params, calendar, foreign, span };
    let (figures, options) = tokio::try_join!(asked.figures(freshness), asked.options())?;
    known.options = options;
    let overview = Overview::new(&parsed.params, &figures);
    Ok((Form::new(&parsed, &known), Body::Figures(Box::new(overview))))
}

/// The tenant's calendar, in another zone if one is asked for.
fn in_zone(own: &Calendar, zone: Option<&str>) -> Calendar {
    let zone = zone.and_then(|zone| TimeZone::get(zone).ok());
    Calendar { zone: zone.unwrap_or_else(|| own.zone.clone()), ..own.clone() }
}

/// A question that was understood, and whom to ask.
struct Asked<'a> {
    service: &'a Service,
    who: &'a Principal,
    params: &'a Params,
    calendar: Calendar,
    /// Whether the calendar's zone is not the tenant's.
    foreign: bool,
    span: Span,
}

impl Asked<'_> {
    async fn figures(&self, freshness: Freshness) -> Result<Figures, Error> {
        let grain = if self.foreign { Grain::Hour } else { self.span.grain };
        let by_time = Query { grain: Some(grain), by: vec![Dimension::Model], top: Some(SERIES_MAX), ..self.query() };
        let before = Query { window: Some(self.span.before), ..self.query() };
        let coverage = Query { by: vec![Dimension::Provider, Dimension::Model], metrics: Vec::new(), ..self.query() };
        let [feature, agent, model, user] = TOPS;
        let (by_time, before, coverage, feature, agent, model, user) = tokio::try_join!(
            self.ask(&by_time),
            self.ask(&before),
            self.ask(&coverage),
            self.top(feature),
            self.top(agent),
            self.top(model),
            self.top(user),
        )?;
        let by_time = if self.foreign { zone::rebucket(by_time, &self.calendar, self.span.grain) } else { by_time };
        Ok(Figures {
            calendar: self.calendar.clone(),
            span: self.span,
            by_time,
            before: before.total,
            tops: vec![feature, agent, model, user],
            coverage,
            freshness,
        })
    }

    /// The largest spenders, and what the same ones spent before.
    async fn top(&self, by: Dimension) -> Result<(Dimension, Answer, Vec<Row>), Error> {
        let query = Query { by: vec![by.clone()], top: Some(TOP_MAX), metrics: vec![Metric::Requests], ..self.query() };
        let now = self.ask(&query).await?;
        let values: HashSet<_> = now.rows.iter().filter(|row| !row.other).flat_map(|row| row.keys.clone()).collect();
        if values.is_empty() {
            return Ok((by, now, Vec::new()));
        }
        let mut filters: Vec<Filter> = query.filters.iter().filter(|filter| filter.dimension != by).cloned().collect();
        filters.push(Filter { dimension: by.clone(), values: values.into_iter().collect() });
        let before = Query { window: Some(self.span.before), top: None, filters, ..query };
        let before = self.ask(&before).await?.rows;
        Ok((by, now, before))
    }

    /// The values of every filter in the window, whatever else is filtered.
    async fn options(&self) -> Result<Vec<(Dimension, Vec<String>)>, Error> {
        let mut options = Vec::with_capacity(FILTERS.len());
        for dimension in FILTERS {
            let query = Query {
                by: vec![dimension.clone()],
                filters: Vec::new(),
                metrics: Vec::new(),
                top: Some(OPTIONS_MAX),
                ..self.query()
            };
            let rows = self.ask(&query).await?.rows;
            options.push((dimension, rows.into_iter().flat_map(|row| row.keys).flatten().collect()));
        }
        Ok(options)
    }

    fn query(&self) -> Query {
        Query { window: Some(self.span.window), filters: self.params.domain_filters(), ..Query::default() }
    }

    async fn ask(&self, query: &Query) -> Result<Answer, Error> {
        self.service.usage_query(self.who, query).await
    }
}

#[cfg(test)]
mod tests;

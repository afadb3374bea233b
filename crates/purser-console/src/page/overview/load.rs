//! Asks the service for everything that the overview shows, with as few questions as it takes.

use purser_domain::time::{Calendar, Grain};
use purser_domain::usage_query::{Answer, Dimension, Filter, Metric, Query, Row};
use purser_service::usage_query::Freshness;
use purser_service::{Error, Principal, Service};

use crate::param::span::Span;
use crate::param::{FILTERS, Params};
use crate::view::chart::SERIES_MAX;
use crate::view::overview::{Figures, TOP_MAX};
use crate::view::{fold, zone};

/// How many values of a dimension are offered while typing.
const OPTIONS_MAX: usize = 40;
/// The most pairs of project and environment that are looked at for their values.
const PLACES_MAX: usize = 400;

/// The values of each filter's dimension, the costliest first.
pub(super) type Options = Vec<(Dimension, Vec<String>)>;

/// A question that was understood, and whom to ask.
pub(super) struct Asked<'a> {
    pub(super) service: &'a Service,
    pub(super) who: &'a Principal,
    pub(super) params: &'a Params,
    pub(super) calendar: Calendar,
    /// Whether the calendar's zone is not the tenant's.
    pub(super) foreign: bool,
    pub(super) span: Span,
}

impl Asked<'_> {
    /// The page's figures and what its filters offer.
    pub(super) async fn load(&self, freshness: Freshness) -> Result<(Figures, Options), Error> {
        let coverage = Query { by: vec![Dimension::Provider, Dimension::Model], ..self.query() };
        let before = Query { window: Some(self.span.before), by: vec![Dimension::Model], ..self.query() };
        let places = Query {
            by: vec![Dimension::Project, Dimension::Environment],
            metrics: Vec::new(),
            top: Some(PLACES_MAX),
            ..self.query()
        };
        let (by_time, coverage, before, places, feature, agent, user) = tokio::try_join!(
            self.by_time(),
            self.ask(&coverage),
            self.ask(&before),
            self.ask(&places),
            self.top(Dimension::Feature),
            self.top(Dimension::Agent),
            self.top(Dimension::User),
        )?;
        let model = (Dimension::Model, fold::along(&coverage, 1), before.rows);
        let tops = vec![feature, agent, model, user];
        let options = self.options(&tops, &coverage, &places).await?;
        let figures = Figures {
            calendar: self.calendar.clone(),
            span: self.span,
            by_time,
            before: before.total,
            tops,
            coverage,
            freshness,
        };
        Ok((figures, options))
    }

    async fn by_time(&self) -> Result<Answer, Error> {
        let grain = if self.foreign { Grain::Hour } else { self.span.grain };
        let query = Query { grain: Some(grain), by: vec![Dimension::Model], top: Some(SERIES_MAX), ..self.query() };
        let answer = self.ask(&query).await?;
        Ok(if self.foreign { zone::rebucket(answer, &self.calendar, self.span.grain) } else { answer })
    }

    /// The largest spenders, and what the leading ones spent before.
    async fn top(&self, by: Dimension) -> Result<(Dimension, Answer, Vec<Row>), Error> {
        let metrics = vec![Metric::Requests];
        let query = Query { by: vec![by.clone()], top: Some(OPTIONS_MAX), metrics, ..self.query() };
        let now = self.ask(&query).await?;
        let leading = fold::leading(&now.rows, TOP_MAX);
        let values: Vec<_> = leading.into_iter().filter(|row| !row.other).flat_map(|row| row.keys).collect();
        if values.is_empty() {
            return Ok((by, now, Vec::new()));
        }
        let mut filters: Vec<Filter> = query.filters.iter().filter(|filter| filter.dimension != by).cloned().collect();
        filters.push(Filter { dimension: by.clone(), values });
        let before = Query { window: Some(self.span.before), top: None, filters, ..query };
        let before = self.ask(&before).await?.rows;
        Ok((by, now, before))
    }

    /// What each filter offers: the values found, or all of the window's where the filter itself hides them.
    async fn options(
        &self,
        tops: &[(Dimension, Answer, Vec<Row>)],
        coverage: &Answer,
        places: &Answer,
    ) -> Result<Options, Error> {
        let mut options = Vec::with_capacity(FILTERS.len());
        for dimension in FILTERS {
            let rows = if self.params.values(&dimension).next().is_some() {
                let by = vec![dimension.clone()];
                let query =
                    Query { by, filters: Vec::new(), metrics: Vec::new(), top: Some(OPTIONS_MAX), ..self.query() };
                self.ask(&query).await?.rows
            } else {
                match dimension {
                    Dimension::Provider => fold::along(coverage, 0).rows,
                    Dimension::Project => fold::along(places, 0).rows,
                    Dimension::Environment => fold::along(places, 1).rows,
                    _ => {
                        tops.iter().find(|(by, _, _)| *by == dimension).map_or_else(Vec::new, |top| top.1.rows.clone())
                    }
                }
            };
            let values = rows.into_iter().flat_map(|row| row.keys).flatten().take(OPTIONS_MAX).collect();
            options.push((dimension, values));
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

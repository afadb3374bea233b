//! Asks the ledger and writes the reference's shapes.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use purser_api::analytics::{
    CostPoint, CostStatistics, CostTotals, FeatureShare, Meta, ModelShare, StatisticsWindow, UsagePoint,
    UsageStatistics, UsageTotals,
};
use purser_domain::time::{Calendar, Grain, Timestamp};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Answer, Dimension, Query, Totals};
use purser_service::principal::Principal;

use super::question::Question;
use super::signals;
use crate::app::App;
use crate::auth::Reader;
use crate::context::RequestId;
use crate::failure::{Failure, Reply};
use crate::params::Params;
use crate::share::{cents, input_tokens, output_tokens, percent};

/// A question and who asks it; its answers hold for the same instant.
pub(crate) struct Asked {
    app: App,
    who: Principal,
    request: RequestId,
    question: Question,
    as_of: Option<Timestamp>,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Reply<Self> {
        let Reader(who) = Reader::from_request_parts(parts, app).await?;
        let request = RequestId::from_request_parts(parts, app).await?;
        let Ok(params) = Params::from_request_parts(parts, app).await;
        let question = Question::read(params)?;
        Ok(Self { app: app.clone(), who, request, as_of: question.as_of, question })
    }
}

impl Asked {
    /// Usage statistics.
    pub(super) async fn usage(&mut self) -> Reply<UsageStatistics> {
        let (calendar, grain) = (self.app.service.calendar(&self.who).await?, self.question.grain);
        let answer = self.ask(Some(grain), None).await?;
        let sources = self.sources().await?;
        let series = answer
            .rows
            .iter()
            .map(|row| UsagePoint { ts: label(&calendar, grain, row.bucket), totals: usage_totals(&row.totals) })
            .collect();
        Ok(UsageStatistics {
            window: self.window(),
            totals: usage_totals(&answer.total),
            series,
            signals: signals(&self.app, &self.who, sources).await?,
            generated_at: self.app.service.now(),
            meta: self.meta(answer.as_of),
        })
    }

    /// Cost statistics.
    pub(super) async fn cost(&mut self) -> Reply<CostStatistics> {
        let (calendar, grain) = (self.app.service.calendar(&self.who).await?, self.question.grain);
        let answer = self.ask(Some(grain), None).await?;
        let models = self.ask(None, Some(Dimension::Model)).await?;
        let features = self.ask(None, Some(Dimension::Feature)).await?;
        let sources = self.sources().await?;
        let total = answer.total.cost;
        let series = answer
            .rows
            .iter()
            .map(|row| CostPoint { ts: label(&calendar, grain, row.bucket), totals: cost_totals(&row.totals) })
            .collect();
        let by_model = models.rows.iter().map(|row| ModelShare {
            model: key(&row.keys, "unknown"),
            spend_cents: cents(row.totals.cost),
            cost_usd: row.totals.cost,
            priced_fraction: row.totals.priced_fraction(),
            requests: row.totals.get(Leaf::Requests),
            tokens: row.totals.tokens(),
            pct_of_total: percent(row.totals.cost, total),
        });
        let by_feature = features.rows.iter().map(|row| FeatureShare {
            feature_tag: key(&row.keys, "untagged"),
            spend_cents: cents(row.totals.cost),
            cost_usd: row.totals.cost,
            priced_fraction: row.totals.priced_fraction(),
            requests: row.totals.get(Leaf::Requests),
            pct_of_total: percent(row.totals.cost, total),
        });
        Ok(CostStatistics {
            window: self.window(),
            totals: cost_totals(&answer.total),
            series,
            by_model: by_model.collect(),
            by_feature: by_feature.collect(),
            signals: signals(&self.app, &self.who, sources).await?,
            generated_at: self.app.service.now(),
            meta: self.meta(answer.as_of),
        })
    }

    /// `usage_20260101_20260131.csv`
    pub(super) fn file_name(&self, what: &str, extension: &str) -> String {
        self.question.file_name(what, extension)
    }

    async fn ask(&mut self, grain: Option<Grain>, by: Option<Dimension>) -> Reply<Answer> {
        let query = Query {
            window: Some(self.question.window),
            as_of: self.as_of,
            grain,
            by: by.into_iter().collect(),
            filters: self.question.filters.clone(),
            ..Query::default()
        };
        let answer = self.app.service.usage_query(&self.who, &query).await?;
        self.as_of = Some(answer.as_of);
        Ok(answer)
    }

    async fn sources(&mut self) -> Reply<Vec<String>> {
        let answer = self.ask(None, Some(Dimension::Source)).await?;
        let mut names: Vec<String> = answer.rows.into_iter().filter_map(|row| row.keys.into_iter().next()?).collect();
        names.sort();
        Ok(names)
    }

    fn window(&self) -> StatisticsWindow {
        let window = self.question.window;
        StatisticsWindow { from: window.from, to: window.to, resolution: self.question.resolution.to_owned() }
    }

    fn meta(&self, as_of: Timestamp) -> Meta {
        let RequestId { id, correlation_id } = self.request.clone();
        Meta { request_id: id, correlation_id, as_of }
    }
}

/// A date at day resolution, an instant at hour resolution.
fn label(calendar: &Calendar, grain: Grain, bucket: Option<Timestamp>) -> String {
    let at = bucket.unwrap_or_default();
    if grain == Grain::Hour { at.to_string() } else { at.to_jiff().to_zoned(calendar.zone.clone()).date().to_string() }
}

fn usage_totals(totals: &Totals) -> UsageTotals {
    UsageTotals { requests: totals.get(Leaf::Requests), compute_units: totals.charged, tokens: totals.tokens() }
}

fn key(keys: &[Option<String>], none: &str) -> String {
    keys.first().cloned().flatten().unwrap_or_else(|| none.to_owned())
}

fn cost_totals(totals: &Totals) -> CostTotals {
    CostTotals {
        spend_cents: cents(totals.cost),
        spend_usd: totals.cost,
        cost_usd: totals.cost,
        priced_fraction: totals.priced_fraction(),
        requests: totals.get(Leaf::Requests),
        input_tokens: input_tokens(totals),
        output_tokens: output_tokens(totals),
    }
}

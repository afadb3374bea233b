//! The typed client of the HTTP API, for the command line and for programs.
//! Invariant: an error reply keeps the server's code, words and fields.

#![warn(missing_docs)]

mod error;
mod query;

use std::time::Duration;

use purser_api::Timestamp;
use purser_api::backtest::BacktestReport;
use purser_api::calibration::{CalibrationAnswer, CalibrationRequest};
use purser_api::domain::provenance::{Baseline, Filter, Page};
use purser_api::domain::usage_query::Query;
use purser_api::import::{ImportDraft, ImportPatch, ImportRecord};
use purser_api::price::{PriceHistory, RerateReport, RerateRequest, UnpricedList};
use purser_api::provenance::{
    ProvenanceBackfill, ProvenanceCheck, ProvenanceDetail, ProvenanceDrift, ProvenancePage, ProvenanceReplay,
};
use purser_api::reconciliation::{ReconciliationRecord, ReconciliationRequest};
use purser_api::simulation::{SimulationAnswer, SimulationRequest};
use purser_api::tenant::TenantRecord;
use purser_api::usage_event::{EventDetail, PassedOverList, Receipt};
use purser_api::usage_query::UsageAnswer;
use purser_api::void::{VoidReceipt, VoidRequest};
use purser_api::what_if::{WhatIfAnswer, WhatIfRequest};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;

pub use error::Error;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server and a key to it. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    /// The server at `base` (`http://127.0.0.1:8000`), spoken to with `key`.
    ///
    /// # Errors
    /// When the address is no URL.
    pub fn new(base: &str, key: &str) -> Result<Self, Error> {
        let url: reqwest::Url = base.parse().map_err(|_| Error::Address(base.to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(Error::Address(base.to_owned()));
        }
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    /// Sends usage events, as a part of an import if one is named; good ones are stored although others are refused, and
    /// none on a dry run. `prefer` says which cost stands where both are known: `rated` or `reported`.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn send_events(
        &self,
        events: &[serde_json::Value],
        import_id: Option<&str>,
        prefer: Option<&str>,
        dry_run: bool,
    ) -> Result<Receipt, Error> {
        let request = self.request(Method::POST, "/api/v1/usage/events").query(&[("partial", "true")]);
        let named = [("import_id", import_id), ("prefer", prefer)];
        let named = named.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        let request = request.query(&named.collect::<Vec<_>>());
        let request = if dry_run { request.query(&[("dry_run", "true")]) } else { request };
        self.answer(request.json(events)).await
    }

    /// Holds a bill against what was charged.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn reconcile(&self, bill: &ReconciliationRequest) -> Result<ReconciliationRecord, Error> {
        self.answer(self.request(Method::POST, "/api/v1/reconciliations").json(bill)).await
    }

    /// Begins an import.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn import_begin(&self, draft: &ImportDraft) -> Result<ImportRecord, Error> {
        self.answer(self.request(Method::POST, "/api/v1/usage/imports").json(draft)).await
    }

    /// Ends an import.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn import_end(&self, id: &str, patch: &ImportPatch) -> Result<ImportRecord, Error> {
        self.answer(self.segments(Method::PATCH, &["usage", "imports", id])?.json(patch)).await
    }

    /// Asks what was spent.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn usage_query(&self, query: &Query) -> Result<UsageAnswer, Error> {
        self.answer(self.request(Method::GET, "/api/v1/usage/query").query(&query::parameters(query))).await
    }

    /// One event with its history.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn event(&self, id: &str, source: Option<&str>) -> Result<EventDetail, Error> {
        let source: Vec<(&str, &str)> = source.map(|source| ("source", source)).into_iter().collect();
        self.answer(self.segments(Method::GET, &["usage", "events", id])?.query(&source)).await
    }

    /// What receivers read and did not charge, on the UTC day of `since` and later.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn passed_over(&self, since: Option<Timestamp>) -> Result<PassedOverList, Error> {
        let since: Vec<(&str, String)> = since.map(|since| ("since", since.to_string())).into_iter().collect();
        self.answer(self.request(Method::GET, "/api/v1/usage/passed-over").query(&since)).await
    }

    /// Takes usage back.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn void(&self, request: &VoidRequest) -> Result<VoidReceipt, Error> {
        self.answer(self.request(Method::POST, "/api/v1/usage/void").json(request)).await
    }

    /// Every price of a model.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn price(&self, provider: &str, model: &str) -> Result<PriceHistory, Error> {
        self.answer(self.segments(Method::GET, &["prices", provider, model])?).await
    }

    /// The models that were used without a price.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn unpriced(&self) -> Result<UnpricedList, Error> {
        self.answer(self.request(Method::GET, "/api/v1/prices/unpriced")).await
    }

    /// Rates a window again.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn rerate(&self, request: &RerateRequest) -> Result<RerateReport, Error> {
        self.answer(self.request(Method::POST, "/api/v1/prices/rerate").json(request)).await
    }

    /// Asks what past usage would have cost.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn what_if(&self, request: &WhatIfRequest) -> Result<WhatIfAnswer, Error> {
        self.answer(self.request(Method::POST, "/api/v1/what-if").json(request)).await
    }

    /// Simulates a plan.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn simulate(&self, request: &SimulationRequest) -> Result<SimulationAnswer, Error> {
        self.answer(self.request(Method::POST, "/api/v1/simulate").json(request)).await
    }

    /// Learns from the tenant's own runs.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn calibrate(&self, request: &CalibrationRequest) -> Result<CalibrationAnswer, Error> {
        self.answer(self.request(Method::POST, "/api/v1/calibrations").json(request)).await
    }

    /// Scores predictions of past runs; what is not given is the server's choice.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn backtest(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<BacktestReport, Error> {
        let ends = [("from", from), ("to", to)];
        let ends: Vec<_> = ends.into_iter().filter_map(|(name, end)| Some((name, end?.to_string()))).collect();
        self.answer(self.request(Method::GET, "/api/v1/simulate/backtest").query(&ends)).await
    }

    /// Records of simulations, newest first.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn provenance(&self, filter: &Filter, page: Page) -> Result<ProvenancePage, Error> {
        self.answer(self.request(Method::GET, "/api/v1/provenance").query(&query::provenance(filter, Some(page)))).await
    }

    /// How far the candidate's costs lie from the baseline's, over the records that pass `filter`.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn provenance_drift(&self, filter: &Filter) -> Result<ProvenanceDrift, Error> {
        let request = self.request(Method::GET, "/api/v1/provenance/drift");
        self.answer(request.query(&query::provenance(filter, None))).await
    }

    /// Brings in what the baseline said before provenance was kept, in one transaction; nothing on a dry run.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn provenance_backfill(
        &self,
        baselines: &[Baseline],
        dry_run: bool,
    ) -> Result<ProvenanceBackfill, Error> {
        let size = [("batch_size", baselines.len().max(1).to_string()), ("dry_run", dry_run.to_string())];
        self.answer(self.request(Method::POST, "/api/v1/provenance/backfill").query(&size).json(baselines)).await
    }

    /// One record with its inputs and its output.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn provenance_show(&self, id: &str) -> Result<ProvenanceDetail, Error> {
        self.answer(self.segments(Method::GET, &["provenance", id])?).await
    }

    /// Runs a record again.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn provenance_replay(&self, id: &str) -> Result<ProvenanceReplay, Error> {
        self.answer(self.segments(Method::POST, &["provenance", id, "replay"])?).await
    }

    /// Checks the tenant's chain of records.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn provenance_verify(&self) -> Result<ProvenanceCheck, Error> {
        self.answer(self.request(Method::POST, "/api/v1/provenance/verify")).await
    }

    /// The key's tenant.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub async fn tenant(&self) -> Result<TenantRecord, Error> {
        self.answer(self.request(Method::GET, "/api/v1/tenant")).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// A path whose parts may hold any character.
    fn segments(&self, method: Method, parts: &[&str]) -> Result<RequestBuilder, Error> {
        let address = || Error::Address(self.base.clone());
        let mut url: reqwest::Url = format!("{}/api/v1", self.base).parse().map_err(|_| address())?;
        url.path_segments_mut().map_err(|()| address())?.extend(parts);
        Ok(self.http.request(method, url).bearer_auth(&self.key))
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let response = request.send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        if status.is_success() {
            serde_json::from_slice(&body).map_err(|error| Error::Reply(error.to_string()))
        } else {
            Err(Error::refused(status.as_u16(), &body))
        }
    }
}

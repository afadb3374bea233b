//! Runs a record again: the same model on the recorded inputs, with the prices and the calibration as they were then,
//! and with the catalogue and the program as they are now.

use std::collections::BTreeSet;
use std::sync::Arc;

use purser_domain::calibration::Calibration;
use purser_domain::estimate::Estimate;
use purser_domain::provenance::{Hash, Record, RecordId, Replay, Source, Status, Variant, VersionChange, Versions};
use purser_domain::simulation::v2::{self, Stamp};
use purser_domain::skill::Catalogue;
use purser_engine::canonical_json::{Form, canonical};
use purser_engine::simulation::v3;
use purser_engine::{comparison, simulation, step};
use serde::Serialize;
use serde_json::{Map, Value};

use super::CODE_VERSION;
use crate::error::Error;
use crate::price_book;
use crate::principal::Principal;
use crate::sandbox::{Candidate as _, Compared, Input, Output, Parametric};
use crate::service::Service;
use crate::simulation::graph::price_version;
use crate::simulation::inputs::Rested;
use crate::simulation::{GraphRequest, Request, catalogue_version, flat_versions, refused};

/// What a record's model says now, or why it says nothing, and what that rests on.
struct Again {
    output: Result<String, String>,
    versions: Versions,
    calibration: Option<VersionChange>,
}

impl Service {
    /// Runs a record again and holds the output against the one on record.
    ///
    /// # Errors
    /// Forbidden; not found, also if it is another tenant's; unavailable. An output that differs is no error.
    pub async fn provenance_replay(&self, who: &Principal, id: RecordId) -> Result<Replay, Error> {
        let chained = self.provenance_get(who, id).await?;
        let record = &chained.record;
        let again = match record.variant {
            _ if record.source == Source::Backfill => Again {
                output: Err("the record was brought in from elsewhere, without an output".to_owned()),
                versions: record.versions.clone(),
                calibration: None,
            },
            Variant::V1 | Variant::V2 | Variant::Comparison | Variant::Runtime | Variant::Scenario => {
                self.flat_again(who, record).await?
            }
            Variant::V3 => self.graph_again(who, record).await?,
            Variant::Canary => Again {
                output: Err("a sample of a canary run is part of that run and is not run alone".to_owned()),
                versions: record.versions.clone(),
                calibration: None,
            },
        };
        Ok(held_against(record, chained.is_sound(), again))
    }

    async fn flat_again(&self, who: &Principal, record: &Record) -> Result<Again, Error> {
        let (catalogue, stamp) = (self.catalogue(who).await?, self.sandbox().stamp());
        let code = Some(CODE_VERSION.to_owned());
        let versions = Versions { code, ..flat_versions(record.variant, &catalogue, &stamp) };
        let request = Request::of_record(record);
        let output = request.and_then(|request| flat_output(record.variant, &request, &catalogue, &stamp));
        Ok(Again { output, versions, calibration: None })
    }

    async fn graph_again(&self, who: &Principal, record: &Record) -> Result<Again, Error> {
        let catalogue = self.catalogue(who).await?;
        let mut versions = Versions {
            catalogue: Some(catalogue_version(&catalogue)),
            model: Some(v3::MODEL_VERSION.to_owned()),
            code: Some(CODE_VERSION.to_owned()),
            // Known once it has run.
            price_book: record.versions.price_book.clone(),
            ..Versions::default()
        };
        let (request, rested) = match GraphRequest::of_record(record) {
            Ok(read) => read,
            Err(reason) => return Ok(Again { output: Err(reason), versions, calibration: None }),
        };
        let (learned, calibration) = self.rested_on(who, rested).await?;
        let book = price_book::as_of(self.store(), who.tenant(), record.created_at).await?;
        let at = request.price_at.unwrap_or(record.created_at);
        let task = tokio::task::spawn_blocking(move || {
            let priors = v3::priors(&catalogue);
            let sources = v3::Sources { book: &book, at, calibration: &learned, priors: &priors };
            v3::simulate(&request.plan, sources, &request.options, 1)
        });
        let estimate = task.await.map_err(|error| Error::internal(&error))?;
        let output = estimate.map(|estimate: Estimate| {
            versions.price_book = price_version(&estimate.basis.price_versions);
            canonical(&estimate, Form::Rfc8785)
        });
        let output = output.map_err(|error| refused(&error).to_string());
        Ok(Again { output, versions, calibration })
    }

    /// The calibration that a simulation rested on, and how it differs if it is not there any more.
    async fn rested_on(
        &self,
        who: &Principal,
        rested: Option<Rested>,
    ) -> Result<(Calibration, Option<VersionChange>), Error> {
        let Some(Rested { number, version }) = rested else { return Ok((Calibration::none(), None)) };
        let kept = self.store().calibration(who.tenant()).get(number).await?;
        let kept = kept.map_or_else(Calibration::none, |fitted| fitted.calibration);
        let change = (kept.version != version).then(|| VersionChange {
            name: "calibration_version",
            recorded: Some(version),
            now: Some(kept.version.clone()),
        });
        Ok((kept, change))
    }
}

/// What `v1`, `v2`, both, or a view of the catalogue say now.
fn flat_output(
    variant: Variant,
    request: &Request,
    catalogue: &Arc<Catalogue>,
    stamp: &Stamp,
) -> Result<String, String> {
    Ok(match variant {
        Variant::V2 => {
            let plan = step::resolve(&request.steps, catalogue, &request.unknown_skills);
            let plan = plan.map_err(|errors| Error::invalid(errors).to_string())?;
            text(&simulation::v2::simulate(&plan, &request.limits, stamp))
        }
        Variant::Comparison => {
            let baseline = request.v1(catalogue).map_err(|error| error.to_string())?;
            let compared = |v2: v2::Simulation| Compared { comparison: comparison::compare(&baseline, &v2), v2 };
            let done = Parametric.simulate(Input { request, catalogue, stamp }).map(compared);
            text(&Output::of(&baseline, done.as_ref()))
        }
        Variant::Runtime => {
            text(&simulation::runtime::simulate(&request.steps, catalogue, request.limits.budget_cents))
        }
        Variant::Scenario => {
            let found = simulation::scenario::simulate(&request.steps, catalogue, request.limits.budget_cents);
            text(&found.map_err(|errors| Error::invalid(errors).to_string())?)
        }
        _ => text(&request.v1(catalogue).map_err(|error| error.to_string())?),
    })
}

fn text(value: &impl Serialize) -> String {
    canonical(value, Form::Rfc8785)
}

fn held_against(record: &Record, is_sound: bool, again: Again) -> Replay {
    let Again { output, versions, calibration } = again;
    let (replayed, refusal) = match output {
        Ok(output) => (Some(output), None),
        Err(reason) => (None, Some(reason)),
    };
    let reproduced = replayed.as_ref() == Some(&record.output);
    let fields = match &replayed {
        Some(replayed) if !reproduced => differing(&record.output, replayed),
        _ => Vec::new(),
    };
    Replay {
        id: record.id,
        variant: record.variant,
        reproduced,
        reason: if reproduced { None } else { refusal.or_else(|| reason(record)) },
        is_sound,
        recorded_hash: record.output_hash,
        replayed_hash: replayed.map(|output| Hash::of(output.as_bytes())),
        versions: changes(&record.versions, &versions).chain(calibration).collect(),
        fields,
    }
}

/// Why a record cannot come out again, if its own words say so.
fn reason(record: &Record) -> Option<String> {
    match record.status {
        Status::Timeout => Some("the candidate had a deadline and missed it; a replay has none".to_owned()),
        _ => None,
    }
}

/// The versions on record that are others now.
fn changes(recorded: &Versions, now: &Versions) -> impl Iterator<Item = VersionChange> {
    let pairs: Vec<VersionChange> = recorded
        .texts()
        .into_iter()
        .zip(now.texts())
        .filter(|((_, recorded), (_, now))| recorded.is_some() && recorded != now)
        .map(|((name, recorded), (_, now))| VersionChange {
            name,
            recorded: recorded.map(str::to_owned),
            now: now.map(str::to_owned),
        })
        .collect();
    pairs.into_iter()
}

/// The top-level fields that two outputs have different, `output` for outputs that have no fields.
fn differing(recorded: &str, replayed: &str) -> Vec<String> {
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    let (Some(recorded), Some(replayed)) = (read(recorded), read(replayed)) else { return vec!["output".to_owned()] };
    let names: BTreeSet<&String> = recorded.keys().chain(replayed.keys()).collect();
    names.into_iter().filter(|name| recorded.get(*name) != replayed.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_differ_are_named_in_order() {
        for (recorded, replayed, expected) in [
            (r#"{"a":1,"b":[1],"c":0}"#, r#"{"a":1,"b":[2],"d":0}"#, &["b", "c", "d"][..]),
            ("null", r#"{"a":1}"#, &["output"]),
            (r#"{"a":1}"#, r#"{"a":1}"#, &[]),
        ] {
            assert_eq!(differing(recorded, replayed), expected);
        }
    }

    #[test]
    fn only_versions_on_record_can_change() {
        let recorded = Versions {
            catalogue: Some("1".to_owned()),
            model: Some("3.0.0".to_owned()),
            price_book: Some("p".to_owned()),
            ..Versions::default()
        };
        let now = Versions {
            catalogue: Some("2".to_owned()),
            model: Some("3.0.0".to_owned()),
            adapter: Some("a".to_owned()),
            ..Versions::default()
        };
        let found: Vec<VersionChange> = changes(&recorded, &now).collect();
        let change = |name, recorded: &str, now: Option<&str>| VersionChange {
            name,
            recorded: Some(recorded.to_owned()),
            now: now.map(str::to_owned),
        };
        assert_eq!(found, [change("catalogue_version", "1", Some("2")), change("price_book_version", "p", None)]);
    }
}

//! Shows prices, sets a tenant's own, lists what has none, and rates the past again.
//! Invariant: re-rating writes corrections; what it will write is shown first.

use std::sync::Arc;

use futures::StreamExt;
use purser_domain::charge::Unpriced;
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::price::{Discount, Finding, Price, STANDARD};
use purser_domain::rerate::{Change, Report};
use purser_domain::time::{Calendar, Grain, Timestamp, Window};
use purser_domain::usage_event::FieldError;
use purser_domain::usage_query::{Dimension, Query};
use purser_engine::cost_ratio::CostRatios;
use purser_engine::price_book::{self, PriceBook};
use purser_engine::rerate;
use purser_engine::{price_check, price_list};
use purser_ledger::append::{Applied, Correction};
use purser_ledger::entry_filter::EntryFilter;

use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

pub use crate::price_book::{SHIPPED, for_tenant, import, in_force};
pub use purser_store::price_override::PriceOverride;

/// How many changed charges a report lists.
pub const CHANGES_SHOWN: usize = 1_000;

impl Service {
    /// The price book in force, before the tenant's own prices.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn prices(&self, who: &Principal) -> Result<Arc<PriceBook>, Error> {
        who.may_read()?;
        self.book().await
    }

    /// Every price of the models that `name` names exactly, the tenant's own first.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn prices_show(&self, who: &Principal, name: &str, at: Option<Timestamp>) -> Result<Vec<Price>, Error> {
        let book = self.prices(who).await?;
        let overrides = self.store().price_override(who.tenant()).list().await?;
        let (own, _) = PriceBook::compile(overrides.into_iter().map(|own| own.price).collect());
        let found: Vec<Price> =
            price_list::show(&own, name, at).into_iter().chain(price_list::show(&book, name, at)).cloned().collect();
        if found.is_empty() { Err(Error::not_found("price of model", name)) } else { Ok(found) }
    }

    /// The models of the tenant's usage that have no price.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn prices_unpriced(&self, who: &Principal, window: Option<Window>) -> Result<Vec<Unpriced>, Error> {
        who.may_read()?;
        Ok(self.ledger().unpriced(who.tenant(), window).await?)
    }

    /// The tenant's own prices in force.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn price_overrides(&self, who: &Principal) -> Result<Vec<PriceOverride>, Error> {
        who.may_read()?;
        Ok(self.store().price_override(who.tenant()).list().await?)
    }

    /// Sets a price of the tenant's own. What it leaves out of a model that the book has, it takes from the book.
    ///
    /// # Errors
    /// Forbidden; invalid with what is wrong with the price; conflict if the model has a price of the tenant's own from
    /// the same instant on, unless `replace` says that it ends; unavailable.
    pub async fn price_override_set(
        &self,
        who: &Principal,
        price: Price,
        replace: bool,
    ) -> Result<PriceOverride, Error> {
        who.may_admin()?;
        let is_known = self.book().await?.identity(&price.provider, &price.model).is_some();
        if !is_known && !price.tiers.iter().any(|tier| tier.service_tier == STANDARD) {
            let tiers: Vec<&str> = price.tiers.iter().map(|tier| tier.service_tier.as_str()).collect();
            let reason = "the price book does not have the model, so its price needs rates of the standard tier";
            return Err(Error::invalid_field("service_tier", &tiers.join(", "), reason));
        }
        let wrong = price_check::check(std::slice::from_ref(&price));
        let wrong: Vec<FieldError> = wrong
            .into_iter()
            .filter(|finding| finding.severity == purser_domain::price::Severity::Error)
            .map(|finding| FieldError::new("price", &finding.subject, finding.message))
            .collect();
        if !wrong.is_empty() {
            return Err(Error::invalid(wrong));
        }
        let own = PriceOverride { id: format!("po_{}", random_hex::<8>()), price };
        if !replace {
            let others = self.store().price_override(who.tenant()).list().await?;
            if let Some(other) = others.iter().find(|other| is_taken(&other.price, &own.price)) {
                let named = |price: &Price| format!("{} {}", price.provider, price.model);
                let since =
                    own.price.effective_from.map_or_else(|| "of all time".to_owned(), |at| format!("from {at}"));
                let message = format!(
                    "{} has the price {} {since}: end it, or replace it with all its rates",
                    named(&own.price),
                    other.id
                );
                return Err(Error::conflict("conflict", message));
            }
        }
        self.store().price_override(who.tenant()).set(&own, self.now()).await?;
        self.books().forget();
        Ok(own)
    }

    /// Ends a price of the tenant's own at `at`.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn price_override_end(&self, who: &Principal, id: &str, at: Timestamp) -> Result<(), Error> {
        who.may_admin()?;
        self.store().price_override(who.tenant()).end(id, at, self.now()).await?;
        self.books().forget();
        Ok(())
    }

    /// The tenant's discounts in force.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn discounts(&self, who: &Principal) -> Result<Vec<Discount>, Error> {
        who.may_read()?;
        Ok(self.store().discount(who.tenant()).list().await?)
    }

    /// Sets a discount; its id is made here. With `force`, one that lowers no price yet is set too.
    ///
    /// # Errors
    /// Forbidden; invalid; unavailable.
    pub async fn discount_set(&self, who: &Principal, discount: Discount, force: bool) -> Result<Discount, Error> {
        who.may_admin()?;
        if discount.percent_milli > 100_000 {
            let percent = f64::from(discount.percent_milli) / 1000.0;
            return Err(Error::invalid_field("percent", &percent, "must be 0 to 100"));
        }
        if let (Some(from), Some(to)) = (discount.effective_from, discount.effective_to)
            && from >= to
        {
            return Err(Error::invalid_field("effective_to", &to, "must be after effective_from"));
        }
        if !force && !price_book::has_effect(&*self.book().await?, &discount) {
            return Err(without_effect(&discount));
        }
        let discount = Discount { id: format!("di_{}", random_hex::<8>()), ..discount };
        self.store().discount(who.tenant()).set(&discount, self.now()).await?;
        self.books().forget();
        Ok(discount)
    }

    /// Ends a discount at `at`.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn discount_end(&self, who: &Principal, id: &str, at: Timestamp) -> Result<(), Error> {
        who.may_admin()?;
        self.store().discount(who.tenant()).end(id, at, self.now()).await?;
        self.books().forget();
        Ok(())
    }

    /// Rates the tenant's charges of a window again; without `dry_run`, writes the differences as corrections.
    ///
    /// # Errors
    /// Forbidden; unavailable. What was corrected before a failure stays; running again does the rest.
    pub async fn rerate(
        &self,
        who: &Principal,
        window: Window,
        model: Option<&str>,
        dry_run: bool,
    ) -> Result<Report, Error> {
        who.may_admin()?;
        let book = self.tenant_book(who.tenant()).await?;
        let mut report = Report { dry_run, ..Report::default() };
        // A correction has its event's time, so a day's rows settle that day's charges; memory holds one day.
        for day in self.days_with_usage(who, window).await? {
            let charges = self.charges_in_force(who, day, model).await?;
            let plan = rerate::plan(&book, charges.iter().map(|entry| (&entry.event, &entry.charge)));
            add(&mut report, &plan, &charges);
            if !dry_run {
                report.stale += self.write(who, &charges, &plan.changes).await?;
            }
        }
        Ok(report)
    }

    /// Factors between the rated and the reported costs of a window that repeat, by provider, model and source.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn cost_ratios(&self, who: &Principal, window: Window) -> Result<Vec<Finding>, Error> {
        who.may_read()?;
        let mut ratios = CostRatios::default();
        for day in self.days_with_usage(who, window).await? {
            for entry in self.charges_in_force(who, day, None).await? {
                ratios.add(&entry.event, &entry.charge);
            }
        }
        Ok(ratios.findings())
    }

    /// The UTC days of `window` that have rows, cut to the window.
    async fn days_with_usage(&self, who: &Principal, window: Window) -> Result<Vec<Window>, Error> {
        let query = Query { window: Some(window), grain: Some(Grain::Day), metrics: Vec::new(), ..Query::default() };
        let answer = self.ledger().query(who.tenant(), &Calendar::default(), &query).await?;
        Ok(answer.rows.iter().filter_map(|row| cut(row.bucket?, window)).collect())
    }

    async fn charges_in_force(
        &self,
        who: &Principal,
        window: Window,
        model: Option<&str>,
    ) -> Result<Vec<Entry>, Error> {
        let filters = model.map(|model| crate::usage_event::only(Dimension::Model, model)).into_iter().collect();
        let filter = EntryFilter { window: Some(window), filters, ..EntryFilter::default() };
        let mut batches = self.ledger().scan(who.tenant(), &filter).await?;
        let mut in_force = InForce::default();
        while let Some(batch) = batches.next().await {
            in_force.take(batch?);
        }
        Ok(in_force.into_charges())
    }

    async fn write(&self, who: &Principal, charges: &[Entry], changes: &[rerate::Change]) -> Result<u64, Error> {
        let (mut stale, rate) = (0, self.rate(who).await?);
        for step in changes.chunks(5_000) {
            let corrections = step
                .iter()
                .map(|change| Correction {
                    reverses: charges[change.index].clone(),
                    reason: Reason::Rerate,
                    note: None,
                    replacement: Some(change.new.clone()),
                })
                .collect();
            let applied = self.ledger().correct(corrections, &rate).await?;
            stale += applied.iter().filter(|applied| **applied == Applied::Stale).count() as u64;
        }
        Ok(stale)
    }
}

fn add(report: &mut Report, plan: &rerate::Plan, charges: &[Entry]) {
    report.changed += plan.changes.len() as u64;
    report.unchanged += plan.unchanged;
    report.unpriced += plan.unpriced;
    report.fixed += plan.fixed;
    report.old_usd = [report.old_usd, plan.old_usd].into_iter().sum();
    report.new_usd = [report.new_usd, plan.new_usd].into_iter().sum();
    let room = CHANGES_SHOWN.saturating_sub(report.changes.len());
    report.changes.extend(plan.changes.iter().take(room).map(|change| shown(&charges[change.index], change)));
}

/// Whether two prices of the tenant's own are of one model, times of day and start.
fn is_taken(a: &Price, b: &Price) -> bool {
    a.provider == b.provider
        && a.model.eq_ignore_ascii_case(&b.model)
        && a.effective_from == b.effective_from
        && a.daily == b.daily
}

/// A discount that no price of the book matches: most likely a name is misspelt.
fn without_effect(discount: &Discount) -> Error {
    let reason = "no price of the book has it, so nothing would cost less; an override is never discounted";
    let reason = format!("{reason} (force sets it all the same)");
    let (field, name) = match (&discount.model, &discount.provider) {
        (Some(model), _) => ("model", model.as_str()),
        (None, provider) => ("provider", provider.as_deref().unwrap_or_default()),
    };
    Error::invalid_field(field, name, &reason)
}

/// The UTC day that starts at `start`, as far as it lies in `window`.
fn cut(start: Timestamp, window: Window) -> Option<Window> {
    const DAY: i64 = 86_400_000_000;
    Window::new(start.max(window.from), start.plus_micros(DAY).min(window.to))
}

fn shown(entry: &Entry, change: &rerate::Change) -> Change {
    Change {
        source: entry.event.source.clone(),
        event_id: entry.event.event_id.clone(),
        model: entry.event.model.clone(),
        old: change.old.clone(),
        new: change.new.clone(),
        why: change.why,
    }
}

/// Finds the charges in force among rows in any order: the newest row of each event, unless it is a reversal.
#[derive(Default)]
struct InForce {
    newest: std::collections::HashMap<(String, String), Entry>,
}

impl InForce {
    fn take(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().filter(|entry| entry.kind != Kind::Observation) {
            let key = (entry.event.source.clone(), entry.event.event_id.clone());
            let newer = self.newest.get(&key).is_none_or(|known| known.received_at < entry.received_at);
            if newer {
                self.newest.insert(key, entry);
            }
        }
    }

    fn into_charges(self) -> Vec<Entry> {
        let mut charges: Vec<Entry> = self.newest.into_values().filter(|entry| entry.kind == Kind::Charge).collect();
        charges.sort_by_key(|entry| entry.received_at);
        charges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_cut_to_the_window() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a literal of this test");
        let window = Window { from: at("2026-01-01T22:00:00Z"), to: at("2026-01-03T01:00:00Z") };
        for (start, expected) in [
            ("2026-01-01T00:00:00Z", Some((window.from, at("2026-01-02T00:00:00Z")))),
            ("2026-01-02T00:00:00Z", Some((at("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z")))),
            ("2026-01-03T00:00:00Z", Some((at("2026-01-03T00:00:00Z"), window.to))),
            ("2026-01-04T00:00:00Z", None),
        ] {
            assert_eq!(cut(at(start), window).map(|day| (day.from, day.to)), expected, "{start}");
        }
    }
}

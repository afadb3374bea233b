//! Reads single events with their history, and withdraws them by corrections.

use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::unfit;
use purser_domain::usage_query::Dimension;
use purser_domain::why::{Sighting, Why};
use purser_engine::rating;
use purser_ledger::append::{Applied, Correction};
use purser_ledger::entry_filter::{EntryFilter, Page};

use crate::error::Error;
use crate::price_book;
use crate::principal::Principal;
use crate::service::Service;

/// A page of ledger rows, newest received first.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// The rows.
    pub entries: Vec<Entry>,
    /// How many rows there are on all pages; told on the first only, for it is counted anew each time.
    pub total: Option<u64>,
    /// Where the next page starts, if there is one.
    pub next: Option<Timestamp>,
}

/// Everything the ledger knows of one event.
#[derive(Debug, Clone)]
pub struct EventDetail {
    /// Its rows, oldest first: the charge, reversals, later charges.
    pub history: Vec<Entry>,
    /// The charge in force, if it was not withdrawn.
    pub current: Option<Entry>,
    /// Other sightings of the same call.
    pub observations: Vec<Entry>,
    /// Why the charge in force is what it is, and what each sighting of the call knew.
    pub why: Option<(Why, Vec<Sighting>)>,
}

/// How many rows a void reads and corrects at a time.
const STEP: usize = 5_000;

impl Service {
    /// A page of the tenant's ledger rows that pass `filter`.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn events(&self, who: &Principal, filter: &EntryFilter, page: Page) -> Result<EventPage, Error> {
        who.may_read()?;
        let wanted = Page { limit: page.limit + 1, ..page };
        let mut entries = self.ledger().entries(who.tenant(), filter, wanted).await?;
        let more = entries.len() > page.limit;
        let total = match (page.before, more) {
            (Some(_), _) => None,
            (None, false) => Some(entries.len() as u64),
            (None, true) => Some(self.ledger().count_entries(who.tenant(), filter).await?),
        };
        entries.truncate(page.limit);
        let next = entries.last().filter(|_| more).map(|entry| entry.received_at);
        Ok(EventPage { entries, total, next })
    }

    /// One event of the tenant with its corrections and other sightings.
    ///
    /// # Errors
    /// Forbidden; not found; conflict if several sources have used the id and none is named; unavailable.
    pub async fn event(&self, who: &Principal, event_id: &str, source: Option<&str>) -> Result<EventDetail, Error> {
        who.may_read()?;
        let history = self.ledger().entry_history(who.tenant(), source, event_id).await?;
        let first = history.first().ok_or_else(|| Error::not_found("event", event_id))?;
        if let Some(other) = history.iter().find(|entry| entry.event.source != first.event.source) {
            let message = format!(
                "event {event_id:?} exists in the sources {:?} and {:?}: name one with source=",
                first.event.source, other.event.source
            );
            return Err(Error::conflict("conflict", message));
        }
        let observations = match &first.event.response_id {
            Some(response_id) => self.sightings(who, response_id, first).await?,
            None => Vec::new(),
        };
        let current = in_force(&history);
        let why = match &current {
            Some(entry) => {
                let sightings = std::iter::once(entry).chain(&observations).map(|entry| Sighting::of(&entry.event));
                Some((self.why(who, entry).await?, sightings.collect()))
            }
            None => None,
        };
        Ok(EventDetail { current, observations, history, why })
    }

    /// Why a charge is what it is, by the prices that made it.
    async fn why(&self, who: &Principal, entry: &Entry) -> Result<Why, Error> {
        let why = rating::explain(&*self.tenant_book(who.tenant()).await?, &entry.event, &entry.charge);
        if why.price.as_ref().is_none_or(|price| !price.is_other) {
            return Ok(why);
        }
        let then = price_book::as_of(self.store(), who.tenant(), entry.received_at).await?;
        let past = rating::explain(&then, &entry.event, &entry.charge);
        Ok(if past.price.as_ref().is_some_and(|price| !price.is_other) { past } else { why })
    }

    async fn sightings(&self, who: &Principal, response_id: &str, of: &Entry) -> Result<Vec<Entry>, Error> {
        let filter = EntryFilter { response_id: Some(response_id.to_owned()), ..EntryFilter::default() };
        let entries = self.ledger().entries(who.tenant(), &filter, Page { before: None, limit: 100 }).await?;
        let other = |entry: &Entry| {
            entry.kind != Kind::Reversal
                && (&entry.event.source, &entry.event.event_id) != (&of.event.source, &of.event.event_id)
        };
        Ok(entries.into_iter().filter(other).collect())
    }

    /// Withdraws one event, as if it had never come: its charge in force is reversed, and if other sightings of its call
    /// are left, the best of them is charged. Returns how many events were withdrawn (0 or 1).
    ///
    /// # Errors
    /// Forbidden; invalid reason; not found; ambiguous; unavailable.
    pub async fn void_event(
        &self,
        who: &Principal,
        source: Option<&str>,
        event_id: &str,
        reason: &str,
    ) -> Result<u64, Error> {
        who.may_operate()?;
        check_reason(reason)?;
        let detail = self.event(who, event_id, source).await?;
        let newest = detail.history.into_iter().next_back().filter(|entry| entry.reason != Some(Reason::Void));
        self.void(who, newest.into_iter().collect(), reason).await
    }

    /// Withdraws every event of an import, as if they had never come. Returns how many were withdrawn.
    ///
    /// # Errors
    /// Forbidden; invalid reason; not found if the import brought nothing; unavailable.
    pub async fn void_import(&self, who: &Principal, import_id: &str, reason: &str) -> Result<u64, Error> {
        who.may_operate()?;
        check_reason(reason)?;
        let filter = EntryFilter { import_id: Some(import_id.to_owned()), ..EntryFilter::default() };
        let (mut before, mut voided, mut seen) = (None, 0, false);
        let mut settled = std::collections::HashSet::new();
        loop {
            let entries = self.ledger().entries(who.tenant(), &filter, Page { before, limit: STEP }).await?;
            let Some(last) = entries.last() else { break };
            before = Some(last.received_at);
            seen = true;
            // Newest first: the first row of an event decides whether it was withdrawn.
            let standing = entries
                .into_iter()
                .filter(|entry| settled.insert((entry.event.source.clone(), entry.event.event_id.clone())))
                .filter(|entry| entry.reason != Some(Reason::Void))
                .collect();
            voided += self.void(who, standing, reason).await?;
        }
        let imports = self.store().import(who.tenant());
        match imports.get(import_id).await? {
            Some(_) => imports.void(import_id, reason, self.now()).await?,
            None if !seen => return Err(Error::not_found("import", import_id)),
            None => {}
        }
        Ok(voided)
    }

    async fn void(&self, who: &Principal, rows: Vec<Entry>, reason: &str) -> Result<u64, Error> {
        let corrections: Vec<Correction> = rows
            .into_iter()
            .map(|reverses| Correction {
                reverses,
                reason: Reason::Void,
                note: Some(reason.to_owned()),
                replacement: None,
            })
            .collect();
        if corrections.is_empty() {
            return Ok(0);
        }
        let applied = self.ledger().correct(corrections, &self.rate(who).await?).await?;
        Ok(applied.iter().filter(|applied| **applied == Applied::Yes).count() as u64)
    }
}

fn check_reason(reason: &str) -> Result<(), Error> {
    let wrong = if reason.trim().is_empty() { Some("must not be empty") } else { unfit(reason) };
    wrong.map_or(Ok(()), |wrong| Err(Error::invalid_field("reason", reason, wrong)))
}

/// The last charge of a history that was not taken back.
fn in_force(history: &[Entry]) -> Option<Entry> {
    let last = history.iter().rfind(|entry| entry.kind != Kind::Observation)?;
    // A correction writes the reversal and the new charge in one commit, the charge last.
    (last.kind == Kind::Charge).then(|| last.clone())
}

/// Keeps the rows whose `dimension` is exactly `value`.
#[must_use]
pub fn only(dimension: Dimension, value: &str) -> purser_domain::usage_query::Filter {
    purser_domain::usage_query::Filter { dimension, values: vec![Some(value.to_owned())] }
}

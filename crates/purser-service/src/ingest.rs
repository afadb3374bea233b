//! Usage comes in: decoded events are rated and appended, exactly once.
//! Invariant: an acknowledged event is on disk; a refused request has stored nothing.

mod by_model;

use std::collections::BTreeMap;
use std::sync::Arc;

use purser_domain::charge::Charge;
use purser_domain::feature_tag::UNCLASSIFIED;
use purser_domain::money::Money;
use purser_domain::passed_over::PassedOver;
use purser_domain::sighting::Witness;
use purser_domain::usage_event::UsageEvent;
use purser_engine::price_book::TenantBook;
use purser_engine::rating;
pub use purser_engine::rating::Prefer;
use purser_ingest::decoded::{Decoded, Incoming, Refusal};
use purser_ledger::append::{AppendError, Conflict, Draft, Mode, Outcome, Rate};

use crate::error::{Error, Kind};
use crate::passed_over::contradicting;
use crate::principal::Principal;
use crate::service::Service;

pub use by_model::{ByModel, ModelSum};

/// How a decoded request is to be taken in.
#[derive(Debug, Clone)]
pub struct Options {
    /// What a refused item or a conflict does to the rest.
    pub mode: Mode,
    /// The writer fixed the cost: charge what it reports and look up no price.
    pub reported: bool,
    /// The import that brings the events.
    pub import_id: Option<String>,
    /// Check and rate everything, store nothing.
    pub dry_run: bool,
    /// Which cost stands where an event is rated and its source reports one too; absent = as the settings say.
    pub prefer: Option<Prefer>,
    /// Who read the request; what was refused is counted under this name.
    pub receiver: &'static str,
}

impl Options {
    /// All or nothing, as our own formats are.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            mode: Mode::AllOrNothing,
            reported: false,
            import_id: None,
            dry_run: false,
            prefer: None,
            receiver: "import",
        }
    }

    /// As much as can be taken, as foreign formats are.
    #[must_use]
    pub const fn partial() -> Self {
        Self { mode: Mode::Partial, reported: false, import_id: None, dry_run: false, prefer: None, receiver: "import" }
    }
}

/// What became of a request.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// Events stored and charged.
    pub accepted: u64,
    /// Events that were stored before.
    pub duplicates: u64,
    /// Events stored as another sighting of a call that is charged elsewhere.
    pub observations: u64,
    /// Accepted events for which no price was found.
    pub unpriced: u64,
    /// Events that contradict a stored one of the same id; not stored.
    pub conflicts: Vec<Conflict>,
    /// Items that break a rule; not stored.
    pub refused: Vec<Refusal>,
    /// Fields of foreign formats that were passed over.
    pub ignored: u64,
    /// What was read and not charged, by kind; stored events whose counts contradict each other among it.
    pub passed_over: BTreeMap<PassedOver, u64>,
    /// What the reply should say of that; empty if nothing.
    pub notice: String,
    /// What a dry run's events would cost.
    pub would_charge: Option<Money>,
    /// The same by provider and model; empty if it is no dry run.
    pub by_model: ByModel,
}

/// What a request would come to at the prices of `book`, if the ledger knew none of its events.
#[must_use]
pub fn dry_run(book: &TenantBook, mut decoded: Decoded, prefer: Option<Prefer>) -> Receipt {
    decoded.charge_tools(|event| book.prices_tool(event));
    let mut would_charge = Money::ZERO;
    let mut unpriced = 0;
    let mut by_model = ByModel::new();
    let mut passed_over = decoded.passed_over;
    for incoming in &decoded.events {
        if let Some(kind) = contradicting(&incoming.event) {
            *passed_over.entry(kind).or_default() += 1;
        }
        let charge = rating::rate_for(book, &incoming.event, prefer);
        let model = (incoming.event.provider.clone(), incoming.event.model.clone());
        by_model.entry(model).or_default().add(&incoming.event, &charge);
        match charge.cost() {
            Some((amount, _)) => would_charge = [would_charge, amount].into_iter().sum(),
            None => unpriced += 1,
        }
    }
    Receipt {
        accepted: decoded.events.len() as u64,
        unpriced,
        refused: decoded.refused,
        ignored: decoded.ignored,
        passed_over,
        would_charge: Some(would_charge),
        by_model,
        ..Receipt::default()
    }
}

impl Service {
    /// Rates and stores what a decoder found.
    ///
    /// # Errors
    /// Forbidden; not found or conflict if the import is not a running one; in [`Mode::AllOrNothing`] invalid with every refused field, or a conflict naming every reused id;
    /// unavailable when the state database or the disk is.
    pub async fn ingest(&self, who: &Principal, mut decoded: Decoded, options: &Options) -> Result<Receipt, Error> {
        who.may_ingest()?;
        if options.mode == Mode::AllOrNothing && !decoded.refused.is_empty() {
            return Err(Error::invalid(decoded.refused.into_iter().flat_map(|refusal| refusal.errors).collect()));
        }
        if options.dry_run {
            return Ok(dry_run(&*self.tenant_book(who.tenant()).await?, decoded, options.prefer));
        }
        if !decoded.tool_calls.is_empty() {
            let book = self.tenant_book(who.tenant()).await?;
            decoded.charge_tools(|event| book.prices_tool(event));
        }
        if let Some(import) = &options.import_id {
            self.require_running(who, import).await?;
        }
        let mut receipt = Receipt {
            refused: std::mem::take(&mut decoded.refused),
            ignored: decoded.ignored,
            passed_over: std::mem::take(&mut decoded.passed_over),
            ..Receipt::default()
        };
        let contexts = std::mem::take(&mut decoded.contexts);
        if !decoded.events.is_empty() {
            self.store_events(who, decoded, options, &mut receipt).await?;
        }
        if !contexts.is_empty() {
            // Calls of other requests, before or after this one, may be inside these spans.
            self.ledger().surround(who.tenant(), contexts, &self.rate(who).await?).await?;
        }
        self.tell(who, options.receiver, &mut receipt);
        Ok(receipt)
    }

    /// Rates and appends the events of `decoded`, and notes in `receipt` what became of them.
    async fn store_events(
        &self,
        who: &Principal,
        decoded: Decoded,
        options: &Options,
        receipt: &mut Receipt,
    ) -> Result<(), Error> {
        let indices: Vec<usize> = decoded.events.iter().map(|incoming| incoming.source_index).collect();
        let book = self.tenant_book(who.tenant()).await?;
        let drafts = self.rate_all(who, &book, decoded.events, options).await?;
        // What a call costs that others have seen too is known only with what they know of it.
        let prefer = options.prefer;
        let rate: Rate = Arc::new(move |event: &UsageEvent| rating::rate_for(&book, event, prefer));
        let contradicting: Vec<Option<PassedOver>> = drafts.iter().map(|draft| contradicting(&draft.event)).collect();
        let unpriced: Vec<bool> = drafts.iter().map(|draft| draft.charge.cost().is_none()).collect();
        let appended = match self.append(drafts, options, &decoded.undated, &rate).await {
            Ok(appended) => appended,
            Err(AppendError::Conflicts(conflicts)) => {
                return Err(self.refuse_reused(who, conflicts, &indices, options).await);
            }
            Err(AppendError::Unstorable { index, reason }) => {
                return Err(Error::invalid_field(&format!("[{index}]"), "", &reason));
            }
            Err(AppendError::Failed(error)) => return Err(error.into()),
        };
        for (position, outcome) in appended.outcomes.iter().enumerate() {
            match outcome {
                Outcome::Accepted => {
                    receipt.accepted += 1;
                    receipt.unpriced += u64::from(unpriced[position]);
                }
                Outcome::Duplicate => receipt.duplicates += 1,
                Outcome::Observation => receipt.observations += 1,
                Outcome::Conflict => {}
            }
            if let (Outcome::Accepted | Outcome::Observation, Some(kind)) = (outcome, &contradicting[position]) {
                *receipt.passed_over.entry(kind.clone()).or_default() += 1;
            }
        }
        receipt.conflicts = at_their_place(appended.conflicts, &indices);
        self.record_conflicts(who, &receipt.conflicts, options.import_id.as_deref()).await
    }

    /// Appends. An event without a time of its own takes that of the stored one with its id, so that sending it again
    /// is no conflict.
    async fn append(
        &self,
        mut drafts: Vec<Draft>,
        options: &Options,
        undated: &[usize],
        rate: &Rate,
    ) -> Result<purser_ledger::Receipt, AppendError> {
        let ledger = self.ledger();
        if undated.is_empty() {
            return ledger.append(drafts, options.mode, rate).await;
        }
        for place in undated {
            self.date_as_stored(&mut drafts[*place], options).await?;
        }
        // Another request may store the same id between the look and the append.
        let mut again: Vec<(usize, Draft)> = undated.iter().map(|place| (*place, drafts[*place].clone())).collect();
        let first = ledger.append(drafts.clone(), options.mode, rate).await;
        let contradicted: Vec<usize> = match &first {
            Ok(receipt) => receipt.conflicts.iter().map(|conflict| conflict.index).collect(),
            Err(AppendError::Conflicts(conflicts)) => conflicts.iter().map(|conflict| conflict.index).collect(),
            Err(_) => Vec::new(),
        };
        again.retain(|(place, _)| contradicted.contains(place));
        if again.is_empty() {
            return first;
        }
        for (_, draft) in &mut again {
            self.date_as_stored(draft, options).await?;
        }
        let Ok(mut receipt) = first else {
            for (place, draft) in again {
                drafts[place] = draft;
            }
            return ledger.append(drafts, options.mode, rate).await;
        };
        let (places, again): (Vec<usize>, Vec<Draft>) = again.into_iter().unzip();
        let second = ledger.append(again, options.mode, rate).await?;
        for (place, outcome) in places.iter().zip(second.outcomes) {
            receipt.outcomes[*place] = outcome;
        }
        receipt.conflicts.retain(|conflict| !places.contains(&conflict.index));
        receipt.conflicts.extend(at_their_place(second.conflicts, &places));
        Ok(receipt)
    }

    /// Gives `draft` the time of the stored event of its id, if there is one.
    async fn date_as_stored(&self, draft: &mut Draft, options: &Options) -> Result<(), AppendError> {
        let (source, event_id) = (&draft.event.source, &draft.event.event_id);
        let history = self.ledger().entry_history(&draft.tenant, Some(source), event_id).await?;
        if let Some(stored) = history.last() {
            draft.event.occurred_at = stored.event.occurred_at;
            if options.reported {
                // Whether a tag classifies may have changed since.
                draft.event.feature_tag.clone_from(&stored.event.feature_tag);
                draft.event.tags.clone_from(&stored.event.tags);
            }
        }
        Ok(())
    }

    async fn rate_all(
        &self,
        who: &Principal,
        book: &TenantBook,
        events: Vec<Incoming>,
        options: &Options,
    ) -> Result<Vec<Draft>, Error> {
        let tags = if options.reported { Some(self.active_tags(who).await?) } else { None };
        let draft = |Incoming { mut event, enclosing, emitter, .. }| {
            if let Some(tags) = &tags {
                classify(&mut event, tags);
            }
            let charge = if options.reported {
                Charge::reported(event.reported_usd.unwrap_or_default())
            } else {
                rating::rate_for(book, &event, options.prefer)
            };
            let witness = Witness { emitter, enclosing_span_id: enclosing };
            Draft { tenant: who.tenant().clone(), event, witness, charge, import_id: options.import_id.clone() }
        };
        Ok(events.into_iter().map(draft).collect())
    }

    async fn refuse_reused(
        &self,
        who: &Principal,
        conflicts: Vec<Conflict>,
        indices: &[usize],
        options: &Options,
    ) -> Error {
        let conflicts = at_their_place(conflicts, indices);
        if let Err(error) = self.record_conflicts(who, &conflicts, options.import_id.as_deref()).await {
            return error;
        }
        let first = &conflicts[0];
        let others = if conflicts.len() > 1 { format!(" (and {} more)", conflicts.len() - 1) } else { String::new() };
        let message = format!(
            "event_id {:?} of source {:?} is already stored with another payload{others}; nothing was stored",
            first.event_id, first.source
        );
        let fields = conflicts
            .iter()
            .map(|conflict| {
                let field = format!("[{}].event_id", conflict.index);
                purser_domain::usage_event::FieldError::new(field, &conflict.event_id, "is stored with another payload")
            })
            .collect();
        Error { fields, ..Error::new(Kind::Conflict, "event-id-reused", message) }
    }
}

/// The conflicts, by the place of their item in the request instead of among its readable events.
fn at_their_place(conflicts: Vec<Conflict>, indices: &[usize]) -> Vec<Conflict> {
    conflicts.into_iter().map(|conflict| Conflict { index: indices[conflict.index], ..conflict }).collect()
}

/// Replaces a tag that is not an active one of the tenant, keeping the raw one beside it.
fn classify(event: &mut UsageEvent, active: &std::collections::HashSet<String>) {
    if let Some(raw) = event.feature_tag.take_if(|tag| !active.contains(tag.as_str())) {
        event.tags.insert("feature_tag".to_owned(), raw);
        event.feature_tag = Some(UNCLASSIFIED.to_owned());
    }
}

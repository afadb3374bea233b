//! Counts what receivers read and did not charge, and tells it: in the store, in the log and in the reply.
//! Invariant: no request waits for a count to be stored; a count that the store does not take is kept and tried again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use purser_domain::passed_over::{PassedOver, Reason};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;
use purser_ingest::decoded::Refusal;
use purser_store::Store;
use purser_store::passed_over::{Key, Seen, day_of};

use crate::cache::Cache;
use crate::error::Error;
use crate::ingest::Receipt;
use crate::principal::Principal;
use crate::service::Service;

/// How long counts wait to be stored together.
const FLUSH_AFTER: Duration = Duration::from_secs(1);
/// The most kinds of one tenant and day; beyond them the rest of a reason shares one without a name.
const KINDS_MAX: usize = 1_000;
/// The most kinds of one answer.
pub const LISTED_MAX: usize = 1_000;
/// The most kinds that a message names.
const NAMED_MAX: usize = 10;
/// How long something that was said is not said again, microseconds.
const SILENCE_MICROS: i64 = 60_000_000;

/// A kind of input, how often it was passed over and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The kind.
    pub kind: PassedOver,
    /// How often; it counts again if it is sent again.
    pub count: u64,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
}

/// What waits to be stored, and what was said of late.
pub(crate) struct Tally {
    waiting: Mutex<Waiting>,
    scheduled: AtomicBool,
    logged: Cache<PassedOver, ()>,
    told: Cache<(TenantId, PassedOver), ()>,
}

#[derive(Default)]
struct Waiting {
    counts: BTreeMap<Key, Seen>,
    kinds: HashMap<TenantId, (Timestamp, HashSet<PassedOver>)>,
}

impl Waiting {
    fn add(&mut self, tenant: &TenantId, kind: &PassedOver, count: u64, now: Timestamp) {
        let (day, kinds) = self.kinds.entry(tenant.clone()).or_default();
        if *day != day_of(now) {
            (*day, *kinds) = (day_of(now), HashSet::new());
        }
        let known = kinds.contains(kind) || kinds.len() < KINDS_MAX;
        let kind = if known { kind.clone() } else { PassedOver::new("others", "", kind.reason) };
        kinds.insert(kind.clone());
        self.restore(Key::at(tenant.clone(), kind, now), Seen::at(count, now));
    }

    fn restore(&mut self, key: Key, seen: Seen) {
        self.counts.entry(key).and_modify(|known| known.add(seen)).or_insert(seen);
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            scheduled: AtomicBool::new(false),
            logged: Cache::new(SILENCE_MICROS),
            told: Cache::new(SILENCE_MICROS),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes at most one line a minute for a kind.
    fn log(&self, tenant: &TenantId, kind: &PassedOver, count: u64, now: Timestamp) {
        if self.logged.get(kind, now).is_some() {
            return;
        }
        self.logged.put(kind.clone(), (), now);
        let reason = kind.reason.name();
        if kind.reason.is_doubtful() {
            tracing::warn!(%tenant, reason, count, "{kind}; said once a minute, see `purser usage passed-over`");
        } else {
            tracing::info!(%tenant, reason, count, "{kind}; said once a minute, see `purser usage passed-over`");
        }
    }

    /// What the reply says: what is doubtful always; if nothing was stored, the rest too, but not to a tenant that was
    /// told within the last minute, since ordinary traces are no fault of their sender's.
    fn notice(&self, tenant: &TenantId, receipt: &Receipt, now: Timestamp) -> String {
        let nothing = receipt.accepted + receipt.duplicates + receipt.observations == 0;
        let news = |kind: &PassedOver| {
            let key = (tenant.clone(), kind.clone());
            let news = self.told.get(&key, now).is_none();
            if news {
                self.told.put(key, (), now);
            }
            news
        };
        let said: Vec<(&PassedOver, u64)> = receipt
            .passed_over
            .iter()
            .filter(|(kind, _)| kind.reason.is_doubtful() || (nothing && news(kind)))
            .map(|(kind, count)| (kind, *count))
            .collect();
        words(said, nothing)
    }
}

/// The kinds in one sentence, doubtful and frequent ones first; empty if there are none.
fn words(mut said: Vec<(&PassedOver, u64)>, nothing: bool) -> String {
    said.sort_by_key(|(kind, count)| (!kind.reason.is_doubtful(), std::cmp::Reverse(*count)));
    let mut text = String::new();
    for (place, (kind, count)) in said.iter().take(NAMED_MAX).enumerate() {
        let before = match (place, nothing) {
            (0, true) => "nothing was stored: ",
            (0, false) => "",
            _ => "; ",
        };
        // Writing to a string never fails.
        let _ = write!(text, "{before}{count} × {kind}");
    }
    if said.len() > NAMED_MAX {
        let _ = write!(text, "; and {} kinds more", said.len() - NAMED_MAX);
    }
    text
}

/// The kind of an event whose counts contradict each other.
pub(crate) fn contradicting(event: &UsageEvent) -> Option<PassedOver> {
    event.contradiction.as_ref()?;
    Some(PassedOver::new(&event.source, &event.model, Reason::CountsContradict))
}

/// The kind of an item that a receiver refused.
fn refused(receiver: &str, refusal: &Refusal) -> PassedOver {
    let field = refusal.errors.first().map_or("", |error| error.field.as_str());
    let bare = field.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(field, |(_, name)| name);
    // What follows a tag's dot is the sender's own.
    let bare = if bare.contains("tags.") { "tags" } else { bare.trim_start_matches('.') };
    PassedOver::new(receiver, bare, Reason::Refused)
}

impl Service {
    /// Counts what `receipt` passed over and refused, and puts into it what the reply says.
    pub(crate) fn tell(&self, who: &Principal, receiver: &str, receipt: &mut Receipt) {
        if receipt.passed_over.is_empty() && receipt.refused.is_empty() {
            return;
        }
        let (tally, tenant, now) = (self.tally(), who.tenant(), self.now());
        receipt.notice = tally.notice(tenant, receipt, now);
        let mut counts = receipt.passed_over.clone();
        for refusal in &receipt.refused {
            *counts.entry(refused(receiver, refusal)).or_default() += 1;
        }
        {
            let mut waiting = tally.waiting();
            for (kind, count) in &counts {
                waiting.add(tenant, kind, *count, now);
            }
        }
        for (kind, count) in counts {
            tally.log(tenant, &kind, count, now);
        }
        if !tally.scheduled.swap(true, Ordering::AcqRel) {
            self.later(FLUSH_AFTER, async |service| {
                service.tally().scheduled.store(false, Ordering::Release);
                if let Err(error) = service.flush_passed_over().await {
                    tracing::warn!(%error, "counts of what was passed over are not stored yet");
                }
            });
        }
    }

    /// Stores the counts that wait.
    pub(crate) async fn flush_passed_over(&self) -> Result<(), Error> {
        let counts = std::mem::take(&mut self.tally().waiting().counts);
        let stored = self.store().passed_over().add(&counts).await;
        if stored.is_err() {
            let mut waiting = self.tally().waiting();
            for (key, seen) in counts {
                waiting.restore(key, seen);
            }
        }
        Ok(stored?)
    }

    /// What was passed over on the UTC day of `since` and later: doubtful kinds first, then by count; the
    /// [`LISTED_MAX`] kinds seen last, if there are more.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn passed_over(&self, who: &Principal, since: Option<Timestamp>) -> Result<Vec<Record>, Error> {
        who.may_read()?;
        self.flush_passed_over().await?;
        list(self.store(), who.tenant(), since).await
    }
}

/// As [`Service::passed_over`], from the state database alone.
///
/// # Errors
/// Unavailable.
pub async fn list(store: &Store, tenant: &TenantId, since: Option<Timestamp>) -> Result<Vec<Record>, Error> {
    let rows = store.passed_over().list(tenant, since, LISTED_MAX as u64).await?;
    let mut records: Vec<Record> = rows
        .into_iter()
        .map(|(kind, Seen { times, first_at, last_at })| Record { kind, count: times, first_at, last_at })
        .collect();
    records.sort_by_key(|record| (!record.kind.reason.is_doubtful(), std::cmp::Reverse(record.count)));
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().expect("a literal of this test")
    }

    fn tenant() -> TenantId {
        "acme".parse().expect("a literal of this test")
    }

    fn receipt(kinds: &[(&str, Reason, u64)], accepted: u64) -> Receipt {
        let passed_over =
            kinds.iter().map(|(name, reason, count)| (PassedOver::new("x", name, *reason), *count)).collect();
        Receipt { passed_over, accepted, ..Receipt::default() }
    }

    #[test]
    fn what_is_doubtful_is_always_said_and_first() {
        let tally = Tally::new();
        let some = receipt(&[("a", Reason::NotACall, 9), ("b", Reason::UnknownOperation, 2)], 1);
        for _ in 0..2 {
            let said = tally.notice(&tenant(), &some, now());
            assert_eq!(said, "2 × x \"b\" is not known to call a model: not charged");
        }
    }

    #[test]
    fn nothing_stored_is_said_once_a_minute_and_calls_beside_are_enough() {
        let tally = Tally::new();
        let said =
            |receipt: &Receipt, seconds: i64| tally.notice(&tenant(), receipt, now().plus_micros(seconds * 1_000_000));
        let agents = [("agent", Reason::NotACall, 3)];
        assert_eq!(said(&receipt(&agents, 1), 0), "", "a call is stored beside");
        let words = "nothing was stored: 3 × x \"agent\" is no call of a model: not charged";
        assert_eq!(said(&receipt(&agents, 0), 0), words);
        assert_eq!(said(&receipt(&agents, 0), 59), "", "said less than a minute ago");
        assert_eq!(said(&receipt(&agents, 0), 60), words);
        let words = "nothing was stored: 1 × x \"http\" has nothing to do with models: not charged";
        assert_eq!(said(&receipt(&[("http", Reason::NotGenAi, 1)], 0), 61), words, "another kind");
        assert_eq!(said(&receipt(&[], 0), 0), "", "an empty request");
    }

    #[test]
    fn kinds_without_end_share_one() {
        let mut waiting = Waiting::default();
        for n in 0..KINDS_MAX + 5 {
            waiting.add(&tenant(), &PassedOver::new("x", &n.to_string(), Reason::UnknownUsage), 1, now());
        }
        assert_eq!(waiting.counts.len(), KINDS_MAX + 1);
        let rest = Key::at(tenant(), PassedOver::new("others", "", Reason::UnknownUsage), now());
        assert_eq!(waiting.counts[&rest], Seen::at(5, now()));
    }

    #[test]
    fn a_refusal_is_known_by_its_field() {
        let refusal = |field: &str| Refusal {
            index: 3,
            id: None,
            errors: vec![purser_domain::usage_event::FieldError::new(field, "-5", "must not be negative")],
        };
        for (field, expect) in
            [("[3].input_tokens", "input_tokens"), ("[3]", ""), ("model", "model"), ("[3].tags.secret-of-acme", "tags")]
        {
            assert_eq!(refused("otlp_http", &refusal(field)), PassedOver::new("otlp_http", expect, Reason::Refused));
        }
    }
}

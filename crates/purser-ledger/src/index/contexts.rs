//! What spans around calls tell of who spent them: kept for a day, for calls and parents come in any order.
//!
//! Invariant: passing knowledge. What a context gave to a call stands in that call's rows; one that is lost gives nothing
//! to calls that are still to come, and takes nothing away.

use std::collections::BTreeMap;

use purser_domain::attribution::{Attribution, SpanContext};
use purser_domain::sighting::Sighting;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;
use serde::{Deserialize, Serialize};

use super::{Index, Key};
use crate::codec::Hasher;
use crate::error::Error;

/// How long a context is kept, microseconds.
const KEPT_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// The deepest nesting that is followed.
const DEPTH_MAX: usize = 32;
/// The most calls that one context reaches at once.
const REACH_MAX: usize = 2_000;

/// A context as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// Contexts directly below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    below: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

fn key(hasher: &mut Hasher, tenant: &TenantId, trace: &str, span: &str) -> Key {
    hasher.texts([tenant.as_str(), "context", trace, span])
}

impl Index {
    /// Whether any context is kept.
    pub(crate) fn has_contexts(&self) -> Result<bool, Error> {
        Ok(!self.contexts.is_empty()?)
    }

    /// Keeps contexts received at `now`, forgets those of the day before, and returns the calls below the new ones.
    pub(crate) fn surround(
        &self,
        hasher: &mut Hasher,
        tenant: &TenantId,
        contexts: &[SpanContext],
        now: Timestamp,
    ) -> Result<Vec<Key>, Error> {
        for context in contexts {
            let key = key(hasher, tenant, &context.trace_id, &context.span_id);
            let below = self.kept(&key)?.map(|kept| kept.below).unwrap_or_default();
            self.keep(&key, &Kept::of(context, below, now))?;
            if let Some(parent) = &context.parent_span_id {
                self.note_below(hasher, tenant, (&context.trace_id, parent), &context.span_id, now)?;
            }
        }
        self.forget(now)?;
        let mut found = Vec::new();
        for context in contexts {
            let mut next = vec![(context.span_id.clone(), 0)];
            while let Some((span, depth)) = next.pop().filter(|_| found.len() < REACH_MAX) {
                let link = hasher.texts([tenant.as_str(), "span", &context.trace_id, &span]);
                found.extend(self.inside(&link)?);
                let key = key(hasher, tenant, &context.trace_id, &span);
                let below = self.kept(&key)?.map(|kept| kept.below).unwrap_or_default();
                next.extend(below.into_iter().filter(|_| depth < DEPTH_MAX).map(|span| (span, depth + 1)));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The event with what the spans around it tell, if that is more than it says itself.
    pub(crate) fn filled(
        &self,
        hasher: &mut Hasher,
        tenant: &TenantId,
        seen: &Sighting<'_>,
    ) -> Result<Option<UsageEvent>, Error> {
        let mut filled: Option<UsageEvent> = None;
        for (trace, span) in seen.spans_around() {
            let mut next = Some(span.to_owned());
            for _ in 0..DEPTH_MAX {
                let Some(span) = next.take() else { break };
                let Some(kept) = self.kept(&key(hasher, tenant, trace, &span))? else { break };
                let mut event = filled.clone().unwrap_or_else(|| seen.event.clone());
                if kept.attribution().fill(&mut event) {
                    filled = Some(event);
                }
                next = kept.parent;
            }
        }
        Ok(filled)
    }

    /// Notes that a context has another one below it, whether it is known yet or not.
    fn note_below(
        &self,
        hasher: &mut Hasher,
        tenant: &TenantId,
        (trace, parent): (&str, &str),
        span: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let key = key(hasher, tenant, trace, parent);
        let unknown = || Kept::of(&SpanContext::default(), Vec::new(), now);
        let mut kept = self.kept(&key)?.unwrap_or_else(unknown);
        if kept.below.len() < REACH_MAX && !kept.below.iter().any(|known| known == span) {
            kept.below.push(span.to_owned());
            self.keep(&key, &kept)?;
        }
        Ok(())
    }

    fn kept(&self, key: &Key) -> Result<Option<Kept>, Error> {
        let Some(bytes) = self.contexts.get(key)? else { return Ok(None) };
        let kept = serde_json::from_slice(&bytes).map_err(|_| Error::Corrupt("a context in the index".to_owned()))?;
        Ok(Some(kept))
    }

    fn keep(&self, key: &Key, kept: &Kept) -> Result<(), Error> {
        Ok(self.contexts.insert(*key, crate::codec::json(kept))?)
    }

    /// Forgets what is older than a day, at most once an hour.
    fn forget(&self, now: Timestamp) -> Result<(), Error> {
        const HOUR_MICROS: i64 = 3_600 * 1_000_000;
        let last =
            self.about.get("contexts")?.and_then(|bytes| Some(i64::from_le_bytes(bytes.as_ref().try_into().ok()?)));
        if last.is_some_and(|last| now.micros() - last < HOUR_MICROS) {
            return Ok(());
        }
        for guard in self.contexts.iter() {
            let (key, value) = guard.into_inner()?;
            let old = serde_json::from_slice::<Kept>(&value).is_ok_and(|kept| kept.at < now.micros() - KEPT_MICROS);
            if old {
                self.contexts.remove(key)?;
            }
        }
        Ok(self.about.insert("contexts", now.micros().to_le_bytes())?)
    }
}

impl Kept {
    fn of(context: &SpanContext, below: Vec<String>, now: Timestamp) -> Self {
        let told = &context.attribution;
        let facts = [
            ("project", &told.project),
            ("environment", &told.environment),
            ("feature_tag", &told.feature_tag),
            ("user_id", &told.user_id),
            ("agent", &told.agent),
            ("skill", &told.skill),
            ("run_id", &told.run_id),
            ("session_id", &told.session_id),
        ];
        let facts = facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact.clone()?)));
        let (parent, tags) = (context.parent_span_id.clone(), told.tags.clone());
        Self { at: now.micros(), parent, below, facts: facts.collect(), tags }
    }

    fn attribution(&self) -> Attribution {
        let fact = |name: &str| self.facts.get(name).cloned();
        Attribution {
            project: fact("project"),
            environment: fact("environment"),
            feature_tag: fact("feature_tag"),
            user_id: fact("user_id"),
            agent: fact("agent"),
            skill: fact("skill"),
            run_id: fact("run_id"),
            session_id: fact("session_id"),
            tags: self.tags.clone(),
            ..Attribution::default()
        }
    }
}

//! Which sources each tenant has: with them, an event is found by its id alone.

use std::collections::BTreeSet;

use purser_domain::tenant::TenantId;

use super::{Changes, Index, State};
use crate::error::Error;

/// Sources that were seen since the index was written last; few, however many events they sent.
#[derive(Debug, Default)]
pub(super) struct Sources {
    last: Option<(TenantId, String)>,
    seen: BTreeSet<(TenantId, String)>,
}

impl Sources {
    /// Each source's key: the tenant, an end mark that no tenant has, the source.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.seen.iter().map(|(tenant, source)| format!("{tenant}\0{source}"))
    }
}

impl Changes {
    /// Notes that `tenant` has events of `source`. Neighbours mostly share it, so that is looked at first.
    pub(crate) fn note_source(&mut self, tenant: &TenantId, source: &str) {
        let is_last = |(t, s): &(TenantId, String)| t == tenant && s == source;
        if !self.sources.last.as_ref().is_some_and(is_last) {
            let seen = (tenant.clone(), source.to_owned());
            self.sources.last = Some(seen.clone());
            self.sources.seen.insert(seen);
        }
    }
}

impl Index {
    /// What is known of the events of `tenant` with `event_id`, one per source.
    pub(crate) fn events_of_any_source(&self, tenant: &TenantId, event_id: &str) -> Result<Vec<State>, Error> {
        let prefix = format!("{tenant}\0");
        let (mut found, mut hasher) = (Vec::new(), self.hasher());
        for guard in self.sources.prefix(&prefix) {
            let key = guard.key()?;
            let source = std::str::from_utf8(&key[prefix.len()..]);
            let source = source.map_err(|_| Error::Corrupt("a source in the index".to_owned()))?;
            let key = hasher.texts([tenant.as_str(), source, event_id]);
            found.extend(self.event(&Changes::default(), &key)?);
        }
        Ok(found)
    }
}

//! A small map whose entries are trusted for a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

use purser_domain::time::Timestamp;

/// The most entries; beyond them the map starts anew.
const ENTRIES_MAX: usize = 10_000;

/// Values by key, each trusted for a fixed time after it was put.
pub(crate) struct Cache<K, V> {
    trust_micros: i64,
    entries: RwLock<HashMap<K, (Timestamp, V)>>,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(crate) fn new(trust_micros: i64) -> Self {
        Self { trust_micros, entries: RwLock::default() }
    }

    pub(crate) fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let (put_at, value) = entries.get(key)?;
        (*put_at <= now && now < put_at.plus_micros(self.trust_micros)).then(|| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(key, (now, value));
    }

    pub(crate) fn clear(&self) {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

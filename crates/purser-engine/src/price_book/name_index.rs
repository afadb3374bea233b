//! Provider → exact name → prices, in the order in which they are tried.
//! Invariant: read-only once built, so that a plain hash is safe against chosen names.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use purser_domain::price::DailyWindow;

use super::Dated;

type Map<V> = HashMap<Box<str>, V, BuildHasherDefault<WordHasher>>;

/// The positions of the prices that a name stands for, best first.
type Slot = Box<[usize]>;

/// Names of models, by provider and over all of them.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    providers: Map<Map<usize>>,
    /// Names that one provider only has.
    unique: Map<Option<usize>>,
    slots: Vec<Slot>,
}

impl NameIndex {
    /// Indexes prices that are sorted by provider and model.
    pub(super) fn build(dated: &[Dated]) -> Self {
        let mut models: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
        for (index, entry) in dated.iter().enumerate() {
            models.entry((&entry.price.provider, entry.price.model.to_ascii_lowercase())).or_default().push(index);
        }
        let mut this = Self::default();
        for ((provider, model), indices) in &mut models {
            indices.sort_by(|a, b| preference(&dated[*a]).cmp(&preference(&dated[*b])));
            let slot = this.slots.len();
            this.slots.push(indices.as_slice().into());
            this.insert(provider, model, slot);
        }
        for (slot, ((provider, _), indices)) in models.iter().enumerate() {
            for alias in indices.iter().flat_map(|index| &dated[*index].price.aliases) {
                this.insert(provider, &alias.to_ascii_lowercase(), slot);
            }
        }
        this
    }

    /// The first to claim a name keeps it: own names come before aliases, aliases in model order.
    fn insert(&mut self, provider: &str, name: &str, slot: usize) {
        let names = self.providers.entry(provider.into()).or_default();
        if names.contains_key(name) {
            return;
        }
        names.insert(name.into(), slot);
        self.unique.entry(name.into()).and_modify(|only| *only = None).or_insert(Some(slot));
    }

    /// The prices of an exact name in lower case; of any provider if `provider` is empty and one only has it.
    pub(super) fn get(&self, provider: &str, name: &str) -> Option<&[usize]> {
        let slot =
            if provider.is_empty() { (*self.unique.get(name)?)? } else { *self.providers.get(provider)?.get(name)? };
        Some(&self.slots[slot])
    }

    /// The prices of an exact name in lower case at every provider.
    pub(super) fn everywhere(&self, name: &str) -> Vec<usize> {
        self.providers
            .values()
            .filter_map(|names| names.get(name))
            .flat_map(|slot| self.slots[*slot].iter().copied())
            .collect()
    }
}

/// Smaller is tried first: a daily window, then the latest start, then a fixed tie-break.
fn preference(entry: &Dated) -> impl Ord + '_ {
    let price = &entry.price;
    (
        price.daily.is_none(),
        std::cmp::Reverse(price.effective_from),
        price.daily.as_ref().map(DailyWindow::key),
        &*entry.version,
    )
}

/// A multiply-and-rotate hash of eight bytes at a time.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct WordHasher(u64);

impl WordHasher {
    const fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.add(u64::from_le_bytes(last));
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

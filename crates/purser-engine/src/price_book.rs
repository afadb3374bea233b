//! An index of dated prices by provider and exact model name.
//! Invariant: the same prices in any order give the same index; a name is matched whole or not at all.

pub mod model_name;
mod name_index;
mod partial;
pub mod rate_chain;
mod rate_table;
mod tenant_book;
mod version;

use std::collections::HashMap;
use std::sync::Arc;

use purser_domain::charge::Match;
use purser_domain::price::{DailyWindow, Finding, Price, STANDARD, Tier};
use purser_domain::time::Timestamp;

use crate::price_check;
use name_index::NameIndex;
pub use rate_chain::Rates;
pub(crate) use rate_table::{Leaves, RateTable, set_of};
pub use tenant_book::{Found, TenantBook, has_effect};
pub use version::version;

/// One price, ready for rating.
#[derive(Debug)]
pub(crate) struct Dated {
    pub(crate) price: Arc<Price>,
    pub(crate) version: Arc<str>,
    /// Service tier, then its rates by context size, largest first.
    tiers: Vec<(String, Vec<RateTable>)>,
}

impl Dated {
    fn new(price: Price) -> Self {
        Self::with_own(price, None)
    }

    /// The price of a tenant that `own` was laid over the book's to make.
    fn with_own(price: Price, own: Option<&Price>) -> Self {
        let mut tiers: Vec<(String, Vec<RateTable>)> = Vec::new();
        let standard = |tier: &Tier| tier.service_tier == STANDARD && tier.over_input_tokens == 0;
        let reference = price.tiers.iter().find(|tier| standard(tier));
        for tier in &price.tiers {
            let of = reference.filter(|_| !standard(tier)).map(|tier| &tier.rates);
            let named = own.map_or(0, |own| partial::named_leaves(own, tier));
            let table = RateTable::new(tier, &price.source, of, named);
            match tiers.iter_mut().find(|(name, _)| *name == tier.service_tier) {
                Some((_, sizes)) => sizes.push(table),
                None => tiers.push((tier.service_tier.clone(), vec![table])),
            }
        }
        for (_, sizes) in &mut tiers {
            sizes.sort_by_key(|table| std::cmp::Reverse(table.over_input_tokens));
        }
        tiers.sort_by_key(|(name, _)| name != STANDARD);
        Self { version: version(&price).into(), price: Arc::new(price), tiers }
    }

    /// Whether the price is valid at `at`, its time of day included.
    pub(crate) fn holds_at(&self, at: Timestamp) -> bool {
        self.price.effective_from.is_none_or(|from| from <= at)
            && self.price.effective_to.is_none_or(|to| at < to)
            && self.price.daily.as_ref().is_none_or(|window| window.contains(at))
    }

    /// The rates of a service tier (in its canonical name) by context size, largest first.
    pub(crate) fn sizes(&self, service_tier: &str) -> Option<&[RateTable]> {
        self.tiers.iter().find(|(name, _)| name == service_tier).map(|(_, sizes)| &**sizes)
    }

    /// The rates of a service tier (in its canonical name) for a call that read `context_tokens`.
    pub(crate) fn rates(&self, service_tier: &str, context_tokens: u64) -> Option<&RateTable> {
        let mut sizes = self.sizes(service_tier)?.iter();
        sizes.find(|table| table.over_input_tokens == 0 || context_tokens > table.over_input_tokens)
    }
}

/// Every price by provider and exact name.
#[derive(Debug, Default)]
pub struct PriceBook {
    dated: Vec<Dated>,
    names: NameIndex,
}

impl PriceBook {
    /// Builds the index, with what is odd about the prices.
    ///
    /// Odd prices stay usable where they can be: of two that hold at one instant the one with a
    /// daily window wins, then the one that started last; a model's own name beats an alias.
    #[must_use]
    pub fn compile(mut prices: Vec<Price>) -> (Self, Vec<Finding>) {
        let findings = price_check::check(&prices);
        prices.sort_by_cached_key(|price| (price.provider.clone(), price.model.to_ascii_lowercase(), version(price)));
        let dated: Vec<Dated> = prices.into_iter().map(Dated::new).collect();
        let names = NameIndex::build(&dated);
        (Self { dated, names }, findings)
    }

    /// What a tenant pays: overrides beat the book, discounts change its unit prices.
    #[must_use]
    pub fn for_tenant(
        book: Arc<Self>,
        overrides: Vec<Price>,
        discounts: Vec<purser_domain::price::Discount>,
    ) -> TenantBook {
        TenantBook::new(book, overrides, discounts)
    }

    /// How many prices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dated.len()
    }

    /// Whether there is no price at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dated.is_empty()
    }

    /// Every price with its version, by provider, model and version.
    pub fn iter(&self) -> impl Iterator<Item = (&Price, &str)> {
        self.dated.iter().map(|dated| (&*dated.price, &*dated.version))
    }

    /// The price of a model at an instant, with its version.
    ///
    /// # Errors
    /// [`Match::UnknownModel`] or [`Match::NoPriceAtDate`].
    pub fn find(&self, provider: &str, model: &str, at: Timestamp) -> Result<(&Price, &str), Match> {
        self.lookup(provider, model, at).map(|index| {
            let dated = &self.dated[index];
            (&*dated.price, &*dated.version)
        })
    }

    /// The prices of every provider that know `name` exactly (`provider/model` names one provider).
    #[must_use]
    pub fn known_as(&self, name: &str) -> Vec<&Price> {
        let mut indices = self.names.everywhere(&name.to_ascii_lowercase());
        if indices.is_empty()
            && let Some(slot) = model_name::resolve("", name, |provider, name| self.names.get(provider, name))
        {
            indices.extend_from_slice(slot);
        }
        let mut found: Vec<&Price> = indices.into_iter().map(|index| &*self.dated[index].price).collect();
        found.sort_by(|a, b| {
            (&a.provider, &a.model, a.effective_from, a.daily.as_ref().map(DailyWindow::key)).cmp(&(
                &b.provider,
                &b.model,
                b.effective_from,
                b.daily.as_ref().map(DailyWindow::key),
            ))
        });
        found
    }

    pub(crate) fn dated(&self, index: usize) -> &Dated {
        &self.dated[index]
    }

    pub(crate) fn all_dated(&self) -> &[Dated] {
        &self.dated
    }

    /// The indices of a model's prices under any documented spelling of its name, in the order they are tried.
    pub(crate) fn slot(&self, provider: &str, model: &str) -> Option<&[usize]> {
        let get = |provider: &str, name: &str| self.names.get(provider, name);
        get(provider, model).or_else(|| model_name::resolve(provider, model, get))
    }

    /// The index of the first price of `slot` that holds at `at`.
    pub(crate) fn holding(&self, slot: &[usize], at: Timestamp) -> Option<usize> {
        slot.iter().copied().find(|index| self.dated[*index].holds_at(at))
    }

    /// The index of the price that holds at `at` under any documented spelling of the name.
    pub(crate) fn lookup(&self, provider: &str, model: &str, at: Timestamp) -> Result<usize, Match> {
        let slot = self.slot(provider, model).ok_or(Match::UnknownModel)?;
        self.holding(slot, at).ok_or(Match::NoPriceAtDate)
    }

    /// The canonical (provider, model) behind any spelling, whatever the date.
    pub(crate) fn identity(&self, provider: &str, model: &str) -> Option<(&str, &str)> {
        let slot = self.slot(provider, model)?;
        let price = &self.dated[*slot.first()?].price;
        Some((&price.provider, &price.model))
    }
}

/// Groups the positions of `items` by a key, in order of first appearance.
pub(crate) fn group_by<T, K: std::hash::Hash + Eq>(items: &[T], key: impl Fn(&T) -> K) -> HashMap<K, Vec<usize>> {
    let mut groups: HashMap<K, Vec<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        groups.entry(key(item)).or_default().push(index);
    }
    groups
}

#[cfg(test)]
pub(crate) mod tests;

//! An index of dated prices by provider and exact model name.
//! Invariant: the same prices in any order give the same index; a name is matched whole or not at all.

mod dated;
pub mod model_name;
mod name_index;
mod partial;
pub mod rate_chain;
mod rate_table;
mod tenant_book;
mod version;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use purser_domain::charge::Match;
use purser_domain::price::{DailyWindow, Finding, Price};
use purser_domain::time::Timestamp;

use crate::price_check;
pub(crate) use dated::{Dated, Served};
use name_index::NameIndex;
pub use rate_chain::Rates;
pub(crate) use rate_table::{GROUNDED_PROMPTS, Leaves, REQUEST_KIND, RateTable, set_of};
pub(crate) use tenant_book::Origin;
pub use tenant_book::{Found, MCP, TOOL, TenantBook, has_effect};
pub use version::version;

/// Every price by provider and exact name.
#[derive(Debug, Default)]
pub struct PriceBook {
    dated: Vec<Dated>,
    names: NameIndex,
    /// Providers whose prices tell one place from another.
    known_places: HashSet<String>,
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
        let known_places = dated.iter().filter(|dated| dated.knows_geographies());
        let known_places = known_places.map(|dated| dated.price.provider.clone()).collect();
        (Self { dated, names, known_places }, findings)
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

    /// Whether the provider's prices tell one place from another.
    pub(crate) fn knows_places_of(&self, provider: &str) -> bool {
        self.known_places.contains(provider)
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

    /// The index of the price of exactly that name, in any case, that holds at `at`.
    pub(crate) fn exact(&self, provider: &str, name: &str, at: Timestamp) -> Option<usize> {
        self.holding(self.names.get(provider, &name.to_ascii_lowercase())?, at)
    }

    /// The index of the price that holds at `at` under any documented spelling of the name.
    pub(crate) fn lookup(&self, provider: &str, model: &str, at: Timestamp) -> Result<usize, Match> {
        let slot = self.slot(provider, model).ok_or(Match::UnknownModel)?;
        self.holding(slot, at).ok_or(Match::NoPriceAtDate)
    }

    /// The canonical (provider, model) behind any documented spelling, whatever the date.
    #[must_use]
    pub fn identity(&self, provider: &str, model: &str) -> Option<(&str, &str)> {
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

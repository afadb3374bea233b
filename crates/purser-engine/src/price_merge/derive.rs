//! Derives what no catalogue writes down from what it does: the batch price of a leaf, a tier before it was listed.
//! Invariant: a derived rate says from what it was derived, and is only derived where the provider's own rates show it.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Price, Rate, STANDARD, Source, Tier};
use purser_domain::usage::Leaf;

/// Providers whose every model is served in batches at half of its standard price, with the page that says so.
const HALF: [(&str, &str); 1] =
    [("anthropic", "https://docs.claude.com/en/docs/build-with-claude/batch-processing#pricing")];

/// Models of these providers that are older than their batches.
const BEFORE_BATCHES: [&str; 2] = ["claude-2", "claude-instant"];

/// The service tier of batches.
const BATCH: &str = "batch";

/// Copies tiers into the periods before the one that lists them, as long as the standard rates stay the same: a
/// catalogue dates a tier by when it learnt of it.
pub(super) fn earlier_tiers(prices: &mut [Price]) -> usize {
    let mut added = 0;
    for index in (1..prices.len()).rev() {
        let (before, after) = prices.split_at_mut(index);
        let (Some(before), Some(after)) = (before.last_mut(), after.first()) else { continue };
        let follows = before.provider == after.provider
            && before.model == after.model
            && before.daily == after.daily
            && before.effective_to.is_some()
            && before.effective_to == after.effective_from;
        if !follows || rates_of(before, STANDARD) != rates_of(after, STANDARD) {
            continue;
        }
        let known: BTreeSet<String> = before.tiers.iter().map(|tier| tier.service_tier.clone()).collect();
        for tier in after.tiers.iter().filter(|tier| !known.contains(&tier.service_tier)) {
            let of = tier.source.as_ref().unwrap_or(&after.source);
            let is_derived = of.catalogue.starts_with(DERIVED);
            let source =
                if is_derived { of.clone() } else { derived(of, &format!("listed later by {}", of.catalogue)) };
            before.tiers.push(Tier { source: Some(source), ..tier.clone() });
            added += 1;
        }
    }
    added
}

type Row<'a> = (u64, &'a [Option<Rate>; Leaf::COUNT], &'a BTreeMap<String, Rate>);

fn rates_of<'a>(price: &'a Price, service_tier: &str) -> Vec<Row<'a>> {
    let own = price.tiers.iter().filter(|tier| tier.service_tier == service_tier);
    own.map(|tier| (tier.over_input_tokens, &tier.rates, &tier.units)).collect()
}

/// How the batch rates of one leaf of a provider stand to its standard rates.
#[derive(Debug, Clone, Copy, Default)]
struct Evidence {
    halves: u32,
    others: u32,
}

/// What the catalogues' own rates show, by provider and leaf.
#[derive(Debug, Default)]
pub(super) struct Batches(BTreeMap<(String, Leaf), Evidence>);

impl Batches {
    /// Counts every batch rate that stands beside a standard one.
    pub(super) fn observe(prices: &[&[Price]]) -> Self {
        let mut found = Self::default();
        for price in prices.iter().copied().flatten() {
            for (standard, batch) in pairs(price) {
                for leaf in Leaf::ALL.into_iter().filter(|leaf| leaf.is_token()) {
                    let (Some(standard), Some(batch)) = (standard.rates[leaf as usize], batch.rates[leaf as usize])
                    else {
                        continue;
                    };
                    let evidence = found.0.entry((price.provider.clone(), leaf)).or_default();
                    if Some(batch) == half(standard) {
                        evidence.halves += 1;
                    } else {
                        evidence.others += u32::from(standard != Rate::FREE);
                    }
                }
            }
        }
        found
    }

    /// Whether the provider's batches halve the leaf: at least two rates show it, and nine of ten.
    fn halve(&self, provider: &str, leaf: Leaf) -> bool {
        let evidence = self.0.get(&(provider.to_owned(), leaf)).copied().unwrap_or_default();
        evidence.halves >= 2 && evidence.halves >= 9 * evidence.others
    }

    /// Gives batch tiers the leaves that they lack, where their text is half of the standard text and the provider
    /// halves the leaf; and a batch tier to models that lack one, where the provider halves all of them.
    pub(super) fn fill(&self, price: &mut Price) -> usize {
        let whole = HALF.iter().find(|(provider, _)| *provider == price.provider).map(|(_, page)| *page);
        let has_batch = price.tiers.iter().any(|tier| tier.service_tier == BATCH);
        let too_old = BEFORE_BATCHES.iter().any(|start| price.model.starts_with(start));
        if let Some(page) = whole.filter(|_| !has_batch && !too_old && price.daily.is_none()) {
            return add_batch(price, page);
        }
        let standard: Vec<Tier> = price.tiers.iter().filter(|tier| tier.service_tier == STANDARD).cloned().collect();
        let mut filled = 0;
        for tier in price.tiers.iter_mut().filter(|tier| tier.service_tier == BATCH) {
            let over = tier.over_input_tokens;
            let Some(full) = standard.iter().rfind(|full| full.over_input_tokens <= over) else { continue };
            if !text_is_half(tier, full) {
                continue;
            }
            let source = derived(&price.source, &format!("batch is half of standard at {}", price.provider));
            for leaf in Leaf::ALL.into_iter().filter(|leaf| leaf.is_token()) {
                let Some(rate) = full.rates[leaf as usize].and_then(half) else { continue };
                if tier.rates[leaf as usize].is_none() && self.halve(&price.provider, leaf) {
                    tier.rates[leaf as usize] = Some(rate);
                    tier.rate_sources.insert(leaf.name().to_owned(), source.clone());
                    filled += 1;
                }
            }
        }
        filled
    }
}

/// Every batch row with the standard row of the same context.
fn pairs(price: &Price) -> impl Iterator<Item = (&Tier, &Tier)> {
    price.tiers.iter().filter(|tier| tier.service_tier == BATCH).filter_map(|batch| {
        let over = batch.over_input_tokens;
        let mut standard = price.tiers.iter().filter(|tier| tier.service_tier == STANDARD);
        Some((standard.find(|tier| tier.over_input_tokens == over)?, batch))
    })
}

fn text_is_half(batch: &Tier, standard: &Tier) -> bool {
    let pair = |leaf: Leaf| (batch.rates[leaf as usize], standard.rates[leaf as usize].and_then(half));
    let (input, output) = (pair(Leaf::Input), pair(Leaf::Output));
    input.0.is_some() && input.0 == input.1 && output.0 == output.1
}

fn half(rate: Rate) -> Option<Rate> {
    rate.times(1, 2)
}

fn add_batch(price: &mut Price, page: &str) -> usize {
    let mut source = derived(&price.source, &format!("batch is half of standard at {}", price.provider));
    source.url = Some(page.to_owned());
    let standard = price.tiers.iter().filter(|tier| tier.service_tier == STANDARD);
    let batch: Vec<Tier> = standard
        .map(|tier| {
            let mut batch = Tier { service_tier: BATCH.to_owned(), source: Some(source.clone()), ..tier.clone() };
            batch.rate_sources.clear();
            for leaf in Leaf::ALL.into_iter().filter(|leaf| leaf.is_token()) {
                batch.rates[leaf as usize] = tier.rates[leaf as usize].and_then(half);
            }
            batch
        })
        .collect();
    price.tiers.extend(batch);
    1
}

/// The leaves of what is neither text nor cached.
const MODALITIES: [Leaf; 6] =
    [Leaf::InputAudio, Leaf::OutputAudio, Leaf::InputImage, Leaf::OutputImage, Leaf::InputVideo, Leaf::OutputVideo];

/// Gives models the modalities that lack a rate from another provider's price of a model of that name, where the text
/// of both costs the same: a reseller at list price.
pub(super) fn modalities(prices: &mut [Price]) -> usize {
    let mut sold: BTreeMap<String, Vec<(String, Tier, Source)>> = BTreeMap::new();
    for price in prices.iter().filter(|price| price.effective_to.is_none() && price.daily.is_none()) {
        let first = price.tiers.first().filter(|tier| tier.service_tier == STANDARD);
        if let Some(tier) = first.filter(|tier| MODALITIES.iter().any(|leaf| tier.rates[*leaf as usize].is_some())) {
            let entry = (price.provider.clone(), tier.clone(), price.source.clone());
            sold.entry(last_part(&price.model)).or_default().push(entry);
        }
    }
    let mut filled = 0;
    for price in prices.iter_mut().filter(|price| price.effective_to.is_none() && price.daily.is_none()) {
        let Some(others) = sold.get(&last_part(&price.model)) else { continue };
        let Some(tier) = price.tiers.first_mut().filter(|tier| tier.service_tier == STANDARD) else { continue };
        for (provider, there, source) in others.iter().filter(|(provider, ..)| *provider != price.provider) {
            let text = |tier: &Tier| [tier.rates[Leaf::Input as usize], tier.rates[Leaf::Output as usize]];
            if text(tier) != text(there) || text(tier).contains(&None) {
                continue;
            }
            for leaf in MODALITIES {
                let own = &mut tier.rates[leaf as usize];
                if own.is_none() && there.rates[leaf as usize].is_some() {
                    *own = there.rates[leaf as usize];
                    let source = derived(source, &format!("as {provider} bills it, whose text costs the same"));
                    tier.rate_sources.insert(leaf.name().to_owned(), source);
                    filled += 1;
                }
            }
        }
    }
    filled
}

fn last_part(model: &str) -> String {
    model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase()
}

/// The start of every derived source's name.
pub(crate) const DERIVED: &str = "derived: ";

fn derived(of: &Source, how: &str) -> Source {
    Source { catalogue: format!("{DERIVED}{how}"), url: None, retrieved: of.retrieved.clone() }
}

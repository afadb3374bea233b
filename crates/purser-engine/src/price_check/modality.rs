//! Rows without a rate of a modality that the same model has elsewhere.

use std::collections::BTreeMap;

use purser_domain::price::{Finding, Price, STANDARD, Tier};
use purser_domain::usage::Leaf;

use super::known::{self, Kind};

/// The leaves of what is neither text nor cached.
const MODALITIES: [Leaf; 6] =
    [Leaf::InputAudio, Leaf::OutputAudio, Leaf::InputImage, Leaf::OutputImage, Leaf::InputVideo, Leaf::OutputVideo];

/// Prices in force that lack a modality which another provider's price of a model of that name has.
pub(super) fn check(prices: &[Price], findings: &mut Vec<Finding>) {
    let mut models: BTreeMap<String, Vec<(&Price, &Tier)>> = BTreeMap::new();
    for price in prices.iter().filter(|price| price.effective_to.is_none() && price.daily.is_none()) {
        let name = price.model.rsplit('/').next().unwrap_or(&price.model).to_ascii_lowercase();
        if let Some(tier) = price.tiers.iter().find(|tier| tier.service_tier == STANDARD) {
            models.entry(name).or_default().push((price, tier));
        }
    }
    for rows in models.values().filter(|rows| rows.len() > 1) {
        for leaf in MODALITIES {
            let text = if leaf.is_input() { Leaf::Input } else { Leaf::Output };
            let has_apart = |tier: &Tier| {
                tier.rates[leaf as usize].is_some() && tier.rates[leaf as usize] != tier.rates[text as usize]
            };
            let Some((elsewhere, _)) = rows.iter().find(|(_, tier)| has_apart(tier)) else { continue };
            for (price, tier) in rows {
                if tier.rates[leaf as usize].is_none() && tier.rates[text as usize].is_some() {
                    let message = format!("has no rate of {leaf}, which {} has", elsewhere.provider);
                    findings.push(known::finding(Kind::Modality, price, tier, leaf, &message));
                }
            }
        }
    }
}

//! Prices on the wire; pages by provider, model and version.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use purser_api::price::{OverrideRecord, PriceFactor, PricePage, PriceRecord, PriceSource, PriceTier};
use purser_domain::price::{Factor, Price, Source};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_service::price::PriceOverride;

/// Which prices to list.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) provider: Option<String>,
    pub(super) part: Option<String>,
    pub(super) at: Option<Timestamp>,
}

impl Filter {
    fn keeps(&self, price: &Price) -> bool {
        let named = |part: &String| {
            std::iter::once(&price.model)
                .chain(&price.aliases)
                .any(|name| name.to_ascii_lowercase().contains(part.as_str()))
        };
        let valid = |at: Timestamp| {
            price.effective_from.is_none_or(|from| from <= at) && price.effective_to.is_none_or(|to| at < to)
        };
        self.provider.as_ref().is_none_or(|provider| price.provider == *provider)
            && self.part.as_ref().is_none_or(named)
            && self.at.is_none_or(valid)
    }
}

/// Provider, model and version of the last price of a page.
pub(super) type Cursor = (String, String, String);

/// Reads `cursor`.
pub(super) fn cursor(text: &str) -> Option<Cursor> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = text.split('\n').map(str::to_owned);
    let cursor = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(cursor)
}

fn write_cursor((provider, model, version): &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{provider}\n{model}\n{version}"))
}

/// The page after `cursor`.
pub(super) fn page<'a>(
    book: impl Iterator<Item = (&'a Price, &'a str)>,
    filter: &Filter,
    cursor: Option<&Cursor>,
    limit: usize,
) -> PricePage {
    let key = |(price, version): &(&Price, &str)| -> Cursor {
        (price.provider.clone(), price.model.clone(), (*version).to_owned())
    };
    let mut found: Vec<(&Price, &str)> = book.filter(|(price, _)| filter.keeps(price)).collect();
    found.sort_by_cached_key(key);
    let total = found.len() as u64;
    let start = cursor.map_or(0, |cursor| found.partition_point(|item| key(item) <= *cursor));
    let shown = &found[start..found.len().min(start + limit)];
    let more = start + shown.len() < found.len();
    let next_cursor = shown.last().filter(|_| more).map(|item| write_cursor(&key(item)));
    let prices = shown.iter().map(|(known, version)| price(known, Some((*version).to_owned()))).collect();
    PricePage { prices, total, next_cursor }
}

/// A price on the wire.
pub(super) fn price(price: &Price, version: Option<String>) -> PriceRecord {
    PriceRecord {
        version,
        provider: price.provider.clone(),
        model: price.model.clone(),
        aliases: price.aliases.clone(),
        effective_from: price.effective_from,
        effective_to: price.effective_to,
        undated: price.effective_from.is_none(),
        daily: price.daily.as_ref().map(ToString::to_string),
        factors: price.factors.iter().map(factor).collect(),
        tiers: price
            .tiers
            .iter()
            .map(|tier| PriceTier {
                service_tier: tier.service_tier.clone(),
                over_input_tokens: tier.over_input_tokens,
                usd_per_million: Leaf::ALL
                    .into_iter()
                    .zip(tier.rates)
                    .filter_map(|(leaf, rate)| Some((leaf.name().to_owned(), rate?.to_string())))
                    .collect(),
                units_usd_per_million: tier.units.iter().map(|(unit, rate)| (unit.clone(), rate.to_string())).collect(),
                source: tier.source.as_ref().map(source),
                rate_sources: tier.rate_sources.iter().map(|(name, of)| (name.clone(), source(of))).collect(),
            })
            .collect(),
        source: source(&price.source),
    }
}

fn factor(factor: &Factor) -> PriceFactor {
    PriceFactor {
        dimension: factor.dimension.clone(),
        value: factor.value.clone(),
        ratio: format!("{}/{}", factor.numerator, factor.denominator),
        source: factor.source.as_ref().map(source),
    }
}

fn source(source: &Source) -> PriceSource {
    PriceSource { catalogue: source.catalogue.clone(), url: source.url.clone(), retrieved: source.retrieved.clone() }
}

/// An override on the wire.
pub(super) fn price_override(own: PriceOverride) -> OverrideRecord {
    OverrideRecord { price: price(&own.price, None), id: own.id }
}

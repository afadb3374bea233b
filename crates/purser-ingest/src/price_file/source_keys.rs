//! Short names for sources, so that a line need not repeat what many lines share.
//! Invariant: a key depends on the catalogue and the provider only, so that adding prices renames none.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Price, Source};

use super::Catalogue;
use super::write::json;

/// A catalogue and its retrieval date.
type Edition = (String, String);

/// The keys of every source of a set of prices.
pub(super) struct SourceKeys {
    /// The catalogue's first letter, with a number where two share it.
    letters: BTreeMap<Edition, String>,
    /// The page that all prices of a catalogue and a provider share.
    pages: BTreeMap<(Edition, String), String>,
}

impl SourceKeys {
    pub(super) fn of(prices: &[&Price]) -> Self {
        let mut urls: BTreeMap<(Edition, String), BTreeSet<Option<&str>>> = BTreeMap::new();
        for price in prices {
            let own = price.tiers.iter().flat_map(|tier| tier.source.iter().chain(tier.rate_sources.values()));
            let factors = price.factors.iter().filter_map(|factor| factor.source.as_ref());
            for source in own.chain(factors).chain([&price.source]) {
                let group = (edition(source), price.provider.clone());
                urls.entry(group).or_default().insert(source.url.as_deref());
            }
        }
        let mut letters: BTreeMap<Edition, String> = BTreeMap::new();
        for (edition, _) in urls.keys() {
            if !letters.contains_key(edition) {
                letters.insert(edition.clone(), free_letter(&edition.0, &letters));
            }
        }
        let shared = |(group, urls): ((Edition, String), BTreeSet<Option<&str>>)| {
            let only = urls.into_iter().collect::<Vec<_>>();
            match only.as_slice() {
                [Some(url)] => Some((group, (*url).to_owned())),
                _ => None,
            }
        };
        Self { letters, pages: urls.into_iter().filter_map(shared).collect() }
    }

    /// What the header says of each key.
    pub(super) fn header(&self) -> BTreeMap<String, Catalogue> {
        let entry = |edition: &Edition, url: Option<&String>| Catalogue {
            catalogue: edition.0.clone(),
            retrieved: edition.1.clone(),
            url: url.cloned(),
        };
        let plain = self.letters.iter().map(|(edition, letter)| (letter.clone(), entry(edition, None)));
        let pages = self
            .pages
            .iter()
            .map(|((edition, provider), url)| (self.page_key(edition, provider), entry(edition, Some(url))));
        plain.chain(pages).collect()
    }

    /// The fields of a line that name `source`.
    pub(super) fn fields(&self, provider: &str, source: &Source) -> String {
        self.fields_of(provider, source, "")
    }

    /// As [`Self::fields`], with `suffix` at the end of the fields' names.
    pub(super) fn fields_of(&self, provider: &str, source: &Source, suffix: &str) -> String {
        let edition = edition(source);
        let page = (edition, provider.to_owned());
        if self.pages.contains_key(&page) {
            return format!(",\"source{suffix}\":{}", json(&self.page_key(&page.0, provider)));
        }
        let letter = self.letters.get(&page.0).expect("every source of every price was collected");
        match &source.url {
            Some(url) => format!(",\"source{suffix}\":{},\"url{suffix}\":{}", json(letter), json(url)),
            None => format!(",\"source{suffix}\":{}", json(letter)),
        }
    }

    fn page_key(&self, edition: &Edition, provider: &str) -> String {
        let letter = self.letters.get(edition).expect("every source of every price was collected");
        format!("{letter}:{provider}")
    }
}

fn edition(source: &Source) -> Edition {
    (source.catalogue.clone(), source.retrieved.clone())
}

fn free_letter(catalogue: &str, taken: &BTreeMap<Edition, String>) -> String {
    let letter: String = catalogue.chars().take(1).collect();
    std::iter::once(letter.clone())
        .chain((2..).map(|number: u32| format!("{letter}{number}")))
        .find(|key| !taken.values().any(|known| known == key))
        .expect("there are more keys than catalogues")
}

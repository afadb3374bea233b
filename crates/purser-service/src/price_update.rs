//! Newer catalogues laid over the price book: read, compared, refused where a rate moves too far, stored with a date.
//! Invariant: the past keeps its prices; an update that finds nothing new is recorded as well, so that freshness is known.

use std::collections::BTreeSet;

use purser_domain::price::{Finding, Price, Severity};
use purser_domain::time::Timestamp;
use purser_engine::price_merge;
use purser_engine::price_update::{Rules, Update, update};
use purser_ingest::price_catalogue::{Converted, KnownNames, Origin};
use purser_ingest::{price_file, price_genai, price_litellm};
use purser_store::Store;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::price_book;

/// How the catalogue of an update is named among the imports.
pub(crate) const UPDATE: &str = "update: ";

/// How a catalogue is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// purser's own price file.
    Purser,
    /// `model_prices_and_context_window.json` of LiteLLM.
    Litellm,
    /// JSON of genai-prices.
    GenaiPrices,
}

impl Format {
    /// The format of a text, by how it begins.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let start: String = text.chars().take(4_096).collect();
        if start.contains(price_file::FORMAT) {
            Self::Purser
        } else if start.contains("sample_spec") || start.contains("litellm_provider") {
            Self::Litellm
        } else {
            Self::GenaiPrices
        }
    }
}

/// A catalogue as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    text: String,
    /// SHA-256, hexadecimal.
    sha256: String,
}

impl Catalogue {
    /// The catalogue that stands at `place`.
    ///
    /// # Errors
    /// Invalid if it is not UTF-8, or if its SHA-256 is not the `expected` one.
    pub fn read(place: &str, bytes: Vec<u8>, expected: Option<&str>) -> Result<Self, Error> {
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if let Some(expected) = expected.filter(|expected| !expected.eq_ignore_ascii_case(&sha256)) {
            let reason = format!("its SHA-256 is {sha256}, not {expected}");
            return Err(Error::invalid_field("source", place, &reason));
        }
        let text = String::from_utf8(bytes).map_err(|_| Error::invalid_field("source", place, "is not UTF-8"))?;
        Ok(Self { text, sha256 })
    }

    /// `litellm 0a1b2c3d4e5f`: the name of its prices' source.
    fn name(&self) -> String {
        format!("{} {}", family(&self.text), &self.sha256[..12])
    }
}

/// What an update would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Changed, new and refused models.
    pub update: Update,
    /// What the catalogues have that could not be taken over as it stands; notes left out.
    pub findings: Vec<Finding>,
    /// The catalogues, by name and content.
    pub catalogue: String,
}

/// Compares catalogues with the book in force. `factor_max` is the most that a rate may move; `None` takes all.
///
/// # Errors
/// Invalid if a catalogue does not read; internal if stored prices do not; unavailable.
pub async fn plan(
    store: &Store,
    catalogues: &[Catalogue],
    factor_max: Option<u32>,
    now: Timestamp,
) -> Result<Plan, Error> {
    let book = price_book::in_force(store).await?;
    let today = now.to_jiff().strftime("%Y-%m-%d").to_string();
    let from = format!("{today}T00:00:00Z").parse().unwrap_or(now);
    let read = newest(&book, catalogues, &today, from)?;
    let formats: BTreeSet<&str> = catalogues.iter().map(|catalogue| family(&catalogue.text)).collect();
    let only = formats.first().copied().filter(|family| formats.len() == 1 && *family != "prices");
    let update = update(&book, &read.prices, &Rules { from, factor_max, only });
    let names: Vec<String> = catalogues.iter().map(Catalogue::name).collect();
    let findings = read.findings.into_iter().filter(|finding| finding.severity != Severity::Note).collect();
    Ok(Plan { update, findings, catalogue: format!("{UPDATE}{}", names.join(", ")) })
}

fn family(text: &str) -> &'static str {
    match Format::of(text) {
        Format::Purser => "prices",
        Format::Litellm => "litellm",
        Format::GenaiPrices => "genai-prices",
    }
}

/// Lays the changes over the book; the new version.
///
/// # Errors
/// Unavailable.
pub async fn apply(store: &Store, plan: &Plan, now: Timestamp) -> Result<i64, Error> {
    price_book::import(store, &plan.catalogue, &plan.update.prices, now).await
}

/// The prices of all catalogues, joined as the shipped book is.
fn newest(book: &[Price], catalogues: &[Catalogue], today: &str, at: Timestamp) -> Result<Converted, Error> {
    let mut known = KnownNames::default();
    known.add_prices(book);
    let (mut preferred, mut other) = (Converted::default(), Converted::default());
    let origin = |catalogue: &Catalogue| Origin { catalogue: catalogue.name(), retrieved: today.to_owned() };
    let refuse = |catalogue: &Catalogue, reason: String| Error::invalid_field("source", &catalogue.name(), &reason);
    for catalogue in catalogues.iter().filter(|catalogue| Format::of(&catalogue.text) == Format::Litellm) {
        other = price_litellm::convert(&catalogue.text, &origin(catalogue))
            .map_err(|error| refuse(catalogue, error.to_string()))?;
        known.add_others(&other.prices);
    }
    for catalogue in catalogues {
        match Format::of(&catalogue.text) {
            Format::Litellm => {}
            Format::GenaiPrices => {
                let found = price_genai::convert(&catalogue.text, &origin(catalogue), &known)
                    .map_err(|error| refuse(catalogue, error.to_string()))?;
                preferred.prices.extend(found.prices);
                preferred.findings.extend(found.findings);
            }
            Format::Purser => preferred.prices.extend(
                price_file::parse(catalogue.text.as_bytes())
                    .map_err(|found| refuse(catalogue, found.first().map(ToString::to_string).unwrap_or_default()))?,
            ),
        }
    }
    let merged = price_merge::merge(&preferred.prices, &other.prices, at);
    preferred.findings.extend(other.findings);
    Ok(Converted { prices: merged.prices, findings: preferred.findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_is_known_by_how_it_begins() {
        for (text, format) in [
            (r#"{"format":"purser-prices","version":2}"#, Format::Purser),
            (r#"{"gpt-4o": {"litellm_provider": "openai"}}"#, Format::Litellm),
            (r#"[{"id": "openai", "models": []}]"#, Format::GenaiPrices),
        ] {
            assert_eq!(Format::of(text), format, "{text}");
        }
    }

    #[test]
    fn a_catalogue_of_another_checksum_is_refused() {
        // `printf abc | sha256sum`.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let read = |bytes: &[u8], sha256: Option<&str>| Catalogue::read("here", bytes.to_vec(), sha256);
        assert!(read(b"abc", Some(abc)).is_ok_and(|found| found.sha256 == abc));
        assert!(read(b"abc", Some(&abc.to_uppercase())).is_ok());
        assert!(read(b"abd", Some(abc)).is_err());
        assert!(read(b"abd", None).is_ok());
        assert!(read(b"\xff", None).is_err());
    }

    fn litellm(input: &str) -> Catalogue {
        let text = format!(
            r#"{{"gpt-4o-audio-preview": {{"litellm_provider": "openai", "input_cost_per_token": {input},
            "output_cost_per_token": 1e-05}}}}"#
        );
        Catalogue::read("here", text.into_bytes(), None).expect("a catalogue")
    }

    #[tokio::test]
    async fn an_update_is_planned_applied_and_not_found_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let config = purser_store::Config { url: None, data_dir: dir.path().to_owned() };
        let store = Store::open(&config).await.expect("a store");
        let now: Timestamp = "2027-01-02T10:00:00Z".parse().expect("a time");
        let genai = r#"[{"id": "openai", "models": [{"id": "gpt-4o-audio-preview",
            "match": {"equals": "gpt-4o-audio-preview"}, "prices": {"input_mtok": "3", "output_mtok": "10"}}]}]"#;
        let genai = Catalogue::read("here", genai.as_bytes().to_vec(), None).expect("a catalogue");
        let catalogues = [genai, litellm("3e-06")];
        let first = plan(&store, &catalogues, Some(3), now).await.expect("a plan");
        let changed: Vec<&str> = first.update.changes.iter().map(|change| change.field.as_str()).collect();
        assert!(changed.contains(&"standard.input"), "{changed:?}");
        assert!(first.catalogue.starts_with("update: genai-prices "), "{}", first.catalogue);
        apply(&store, &first, now).await.expect("an import");
        let book = price_book::in_force(&store).await.expect("a book");
        let periods = book.iter().filter(|price| price.provider == "openai" && price.model == "gpt-4o-audio-preview");
        let starts: Vec<Option<String>> =
            periods.map(|price| price.effective_from.map(|from| from.to_string())).collect();
        assert_eq!(starts, [None, Some("2027-01-02T00:00:00Z".to_owned())]);
        let second = plan(&store, &catalogues, Some(3), now).await.expect("a plan");
        assert_eq!(second.update, Update::default());
    }
}

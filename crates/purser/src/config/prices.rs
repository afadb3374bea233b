//! Settings of the price book's updates.

use purser_service::price_update::Catalogue;
use serde::{Deserialize, Serialize};

/// Where newer catalogues are read. The names are those of `[prices]` in `purser.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    /// Whether a server updates its price book once a day.
    pub(crate) update_daily: bool,
    /// Addresses or files of the catalogues.
    pub(crate) sources: Vec<String>,
    /// SHA-256 of the catalogues, in the order of `sources`; absent = not checked.
    pub(crate) sha256: Vec<String>,
    /// The largest catalogue.
    pub(crate) max_bytes: u64,
    /// A rate that moves by more than this factor is an outlier.
    pub(crate) outlier_factor: u32,
}

impl Default for Prices {
    fn default() -> Self {
        let sources = [
            "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json",
            "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
        ];
        Self {
            update_daily: false,
            sources: sources.map(str::to_owned).to_vec(),
            sha256: Vec::new(),
            max_bytes: 64 << 20,
            outlier_factor: 3,
        }
    }
}

impl Prices {
    /// What is out of range, by key.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.sources.is_empty() {
            faults.push("prices.sources: needs an address or a file".to_owned());
        }
        if !self.sha256.is_empty() && self.sha256.len() != self.sources.len() {
            faults.push("prices.sha256: needs one checksum for each of prices.sources, or none".to_owned());
        }
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        faults.extend(
            self.sha256
                .iter()
                .filter(|text| !is_digest(text))
                .map(|text| format!("prices.sha256: {text:?} is no SHA-256")),
        );
        if self.max_bytes == 0 {
            faults.push("prices.max_bytes: 0 is too few".to_owned());
        }
        if self.outlier_factor < 2 {
            faults.push(format!("prices.outlier_factor: {} is not 2 or more", self.outlier_factor));
        }
        faults
    }

    /// Reads the catalogues: those of `sources`, or of the settings if it is empty.
    ///
    /// # Errors
    /// Exit 7 if one cannot be reached, 3 if it is too large, of another checksum or no text.
    pub(crate) async fn read(&self, sources: &[String]) -> anyhow::Result<Vec<Catalogue>> {
        let (places, checksums) =
            if sources.is_empty() { (&self.sources[..], &self.sha256[..]) } else { (sources, &[][..]) };
        let mut catalogues = Vec::new();
        for (index, place) in places.iter().enumerate() {
            let bytes = crate::fetch::read(place, self.max_bytes).await?;
            catalogues.push(Catalogue::read(place, bytes, checksums.get(index).map(String::as_str))?);
        }
        Ok(catalogues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let good = Prices::default();
        assert_eq!(good.faults(), Vec::<String>::new());
        let digest = "0".repeat(64);
        for (bad, expected) in [
            (Prices { sources: vec![], ..good.clone() }, "prices.sources"),
            (Prices { sha256: vec![digest.clone()], ..good.clone() }, "prices.sha256: needs one"),
            (Prices { sha256: vec![digest, "x".to_owned()], ..good.clone() }, "\"x\" is no SHA-256"),
            (Prices { max_bytes: 0, ..good.clone() }, "prices.max_bytes"),
            (Prices { outlier_factor: 1, ..good }, "prices.outlier_factor: 1"),
        ] {
            let faults = bad.faults().join("; ");
            assert!(faults.contains(expected), "{expected}: {faults}");
        }
    }
}

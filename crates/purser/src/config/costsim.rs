//! Settings of the cost simulator, and the names under which the system it replaces knows them.
//! Invariant: a `COSTSIM_…` variable that is unknown or does not fit is refused at the start, never ignored in silence.

use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};
use purser_domain::dataset::Dataset;
use purser_domain::simulation::ModelName;
use purser_service::{dataset, sandbox};
use serde::{Deserialize, Serialize};

/// How plans are simulated. The names are those of `[costsim]` in `purser.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Costsim {
    /// The model that answers when a request names none.
    pub(crate) model: ModelName,
    /// Whether `v2` runs in the shadow of `v1`.
    pub(crate) v2_sandbox: bool,
    /// `v2` does not run while this file is there; absent = `costsim_v2_disabled` in the data directory.
    pub(crate) disable_file: Option<PathBuf>,
    /// How long a reply that shows the comparison waits for it.
    pub(crate) shadow_wait_ms: u64,
    /// After that long `v2` is given up.
    pub(crate) shadow_deadline_ms: u64,
    /// So many simulations wait for `v2` at most; more are dropped.
    pub(crate) shadow_queue: usize,
    /// Threads that run `v2`.
    pub(crate) shadow_workers: usize,
    /// A drift above this counts as a breach.
    pub(crate) drift_threshold: f64,
    /// Whether simulations are recorded.
    pub(crate) provenance_enabled: bool,
    /// What results of `v2` say about their code; chooses nothing.
    pub(crate) adapter_version: String,
    /// What results of `v2` say about their coefficients; chooses nothing.
    pub(crate) model_version: String,
    /// A directory of datasets of one's own, a JSON file each.
    pub(crate) datasets: Option<PathBuf>,
}

impl Default for Costsim {
    fn default() -> Self {
        let default = sandbox::Config::default();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            model: default.model,
            v2_sandbox: default.enabled,
            disable_file: None,
            shadow_wait_ms: millis(default.shadow_wait),
            shadow_deadline_ms: millis(default.deadline),
            shadow_queue: default.queue,
            shadow_workers: default.workers,
            drift_threshold: default.drift_threshold,
            provenance_enabled: default.provenance,
            adapter_version: default.stamp.adapter_version.to_string(),
            model_version: default.stamp.model_version.to_string(),
            datasets: None,
        }
    }
}

impl Costsim {
    /// What is out of range, by key.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut range = |name: &str, fits: bool, value: String, rule: &str| {
            if !fits {
                faults.push(format!("costsim.{name}: {value} {rule}"));
            }
        };
        let threshold = self.drift_threshold;
        range("drift_threshold", (0.0..=1.0).contains(&threshold), threshold.to_string(), "is not from 0 to 1");
        let milliseconds = [
            ("shadow_wait_ms", self.shadow_wait_ms, 0, 60_000),
            ("shadow_deadline_ms", self.shadow_deadline_ms, 1, 3_600_000),
            ("shadow_queue", self.shadow_queue as u64, 1, 1_000_000),
            ("shadow_workers", self.shadow_workers as u64, 1, 64),
        ];
        for (name, value, least, most) in milliseconds {
            range(name, (least..=most).contains(&value), value.to_string(), &format!("is not from {least} to {most}"));
        }
        for (name, version) in [("adapter_version", &self.adapter_version), ("model_version", &self.model_version)] {
            range(name, (1..=128).contains(&version.len()), format!("{version:?}"), "does not have 1 to 128 bytes");
        }
        faults.extend(
            self.datasets().err().unwrap_or_default().into_iter().map(|fault| format!("costsim.datasets: {fault}")),
        );
        faults
    }

    fn datasets(&self) -> Result<Vec<Dataset>, Vec<String>> {
        self.datasets.as_deref().map_or_else(|| Ok(Vec::new()), dataset::read)
    }

    /// What the sandbox is told; these settings have no faults.
    pub(crate) fn sandbox(&self, data_dir: &Path) -> sandbox::Config {
        let default = sandbox::Config::default();
        let mut stamp = default.stamp;
        stamp.adapter_version = self.adapter_version.as_str().into();
        stamp.model_version = self.model_version.as_str().into();
        sandbox::Config {
            enabled: self.v2_sandbox,
            disable_file: Some(self.disable_file.clone().unwrap_or_else(|| data_dir.join("costsim_v2_disabled"))),
            shadow_wait: Duration::from_millis(self.shadow_wait_ms),
            deadline: Duration::from_millis(self.shadow_deadline_ms),
            queue: self.shadow_queue,
            workers: self.shadow_workers,
            stamp,
            provenance: self.provenance_enabled,
            drift_threshold: self.drift_threshold,
            model: self.model,
            datasets: self.datasets().unwrap_or_default(),
        }
    }
}

/// What a variable is read as.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Flag,
    Number,
    Text,
}

/// The variables that have a setting here.
const ALIASES: [(&str, &str, Kind); 6] = [
    ("COSTSIM_V2_SANDBOX", "v2_sandbox", Kind::Flag),
    ("COSTSIM_DISABLE_FILE", "disable_file", Kind::Text),
    ("COSTSIM_DRIFT_THRESHOLD", "drift_threshold", Kind::Number),
    ("COSTSIM_PROVENANCE_ENABLED", "provenance_enabled", Kind::Flag),
    ("COSTSIM_ADAPTER_VERSION", "adapter_version", Kind::Text),
    ("COSTSIM_MODEL_VERSION", "model_version", Kind::Text),
];

/// The variables that are read and mean nothing here: no breaker trips yet, provenance is always compressed, and
/// some never meant anything.
const WITHOUT_MEANING: [(&str, Kind); 11] = [
    ("COSTSIM_V2_AUTO_DISABLE", Kind::Flag),
    ("COSTSIM_CANARY_ENABLED", Kind::Flag),
    ("COSTSIM_DRIFT_WARNING_THRESHOLD", Kind::Number),
    ("COSTSIM_SCHEMA_ERROR_THRESHOLD", Kind::Number),
    ("COSTSIM_FAILURE_THRESHOLD", Kind::Number),
    ("COSTSIM_AUTO_RECOVER", Kind::Flag),
    ("COSTSIM_DISABLE_TTL_HOURS", Kind::Number),
    ("COSTSIM_PROVENANCE_COMPRESS", Kind::Flag),
    ("COSTSIM_INCIDENT_DIR", Kind::Text),
    ("COSTSIM_ARTIFACTS_DIR", Kind::Text),
    ("COSTSIM_USE_DB_CB", Kind::Flag),
];

/// The variable of a setting, if the replaced system has one.
pub(super) fn alias(key: &str) -> Option<&'static str> {
    ALIASES.iter().find(|(_, setting, _)| *setting == key).map(|(variable, ..)| *variable)
}

/// The layer of `COSTSIM_…` variables.
#[derive(Debug, Clone)]
pub(super) struct Aliases(Vec<(String, String)>);

/// The name of the layer.
pub(super) const ALIAS_LAYER: &str = "COSTSIM_ environment";

impl Aliases {
    /// From `variables`, of which only those that begin with `COSTSIM_` count.
    pub(super) fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().filter(|(name, _)| name.starts_with("COSTSIM_")).collect())
    }
}

impl Provider for Aliases {
    fn metadata(&self) -> Metadata {
        Metadata::named(ALIAS_LAYER)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut settings = Dict::new();
        for (name, text) in &self.0 {
            let known = ALIASES.iter().find(|(variable, ..)| variable == name);
            let idle = WITHOUT_MEANING.iter().find(|(variable, _)| variable == name);
            let kind = known.map(|(.., kind)| *kind).or(idle.map(|(_, kind)| *kind));
            let Some(kind) = kind else {
                return Err(Error::from(format!("{name} is no variable of the cost simulator")));
            };
            let value = read(kind, text).ok_or_else(|| Error::from(format!("{name}: {text:?} {}", rule(kind))))?;
            if let Some((_, setting, _)) = known {
                settings.insert((*setting).to_owned(), value);
            }
        }
        let mut data = Dict::new();
        if !settings.is_empty() {
            data.insert("costsim".to_owned(), Value::from(settings));
        }
        Ok(Map::from([(Profile::Default, data)]))
    }
}

fn read(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Flag if text.eq_ignore_ascii_case("true") => Some(Value::from(true)),
        Kind::Flag if text.eq_ignore_ascii_case("false") => Some(Value::from(false)),
        Kind::Flag => None,
        Kind::Number => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        Kind::Text => (!text.is_empty()).then(|| Value::from(text)),
    }
}

const fn rule(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag => "is neither true nor false",
        Kind::Number => "is no number",
        Kind::Text => "is empty",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, text: &str) -> Result<Dict, String> {
        let data = Aliases::of([(name.to_owned(), text.to_owned())]).data();
        let data = data.map_err(|error| error.to_string())?;
        Ok(data[&Profile::Default].clone())
    }

    #[test]
    fn a_variable_sets_its_setting() {
        let found = layer("COSTSIM_V2_SANDBOX", "TRUE").expect("a flag");
        assert_eq!(found["costsim"].find_ref("v2_sandbox").and_then(Value::to_bool), Some(true));
        assert_eq!(layer("COSTSIM_USE_DB_CB", "false"), Ok(Dict::new()), "it means nothing here");
        assert_eq!(layer("COSTLY", "x"), Ok(Dict::new()), "it is somebody else's");
        assert_eq!(alias("drift_threshold"), Some("COSTSIM_DRIFT_THRESHOLD"));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_value() {
        for (name, text) in [
            ("COSTSIM_V2_SANDBOX", "1"),
            ("COSTSIM_DRIFT_THRESHOLD", "high"),
            ("COSTSIM_FAILURE_THRESHOLD", "three"),
            ("COSTSIM_MODEL_VERSION", ""),
            ("COSTSIM_V2_SANDBOXX", "true"),
        ] {
            let error = layer(name, text).expect_err(name);
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn ranges_are_checked() {
        assert_eq!(Costsim::default().faults(), Vec::<String>::new());
        let odd = Costsim { drift_threshold: 1.5, shadow_queue: 0, ..Costsim::default() };
        assert_eq!(
            odd.faults(),
            ["costsim.drift_threshold: 1.5 is not from 0 to 1", "costsim.shadow_queue: 0 is not from 1 to 1000000"]
        );
    }
}

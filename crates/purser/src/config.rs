//! What purser runs with: defaults, then a file, then `PURSER__…` environment, then flags.
//! Invariant: an unknown key is refused by name, wherever it stands.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

mod costsim;
mod prices;
mod rating;

pub(crate) use costsim::Costsim;
use costsim::{ALIAS_LAYER, Aliases, alias};
pub(crate) use prices::Prices;
pub(crate) use rating::Rating;

/// The file that is read when `--config` names none.
pub(crate) const DEFAULT_FILE: &str = "purser.toml";

/// Every setting. The names are those of `purser.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where the state and the ledger live.
    pub(crate) data_dir: PathBuf,
    /// The state database, `postgres://…`; absent = a file in `data_dir`.
    pub(crate) database: Option<String>,
    /// Address of the API and the console.
    pub(crate) listen: SocketAddr,
    /// Whether the OTLP receivers of their own run.
    pub(crate) otlp: bool,
    /// Address of OTLP over gRPC.
    pub(crate) otlp_grpc_listen: SocketAddr,
    /// Address of OTLP over HTTP.
    pub(crate) otlp_http_listen: SocketAddr,
    /// Certificate chain, PEM.
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key, PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// Allow an address other than loopback without TLS.
    pub(crate) insecure_listen: bool,
    /// A lake that several servers share: a directory all of them see, or an object storage URL. Needs `database`.
    pub(crate) lake: Option<String>,
    /// The inbox moves to the lake once an entry has waited that many seconds …
    pub(crate) flush_age_sec: u64,
    /// … or that many entries wait.
    pub(crate) flush_entries: usize,
    /// How many days of usage are kept; absent = all.
    pub(crate) retention_days: Option<u32>,
    /// What FOCUS rows name as their invoice; `{tenant}`, `{provider}` and `{month}` stand for the row's own.
    pub(crate) focus_invoice_id: Option<String>,
    /// Which logs are written: `info`, `purser=debug,info`, …
    pub(crate) log: String,
    /// How logs are written.
    pub(crate) log_format: LogFormat,
    /// How events are rated.
    pub(crate) rating: Rating,
    /// How plans are simulated.
    pub(crate) costsim: Costsim,
    /// How the price book is updated.
    pub(crate) prices: Prices,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            data_dir: PathBuf::from("purser-data"),
            database: None,
            listen: local(8000),
            otlp: true,
            otlp_grpc_listen: local(4317),
            otlp_http_listen: local(4318),
            tls_cert: None,
            tls_key: None,
            insecure_listen: false,
            lake: None,
            flush_age_sec: 300,
            flush_entries: 60_000,
            retention_days: None,
            focus_invoice_id: None,
            log: "warn,purser=info".to_owned(),
            log_format: LogFormat::Text,
            rating: Rating::default(),
            costsim: Costsim::default(),
            prices: Prices::default(),
        }
    }
}

/// The flags that every command takes.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub(crate) struct CommonFlags {
    /// Settings file; without it, purser.toml of the working directory if there is one
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global options")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Where the state and the ledger live
    #[arg(long, value_name = "DIR", global = true, help_heading = "Global options")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_dir: Option<PathBuf>,
    /// State database, postgres://…; without it, a file in the data directory
    #[arg(long, value_name = "URL", global = true, help_heading = "Global options")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
    /// Which logs to write to stderr: error, warn, info, purser=debug, …
    #[arg(long, value_name = "FILTER", global = true, help_heading = "Global options")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,
    /// How to write logs
    #[arg(long, value_name = "FORMAT", global = true, help_heading = "Global options")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_format: Option<LogFormat>,
}

/// The flags of a command that listens.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub(crate) struct ListenFlags {
    /// Address of the API and the console
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of OTLP over gRPC
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_grpc_listen: Option<SocketAddr>,
    /// Address of OTLP over HTTP
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_http_listen: Option<SocketAddr>,
    /// Do not listen on the OTLP addresses; /v1/traces and /v1/logs stay
    #[arg(long = "no-otlp", action = clap::ArgAction::SetTrue)]
    #[serde(rename = "otlp", skip_serializing_if = "is_false", serialize_with = "negated")]
    pub(crate) no_otlp: bool,
    /// Certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Allow an address other than loopback without TLS
    #[arg(long, action = clap::ArgAction::SetTrue)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) insecure_listen: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn negated<S: serde::Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(!*flag)
}

/// The settings in force and where each came from.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The values.
    pub(crate) settings: Settings,
    /// (key, origin) in the order of [`Settings`].
    pub(crate) origins: Vec<(String, String)>,
}

impl Loaded {
    /// Whether `key` was set anywhere.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.origins.iter().any(|(name, origin)| name == key && origin != "default")
    }
}

/// Reads all layers.
///
/// # Errors
/// Exit 2 when a file cannot be read, a key is unknown or a value does not fit.
pub(crate) fn load(common: &CommonFlags, listen: Option<&ListenFlags>) -> anyhow::Result<Loaded> {
    let file = match &common.config {
        Some(path) if !path.is_file() => {
            return Err(Failure::usage(format!("config: there is no file {}", path.display())));
        }
        Some(path) => Some(path.clone()),
        None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file()),
    };
    let environment = Env::prefixed("PURSER__").split("__");
    load_layers(file.as_deref(), Aliases::of(variables()), environment, common, listen)
}

/// The process's environment; what is no text is left out.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}

fn load_layers(
    file: Option<&Path>,
    aliases: Aliases,
    environment: impl Provider,
    common: &CommonFlags,
    listen: Option<&ListenFlags>,
) -> anyhow::Result<Loaded> {
    let mut figment = Figment::from(Layer::new("default", &Settings::default()));
    if let Some(path) = file {
        figment = figment.merge(Toml::file_exact(path));
    }
    figment = figment.merge(aliases).merge(environment).merge(Layer::new("flag", common));
    if let Some(listen) = listen {
        figment = figment.merge(Layer::new("flag", listen));
    }
    let settings: Settings = figment.extract().map_err(|error| Failure::usage(refusals(error)))?;
    if settings.tls_cert.is_some() != settings.tls_key.is_some() {
        return Err(Failure::usage("tls_cert and tls_key must be given together"));
    }
    let faults: Vec<String> = settings.costsim.faults().into_iter().chain(settings.prices.faults()).collect();
    if !faults.is_empty() {
        return Err(Failure::usage(faults.join("; ")));
    }
    settings.rating.preferences().map_err(Failure::usage)?;
    let origins = keys(&serde_json::to_value(&settings)?).into_iter();
    let origins = origins.map(|key| (key.clone(), origin(&figment, &key))).collect();
    Ok(Loaded { settings, origins })
}

/// Every key, those of a table as `table.key`.
fn keys(settings: &serde_json::Value) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in settings.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(table) => keys.extend(table.keys().map(|name| format!("{key}.{name}"))),
            None => keys.push(key.clone()),
        }
    }
    keys
}

fn refusals(error: figment::Error) -> String {
    let lines: Vec<String> = error
        .into_iter()
        .map(|error| {
            let place = error.metadata.as_ref().map(|metadata| match &metadata.source {
                Some(source) => format!(" (in {source})"),
                None => format!(" (in {})", metadata.name),
            });
            let path = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path.join(".")) };
            format!("{path}{}{}", error.kind, place.unwrap_or_default())
        })
        .collect();
    lines.join("; ")
}

fn origin(figment: &Figment, key: &str) -> String {
    let Some(metadata) = figment.find_metadata(key) else { return "default".to_owned() };
    match metadata.name.as_ref() {
        "default" => "default".to_owned(),
        "flag" if key == "otlp" => "flag --no-otlp".to_owned(),
        "flag" => format!("flag --{}", key.replace('_', "-")),
        ALIAS_LAYER => {
            let variable = key.split_once('.').and_then(|(_, name)| alias(name));
            format!("environment {}", variable.unwrap_or_default())
        }
        _ => match metadata.source.as_ref().and_then(figment::Source::file_path) {
            Some(path) => format!("file {}", path.display()),
            None => format!("environment PURSER__{}", key.to_uppercase().replace('.', "__")),
        },
    }
}

/// A layer of settings under a name that [`origin`] knows.
struct Layer {
    name: &'static str,
    data: Result<Map<Profile, Dict>, figment::Error>,
}

impl Layer {
    fn new(name: &'static str, values: &impl Serialize) -> Self {
        Self { name, data: Serialized::defaults(values).data() }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        self.data.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("a writable file");
        file
    }

    fn origin_of<'a>(loaded: &'a Loaded, key: &str) -> &'a str {
        loaded.origins.iter().find(|(name, _)| name == key).map_or("", |(_, origin)| origin)
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let file = file("listen = '127.0.0.1:1'\ndata_dir = '/file'\nlog = 'debug'");
        let environment = Layer::new("environment", &serde_json::json!({"data_dir": "/environment", "log": "trace"}));
        let flags = CommonFlags { log: Some("error".to_owned()), ..CommonFlags::default() };
        let listen = ListenFlags { no_otlp: true, ..ListenFlags::default() };
        let loaded = load_layers(Some(file.path()), Aliases::of([]), environment, &flags, Some(&listen))
            .expect("settings that fit");
        assert_eq!(loaded.settings.listen.port(), 1);
        assert_eq!(loaded.settings.data_dir, Path::new("/environment"));
        assert_eq!(loaded.settings.log, "error");
        assert!(!loaded.settings.otlp);
        assert_eq!(origin_of(&loaded, "listen"), format!("file {}", file.path().display()));
        assert_eq!(origin_of(&loaded, "data_dir"), "environment PURSER__DATA_DIR");
        assert_eq!(origin_of(&loaded, "log"), "flag --log");
        assert_eq!(origin_of(&loaded, "otlp"), "flag --no-otlp");
        assert_eq!(origin_of(&loaded, "insecure_listen"), "default");
    }

    #[test]
    fn a_preference_is_laid_over_the_usual_ones() {
        let nothing = || Layer::new("environment", &serde_json::json!({}));
        let load = |text: &str| {
            load_layers(Some(file(text).path()), Aliases::of([]), nothing(), &CommonFlags::default(), None)
        };
        let loaded = load("[rating.prefer]\n'provider openrouter' = 'rated'\n'source ours' = 'reported'")
            .expect("settings that fit");
        assert_eq!(loaded.settings.rating.prefer.len(), 2);
        assert!(origin_of(&loaded, "rating.prefer").starts_with("file "));
        for text in
            ["[rating.prefer]\n'openrouter' = 'rated'", "[rating.prefer]\n'provider x' = 'both'", "[rating]\nx = 1"]
        {
            assert!(load(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_key_and_a_value_of_the_wrong_kind_are_refused_by_name() {
        let nothing = || Layer::new("environment", &serde_json::json!({}));
        for (text, expected) in [
            ("lisen = '127.0.0.1:1'", "lisen"),
            ("listen = 'nowhere'", "listen"),
            ("tls_cert = 'a.pem'", "tls_cert and tls_key must be given together"),
        ] {
            let file = file(text);
            let refused = load_layers(Some(file.path()), Aliases::of([]), nothing(), &CommonFlags::default(), None);
            let message = refused.expect_err("a refusal").to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}

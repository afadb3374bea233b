//! `purser config`: the settings in force and where each came from.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::config::{ListenFlags, Loaded};
use crate::exit::Exit;
use crate::output::{self, Column};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print every setting and its origin: flag, environment, file or default
    Show(Args),
    /// Read everything, refuse what is wrong, and print nothing if all is well
    Check(Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: ListenFlags,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Command, loaded: &Loaded) -> anyhow::Result<Exit> {
    match command {
        Command::Show(args) => show(loaded, args.json)?,
        Command::Check(_) => {
            super::serve::check_listen(&loaded.settings)?;
            output::talk("the configuration is well-formed");
        }
    }
    Ok(Exit::Done)
}

fn show(loaded: &Loaded, json: bool) -> anyhow::Result<()> {
    let mut values = serde_json::to_value(&loaded.settings)?;
    if let Some(url) = values.get("database").and_then(Value::as_str) {
        values["database"] = json!(without_password(url));
    }
    if json {
        let all: serde_json::Map<String, Value> = loaded
            .origins
            .iter()
            .map(|(key, origin)| (key.clone(), json!({ "value": value(&values, key), "origin": origin })))
            .collect();
        return output::json(&all);
    }
    let rows = loaded.origins.iter().map(|(key, origin)| {
        let value = match value(&values, key) {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        vec![key.clone(), value, origin.clone()]
    });
    Ok(output::table(&[Column::Text("Setting"), Column::Text("Value"), Column::Text("Origin")], rows)?)
}

/// The value of `key` or `table.key`.
fn value<'a>(values: &'a Value, key: &str) -> &'a Value {
    key.split('.').fold(values, |value, name| &value[name])
}

/// A database URL as it may be shown.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, place)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = login.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:***@{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(without_password("postgres://me:pw@host/db"), "postgres://me:***@host/db");
        assert_eq!(without_password("sqlite://state.db"), "sqlite://state.db");
    }
}

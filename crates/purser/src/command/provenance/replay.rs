//! `purser provenance replay`: whether a record's output comes out again.

use purser_api::provenance::ProvenanceReplay;

use super::source::{Source, SourceFlags, named};
use crate::config::Settings;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The record's id
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: SourceFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let id = named(&args.id)?;
    let source = Source::open(&args.source, settings).await?;
    let asked = match &source {
        Source::Server(client) => client.provenance_replay(&id.to_string()).await.map_err(anyhow::Error::new),
        Source::Local(local, who) => {
            local.service.provenance_replay(who, id).await.map(Into::into).map_err(anyhow::Error::new)
        }
    };
    source.close().await?;
    let replay = asked?;
    if args.json {
        output::json(&replay)?;
    } else {
        for line in words(&replay) {
            output::line(line)?;
        }
    }
    Ok(if replay.reproduced { Exit::Done } else { Exit::CheckFailed })
}

/// What came of it, line by line.
fn words(replay: &ProvenanceReplay) -> Vec<String> {
    let ProvenanceReplay { id, variant, recorded_hash, .. } = replay;
    let mut lines = match (&replay.replayed_hash, replay.reproduced) {
        (_, true) => vec![format!("{variant} {id}: reproduced, output {recorded_hash}")],
        (Some(now), _) => vec![format!("{variant} {id}: not reproduced, output {recorded_hash} on record, {now} now")],
        (None, _) => vec![format!("{variant} {id}: not reproduced, output {recorded_hash} on record, none now")],
    };
    lines.extend(replay.reason.iter().map(|reason| format!("  {reason}")));
    for change in &replay.versions {
        let text = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        let name = change.name.replace('_', " ");
        lines.push(format!("  {name}: {} on record, {} now", text(&change.recorded), text(&change.now)));
    }
    if !replay.fields.is_empty() {
        lines.push(format!("  fields that differ: {}", replay.fields.join(", ")));
    }
    if !replay.is_sound {
        lines.push("  the record was changed since it was stored: its fields do not have its hash".to_owned());
    } else if !replay.reproduced && replay.versions.is_empty() && replay.reason.is_none() {
        lines.push("  no version on record is another now".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use purser_api::provenance::ProvenanceVersionChange;

    use super::*;

    fn replay() -> ProvenanceReplay {
        ProvenanceReplay {
            id: "i".to_owned(),
            variant: "v1".to_owned(),
            reproduced: false,
            reason: None,
            is_sound: true,
            recorded_hash: "aa".to_owned(),
            replayed_hash: Some("bb".to_owned()),
            versions: Vec::new(),
            fields: vec!["risks".to_owned(), "status".to_owned()],
        }
    }

    #[test]
    fn what_changed_is_told_in_words() {
        let change = ProvenanceVersionChange {
            name: "catalogue_version".to_owned(),
            recorded: Some("1+a".to_owned()),
            now: Some("1+b".to_owned()),
        };
        let told = words(&ProvenanceReplay { versions: vec![change], ..replay() });
        let first = "v1 i: not reproduced, output aa on record, bb now";
        let changed = "  catalogue version: 1+a on record, 1+b now";
        assert_eq!(told, [first, changed, "  fields that differ: risks, status"]);
    }

    #[test]
    fn a_difference_without_a_cause_says_so_and_a_changed_record_is_told_apart() {
        assert_eq!(words(&replay()).last().map(String::as_str), Some("  no version on record is another now"));
        let changed = words(&ProvenanceReplay { is_sound: false, ..replay() });
        assert!(changed.iter().any(|line| line.contains("was changed since")), "{changed:?}");
        let same = ProvenanceReplay { reproduced: true, fields: Vec::new(), ..replay() };
        assert_eq!(words(&same), ["v1 i: reproduced, output aa"]);
        let refused = ProvenanceReplay {
            replayed_hash: None,
            reason: Some("no price".to_owned()),
            fields: Vec::new(),
            ..replay()
        };
        assert_eq!(words(&refused), ["v1 i: not reproduced, output aa on record, none now", "  no price"]);
    }
}

//! What became of every row of a file, for people and as JSON.
//! Invariant: rows = accepted + duplicates + observations + conflicts + refused + skipped.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::LazyLock;

use purser_api::usage_event::PassedOverItem;
use purser_domain::money::Money;
use purser_domain::passed_over::PassedOver;
use purser_domain::time::Timestamp;
use purser_service::decode::decoded::{Decoded, Finding, Refusal};
use purser_service::decode::file::Format;
use purser_service::ingest::{ByModel, Receipt};
use purser_service::ledger::append::Conflict;
use serde_json::{Value, json};

use super::rejects::Rejects;
use super::{Args, by_model};
use crate::exit::Exit;
use crate::output::{self, Column, grouped, usd};

/// How many refusals and conflicts are spoken of and kept.
const SHOWN: usize = 10;

/// One file's outcome.
pub(super) struct Summary {
    pub(super) file: String,
    format: Format,
    pub(super) import_id: Option<String>,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    /// Of the duplicates, those that another file brought.
    pub(super) of_other_files: Vec<(String, u64)>,
    pub(super) observations: u64,
    pub(super) unpriced: u64,
    pub(super) conflicts: u64,
    pub(super) first_conflicts: Vec<Conflict>,
    /// The imports that brought the rows that conflicts contradict.
    pub(super) conflicting_imports: Vec<String>,
    pub(super) refused: u64,
    first_refusals: Vec<(String, Refusal)>,
    skipped: u64,
    ignored: u64,
    findings: Vec<Finding>,
    passed_over: BTreeMap<PassedOver, u64>,
    /// What a dry run would charge.
    pub(super) would_charge: Option<Money>,
    by_model: ByModel,
    /// Hashes of the ids seen, to tell later whose duplicates they are.
    pub(super) ids: HashSet<u64>,
    pub(super) sources: HashSet<String>,
    pub(super) span: Option<(Timestamp, Timestamp)>,
}

/// A hash of an event's identity, good within one run.
pub(super) fn id_hash(source: &str, event_id: &str) -> u64 {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    SEED.hash_one((source, event_id))
}

impl Summary {
    pub(super) fn new(file: &Path, format: Format, import_id: Option<String>) -> Self {
        Self {
            file: file.display().to_string(),
            format,
            import_id,
            accepted: 0,
            duplicates: 0,
            of_other_files: Vec::new(),
            observations: 0,
            unpriced: 0,
            conflicts: 0,
            first_conflicts: Vec::new(),
            conflicting_imports: Vec::new(),
            refused: 0,
            first_refusals: Vec::new(),
            skipped: 0,
            ignored: 0,
            findings: Vec::new(),
            passed_over: BTreeMap::new(),
            would_charge: None,
            by_model: ByModel::new(),
            ids: HashSet::new(),
            sources: HashSet::new(),
            span: None,
        }
    }

    /// Notes what was read, before it is sent.
    pub(super) fn see(&mut self, decoded: &Decoded) {
        self.skipped += decoded.skipped;
        for finding in &decoded.findings {
            match self.findings.iter_mut().find(|known| known.message == finding.message) {
                Some(known) => known.count += finding.count,
                None => self.findings.push(finding.clone()),
            }
        }
        for incoming in &decoded.events {
            let event = &incoming.event;
            self.ids.insert(id_hash(&event.source, &event.event_id));
            if !self.sources.contains(&event.source) {
                self.sources.insert(event.source.clone());
            }
            let (first, last) = self.span.unwrap_or((event.occurred_at, event.occurred_at));
            self.span = Some((first.min(event.occurred_at), last.max(event.occurred_at)));
        }
    }

    /// Adds what became of a request.
    pub(super) fn add(&mut self, file: &str, receipt: &Receipt, rejects: &mut Rejects) -> anyhow::Result<()> {
        self.accepted += receipt.accepted;
        self.duplicates += receipt.duplicates;
        self.observations += receipt.observations;
        self.unpriced += receipt.unpriced;
        self.ignored += receipt.ignored;
        for (kind, count) in &receipt.passed_over {
            *self.passed_over.entry(kind.clone()).or_default() += count;
        }
        if let Some(cost) = receipt.would_charge {
            self.would_charge = Some([self.would_charge.unwrap_or_default(), cost].into_iter().sum());
        }
        by_model::absorb(&mut self.by_model, &receipt.by_model);
        self.conflicts += receipt.conflicts.len() as u64;
        let room = SHOWN.saturating_sub(self.first_conflicts.len());
        self.first_conflicts.extend(receipt.conflicts.iter().take(room).cloned());
        self.refused += receipt.refused.len() as u64;
        let room = SHOWN.saturating_sub(self.first_refusals.len());
        let first = receipt.refused.iter().take(room);
        self.first_refusals.extend(first.map(|refusal| (file.to_owned(), refusal.clone())));
        for refusal in &receipt.refused {
            rejects.write(file, refusal)?;
        }
        Ok(())
    }

    fn rows(&self) -> u64 {
        self.accepted + self.duplicates + self.observations + self.conflicts + self.refused + self.skipped
    }

    fn exit(&self) -> Exit {
        match (self.conflicts, self.refused) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Refused,
            _ => Exit::Conflict,
        }
    }

    /// What to do about conflicts.
    fn remedy(&self) -> Option<String> {
        if self.conflicts == 0 {
            return None;
        }
        let import = self.conflicting_imports.first().map_or("ID", String::as_str);
        Some(format!(
            "the same row was imported before with another mapping: take that back with `purser usage void --import \
             {import} --reason …`, then import again"
        ))
    }

    fn json(&self) -> Value {
        let refused: Vec<Value> = self
            .first_refusals
            .iter()
            .map(|(file, refusal)| {
                json!({ "file": file, "line": refusal.index, "event_id": refusal.id, "errors": refusal.errors })
            })
            .collect();
        let conflicts: Vec<Value> = self
            .first_conflicts
            .iter()
            .map(|conflict| json!({ "line": conflict.index, "source": conflict.source, "event_id": conflict.event_id }))
            .collect();
        let passed_over: Vec<PassedOverItem> =
            self.passed_over.iter().map(|(kind, count)| PassedOverItem::new(kind.clone(), *count)).collect();
        let others: Vec<Value> =
            self.of_other_files.iter().map(|(name, rows)| json!({ "import": name, "rows": rows })).collect();
        json!({
            "file": self.file,
            "format": self.format.name(),
            "import_id": self.import_id,
            "rows": self.rows(),
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "duplicates_of_other_files": self.of_other_files.iter().map(|(_, rows)| rows).sum::<u64>(),
            "other_files": others,
            "observations": self.observations,
            "unpriced": self.unpriced,
            "conflicts": self.conflicts,
            "first_conflicts": conflicts,
            "remedy": self.remedy(),
            "refused": self.refused,
            "first_refusals": refused,
            "skipped": self.skipped,
            "passed_over": passed_over,
            "ignored_fields": self.ignored,
            "would_charge_usd": self.would_charge,
            "by_model": by_model::json(&self.by_model),
            "findings": self.findings.iter().map(|f| json!({ "message": f.message, "count": f.count })).collect::<Vec<_>>(),
        })
    }

    fn talk(&self, is_told: bool) {
        if !is_told {
            output::talk(format!("reads {} as {}", self.file, self.format.name()));
        }
        if let Format::Export(export) = self.format
            && export.is_bill()
        {
            output::talk(format!(
                "{} has charges without the usage they are for: import it or its usage, not both",
                self.file
            ));
        }
        for (file, refusal) in &self.first_refusals {
            let reasons: Vec<String> = refusal.errors.iter().map(ToString::to_string).collect();
            output::talk(format!("{file}:{}: {}", refusal.index, reasons.join("; ")));
        }
        if self.refused > SHOWN as u64 {
            output::talk(format!("… and {} more refused; --rejects FILE lists them all", self.refused - SHOWN as u64));
        }
        for conflict in &self.first_conflicts {
            let id = &conflict.event_id;
            output::talk(format!("{}:{}: {id} is stored with another payload", self.file, conflict.index));
        }
        if let Some(remedy) = self.remedy() {
            output::talk(remedy);
        }
        for finding in &self.findings {
            output::talk(format!("{}: {} ({} times)", self.file, finding.message, grouped(finding.count.into())));
        }
        for (kind, count) in &self.passed_over {
            output::talk(format!("{}: {kind} ({} times)", self.file, grouped((*count).into())));
        }
        for (name, rows) in &self.of_other_files {
            output::talk(format!("{} rows are equal to rows of {name}", grouped((*rows).into())));
        }
        if self.unpriced > 0 {
            output::talk(format!("{} accepted events have no price", grouped(self.unpriced.into())));
        }
        if let Some(cost) = self.would_charge {
            output::talk(format!("dry run: nothing was stored; the events would cost {}", usd(cost)));
        }
    }
}

/// Prints all summaries and says how it ended.
pub(super) fn report(all: &[Summary], args: &Args) -> anyhow::Result<Exit> {
    if args.json {
        let files: Vec<Value> = all.iter().map(Summary::json).collect();
        output::json(&json!({ "dry_run": args.dry_run, "files": files }))?;
    } else {
        for summary in all {
            summary.talk(args.format.is_some());
        }
        table(all)?;
        let mut models = ByModel::new();
        all.iter().for_each(|summary| by_model::absorb(&mut models, &summary.by_model));
        if !models.is_empty() {
            by_model::table(&models)?;
        }
    }
    let worst = |a: Exit, b: Exit| if a as u8 >= b as u8 { a } else { b };
    Ok(all.iter().map(Summary::exit).fold(Exit::Done, worst))
}

fn table(all: &[Summary]) -> anyhow::Result<()> {
    let columns = [
        Column::Text("File"),
        Column::Text("Import"),
        Column::Number("Rows"),
        Column::Number("Accepted"),
        Column::Number("Known"),
        Column::Number("In other files"),
        Column::Number("Sightings"),
        Column::Number("Conflicts"),
        Column::Number("Refused"),
        Column::Number("Skipped"),
    ];
    let rows = all.iter().map(|summary| {
        let others = summary.of_other_files.iter().map(|(_, rows)| rows).sum::<u64>();
        let mut row = vec![summary.file.clone(), summary.import_id.clone().unwrap_or_else(|| "-".to_owned())];
        row.extend(
            [
                summary.rows(),
                summary.accepted,
                summary.duplicates,
                others,
                summary.observations,
                summary.conflicts,
                summary.refused,
                summary.skipped,
            ]
            .map(|count| grouped(count.into())),
        );
        row
    });
    Ok(output::table(&columns, rows)?)
}

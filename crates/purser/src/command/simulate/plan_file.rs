//! Reads plans from files and standard input.

use std::io::Read;
use std::path::Path;

use purser_domain::plan::Plan;
use purser_domain::simulation::ModelName;
use purser_ingest::plan_file::{Format, parse};
use purser_service::Error;
use serde_json::Value;

use crate::exit::Failure;

/// The largest plan, bytes.
const BYTES_MAX: u64 = 16 << 20;

/// A plan and where it is from.
#[derive(Debug, Clone)]
pub(crate) struct PlanFile {
    /// The file's name.
    pub(crate) name: String,
    /// The plan.
    pub(crate) plan: Plan,
    /// The same as JSON.
    pub(crate) sent: Value,
}

impl PlanFile {
    /// Reads `path`; `-` is standard input.
    ///
    /// # Errors
    /// The file or its syntax, or every fault of the plan, by path; or what `model` cannot read.
    pub(crate) fn read(path: &Path, model: ModelName) -> anyhow::Result<Self> {
        let is_stdin = path == Path::new("-");
        let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let text = if is_stdin { text(std::io::stdin().lock()) } else { std::fs::File::open(path).and_then(text) };
        let text = text.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        let refused = |error: Error| anyhow::Error::new(error).context(name.clone());
        let format = Format::of(path.extension().and_then(|ending| ending.to_str()), &text);
        let (plan, sent) = parse(&text, format).map_err(|faults| refused(Error::invalid(faults)))?;
        if plan.steps.is_empty() {
            return Err(refused(Error::invalid_field("plan", "[]", "has no steps")));
        }
        if model != ModelName::V3
            && let Err(not) = plan.flat()
        {
            return Err(refused(Error::invalid_field("plan", &not.node, &format!("{not}; v3 reads it"))));
        }
        Ok(Self { name, plan, sent })
    }
}

fn text(file: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    file.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(std::io::Error::other(format!("is larger than {BYTES_MAX} bytes")));
    }
    Ok(text)
}

//! Refused rows, listed in a CSV file so that they can be mended and imported again.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use purser_service::decode::decoded::Refusal;

/// The file of `--rejects`, if there is one.
pub(super) struct Rejects(Option<csv::Writer<File>>);

impl Rejects {
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(["file", "line", "event_id", "field", "value", "reason"])?;
        Ok(Self(Some(writer)))
    }

    pub(super) fn write(&mut self, file: &str, refusal: &Refusal) -> anyhow::Result<()> {
        let Some(writer) = &mut self.0 else { return Ok(()) };
        let (line, id) = (refusal.index.to_string(), refusal.id.as_deref().unwrap_or_default());
        for error in &refusal.errors {
            writer.write_record([file, &line, id, &error.field, &error.value, &error.reason])?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self.0 {
            Some(mut writer) => Ok(writer.flush()?),
            None => Ok(()),
        }
    }
}

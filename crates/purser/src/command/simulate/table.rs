//! A report on a terminal.

use super::report::{Column, Report};
use crate::output;

/// Prints the report to stdout, its notes to stderr.
pub(crate) fn print(report: &Report) -> anyhow::Result<()> {
    output::line(&report.headline)?;
    for section in &report.sections {
        if let Some(title) = section.title {
            output::line(format!("\n{title}"))?;
        }
        let columns: Vec<output::Column> = section.columns.iter().map(column).collect();
        output::table(&columns, section.rows.iter().cloned())?;
    }
    for note in &report.notes {
        output::talk(note);
    }
    Ok(())
}

fn column(column: &Column) -> output::Column<'_> {
    match column {
        Column::Text(title) | Column::Name(title) => output::Column::Text(title),
        Column::Number(title) => output::Column::Number(title),
    }
}

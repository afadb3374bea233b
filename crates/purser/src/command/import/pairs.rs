//! `--map FIELD=COLUMN` and `--set FIELD=VALUE`.

use purser_service::decode::file::Target;

/// A field and the column that holds it.
pub(super) fn parse_map(text: &str) -> Result<(Target, String), String> {
    parse(text, "COLUMN")
}

/// A field and the value that every row has.
pub(super) fn parse_set(text: &str) -> Result<(Target, String), String> {
    parse(text, "VALUE")
}

fn parse(text: &str, what: &str) -> Result<(Target, String), String> {
    let (field, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not FIELD={what}"))?;
    if value.is_empty() {
        return Err(format!("{text:?} names no {}", what.to_lowercase()));
    }
    Ok((field.parse()?, value.to_owned()))
}

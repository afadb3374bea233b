//! Tells a file's format by how it begins, and unpacks it if it is packed.
//! Invariant: the name of a file says nothing.

use std::io::{BufRead, BufReader, Result};

use flate2::bufread::MultiGzDecoder;
use memchr::memmem;

use crate::decoded::Unreadable;

use super::csv::Dialect;
use super::{Agent, Export, Format};

/// How a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What `reader` holds, unpacked if it is gzip.
///
/// # Errors
/// When nothing can be read.
pub fn unpacked<R: BufRead + Send + 'static>(mut reader: R) -> Result<Box<dyn BufRead + Send>> {
    if reader.fill_buf()?.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(reader))));
    }
    Ok(Box::new(reader))
}

/// Refuses what is no text: a spreadsheet's own file, an archive, UTF-16.
pub(super) fn refuse_binary(reader: &mut impl BufRead) -> std::result::Result<(), Unreadable> {
    let head = reader.fill_buf().map_err(|error| super::unreadable(&error))?;
    let what = match head {
        [b'P', b'K', 3, 4, ..] => "a spreadsheet or an archive: save the table as CSV",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16: save it as UTF-8",
        _ => return Ok(()),
    };
    Err(Unreadable::Syntax(format!("is {what}")))
}

/// Keys that only one JSON format has; the first that is found tells.
const KEYS: [(&[u8], Format); 11] = [
    (b"\"resourceSpans\"", Format::OtlpJson),
    (b"\"resourceLogs\"", Format::OtlpJson),
    (b"\"call_type\"", Format::Litellm),
    (b"\"session_meta\"", Format::Agent(Agent::Codex)),
    (b"\"projectHash\"", Format::Agent(Agent::GeminiCli)),
    (b"\"session.start\"", Format::Agent(Agent::Copilot)),
    (b"\"sessionID\"", Format::Agent(Agent::OpenCode)),
    (b"\"usageMetadata\"", Format::Agent(Agent::QwenCode)),
    (b"\"systemPayload\"", Format::Agent(Agent::QwenCode)),
    (b"\"sessionId\"", Format::Agent(Agent::ClaudeCode)),
    (b"\"parentUuid\"", Format::Agent(Agent::ClaudeCode)),
];

/// The format of a file that begins with `head`, which may end anywhere.
#[must_use]
pub fn recognise(head: &[u8]) -> Format {
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    if matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
        let known = KEYS.into_iter().find(|(key, _)| memmem::find(head, key).is_some());
        return known.map_or(Format::Jsonl, |(_, format)| format);
    }
    Export::of_header(&header(head)).map_or(Format::Csv, Format::Export)
}

/// The names of the columns of a CSV file that begins with `head`, which may end anywhere behind them.
#[must_use]
pub(crate) fn header(head: &[u8]) -> Vec<String> {
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    let rows = &head[Dialect::preamble(head)..];
    let mut rows =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter(head)).from_reader(rows);
    let header = rows.records().next().and_then(|row| row.ok()).unwrap_or_default();
    header.iter().map(|name| name.trim().to_owned()).collect()
}

/// What separates the cells of a CSV file that begins with `head`.
#[must_use]
pub(crate) fn delimiter(head: &[u8]) -> u8 {
    Dialect::of(head).delimiter
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn a_format_is_known_by_its_keys_or_its_header() {
        for (head, format) in [
            ("{\"event_id\":\"a\"}", Format::Jsonl),
            ("\u{feff} [\n{\"id\":1,\"call_type\":\"completion\"", Format::Litellm),
            ("{\"resourceSpans\":[", Format::OtlpJson),
            ("{\"type\":\"user\",\"sessionId\":\"s\"", Format::Agent(Agent::ClaudeCode)),
            ("{\"timestamp\":\"t\",\"type\":\"session_meta\"", Format::Agent(Agent::Codex)),
            ("{\n  \"sessionId\": \"s\",\n  \"projectHash\"", Format::Agent(Agent::GeminiCli)),
            ("{\"type\":\"session.start\",\"data\":{\"sessionId\"", Format::Agent(Agent::Copilot)),
            ("{\n  \"id\": \"m\",\n  \"sessionID\": \"s\"", Format::Agent(Agent::OpenCode)),
            ("{\"sessionId\":\"s\",\"type\":\"assistant\",\"usageMetadata\"", Format::Agent(Agent::QwenCode)),
            ("occurred_at,model\n", Format::Csv),
            ("\u{feff}usage_date_utc;model_version;usage_output_tokens\r\n", Format::Export(Export::AnthropicUsage)),
            ("\"Date\",\"Slug\",\"Usage\",\"Prompt Tokens\"\n", Format::Export(Export::Openrouter)),
            ("Date\tKind\tModel\tTokens\n", Format::Export(Export::Cursor)),
            ("start_time,end_time,start_time_iso,end_time_iso,amount_value\n", Format::Export(Export::OpenaiCosts)),
            ("sep=;\r\nusage_date_utc;model_version;usage_output_tokens\r\n", Format::Export(Export::AnthropicUsage)),
            ("", Format::Csv),
        ] {
            assert_eq!(recognise(head.as_bytes()), format, "{head}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_by_what_it_is() {
        for (bytes, word) in [(&b"PK\x03\x04xl"[..], "spreadsheet"), (b"\xff\xfea\0", "UTF-16")] {
            let error = refuse_binary(&mut &*bytes).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(word), "{error}");
        }
        assert_eq!(refuse_binary(&mut &b"a,b\n"[..]), Ok(()));
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes_and_the_rest_is_left_alone() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a,b\n1,2\n").expect("memory takes it");
        for bytes in [packed.finish().expect("memory takes it"), b"a,b\n1,2\n".to_vec()] {
            let mut text = String::new();
            unpacked(std::io::Cursor::new(bytes))
                .and_then(|mut file| file.read_to_string(&mut text))
                .expect("readable");
            assert_eq!(text, "a,b\n1,2\n");
        }
    }
}

//! OTLP trace, log and metric requests, protobuf and JSON, become usage events.
//! Invariant: nothing is refused as a whole but what cannot be parsed; only calls of a model are charged.

use purser_domain::passed_over::Reason;
use purser_domain::time::Timestamp;

use crate::decoded::{BYTES_MAX, Decoded, Unreadable};

mod answer;
mod assemble;
mod codex;
mod cost;
mod count;
mod hint;
mod log;
mod model;
mod nesting;
mod protobuf;
mod text;
mod tiered;
mod tool;

use assemble::Assembler;

/// The source of every event that comes as OTLP.
pub const SOURCE: &str = "otlp";

/// How a request is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`, and every gRPC message.
    Protobuf,
    /// `application/json`
    Json,
}

/// Decodes an `ExportTraceServiceRequest`.
///
/// # Errors
/// When the body is malformed, too large, too deep or holds too many events.
pub fn decode_traces(body: &[u8], encoding: Encoding, now: Timestamp) -> Result<Decoded, Unreadable> {
    decode(body, encoding, now, Signal::Traces)
}

/// Decodes an `ExportLogsServiceRequest`: the calls that coding agents and OpenTelemetry's own events tell of.
///
/// # Errors
/// When the body is malformed, too large, too deep or holds too many events.
pub fn decode_logs(body: &[u8], encoding: Encoding, now: Timestamp) -> Result<Decoded, Unreadable> {
    decode(body, encoding, now, Signal::Logs)
}

/// Looks through an `ExportMetricsServiceRequest`: its metrics are counted and charge nothing.
///
/// # Errors
/// When the body is malformed or too large.
pub fn decode_metrics(body: &[u8], encoding: Encoding) -> Result<Decoded, Unreadable> {
    if body.len() > BYTES_MAX {
        return Err(Unreadable::TooLarge(body.len()));
    }
    let skipped = match encoding {
        Encoding::Protobuf => protobuf::metrics(body)?,
        Encoding::Json => text::metrics(body)?,
    };
    let mut decoded = Decoded::default();
    decoded.pass_over_times("", "", Reason::Metric, skipped);
    Ok(decoded)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Traces,
    Logs,
}

fn decode(body: &[u8], encoding: Encoding, now: Timestamp, signal: Signal) -> Result<Decoded, Unreadable> {
    if body.len() > BYTES_MAX {
        return Err(Unreadable::TooLarge(body.len()));
    }
    let mut assembler = Assembler::new(now);
    match encoding {
        Encoding::Protobuf => protobuf::read(body, signal, &mut assembler)?,
        Encoding::Json => text::read(body, signal, &mut assembler)?,
    }
    Ok(assembler.finish())
}

#[cfg(test)]
mod tests;

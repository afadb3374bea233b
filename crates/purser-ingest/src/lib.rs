//! Decoders: bytes of a foreign format become usage events, with findings for what was refused.
//! Invariant: no IO, no clock; message content never leaves a decoder.

#![warn(missing_docs)]

mod attribute;
pub mod cloud_event;
pub mod cost_record;
pub mod decoded;
pub mod emitter;
pub mod field;
pub mod file;
pub mod identity;
mod instant;
mod json;
pub mod litellm;
pub mod native;
pub mod normalise;
pub mod otlp;
pub mod price_catalogue;
pub mod price_file;
pub mod price_genai;
pub mod price_litellm;
mod usage_object;

//! Decoders: bytes of a foreign format become usage events, prices or plans, with findings for what was refused.
//! Invariant: no IO, no clock; no message content is part of a usage event.

#![warn(missing_docs)]

mod agent;
mod attribute;
pub mod baseline;
pub mod bill;
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
pub mod plan_file;
pub mod price_catalogue;
pub mod price_file;
pub mod price_genai;
pub mod price_litellm;
mod usage_object;

//! Decoders: bytes of a foreign format become usage events, with findings for what was refused.
//! Invariant: no IO, no clock; message content never leaves a decoder.

#![warn(missing_docs)]

mod attribute;
pub mod decoded;
pub mod emitter;
pub mod field;
pub mod identity;
mod json;
pub mod native;
pub mod normalise;
pub mod otlp;
mod usage_object;

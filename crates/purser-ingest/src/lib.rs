//! Decoders: bytes of a foreign format become usage events, with findings for what was refused.
//! Invariant: no IO, no clock; message content never leaves a decoder.

#![warn(missing_docs)]

pub mod decoded;
pub mod field;
mod json;
pub mod native;

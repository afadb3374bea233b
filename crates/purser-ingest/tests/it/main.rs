//! Decoders against what real clients sent, byte for byte, and against bytes that nobody would send.

#![expect(clippy::disallowed_methods, reason = "the fixtures are files")]

mod dataset;
mod emitter;
mod robust;
mod webhook;

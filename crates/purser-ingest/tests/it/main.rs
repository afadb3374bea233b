//! Decoders against what real clients sent, byte for byte, and against bytes that nobody would send.

mod emitter;
mod robust;
mod webhook;

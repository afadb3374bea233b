//! The OTLP receivers: HTTP in both encodings, gRPC, and Langfuse's path.

mod grpc;
mod http;
pub(crate) mod sample;

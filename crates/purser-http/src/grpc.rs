//! OTLP over gRPC: tonic does the framing, compression and trailers; the messages go to the same decoders raw.
//! Invariant: a call without a valid ingest key ends `UNAUTHENTICATED` or `PERMISSION_DENIED` before its body is read.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::post;
use bytes::{Buf, BufMut};
use futures::future::BoxFuture;
use purser_service::decode::otlp::Encoding;
use purser_service::error::Error;
use purser_service::principal::Principal;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EnabledCompressionEncodings, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::auth;
use crate::context;
use crate::failure::{Failure, Reply};
use crate::otlp::{self, Signal};

/// The three services' only method each.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", post(traces))
        .route("/opentelemetry.proto.collector.logs.v1.LogsService/Export", post(logs))
        .route("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", post(metrics))
        .fallback(unimplemented)
        .layer(CatchPanicLayer::custom(context::caught))
        .layer(from_fn_with_state(app.clone(), turn))
        .with_state(app)
}

/// Waits for the request's turn.
async fn turn(State(app): State<App>, request: Request, next: axum::middleware::Next) -> Response {
    if app.is_draining() {
        return status(&Failure::shutting_down()).into_http();
    }
    match tokio::time::timeout(app.config.queue_wait, app.turns.acquire()).await {
        Ok(Ok(_turn)) => next.run(request).await,
        _ => status(&Failure::too_busy()).into_http(),
    }
}

async fn unimplemented() -> Response {
    Status::unimplemented("there is no such method").into_http()
}

async fn traces(State(app): State<App>, request: Request) -> Response {
    serve(app, Signal::Traces, request).await
}

async fn logs(State(app): State<App>, request: Request) -> Response {
    serve(app, Signal::Logs, request).await
}

async fn metrics(State(app): State<App>, request: Request) -> Response {
    serve(app, Signal::Metrics, request).await
}

async fn serve(app: App, signal: Signal, request: Request) -> Response {
    let who = match authenticate(&app, auth::secret(request.headers())).await {
        Ok(who) => who,
        Err(failure) => return status(&failure).into_http(),
    };
    let mut gzip = EnabledCompressionEncodings::default();
    gzip.enable(CompressionEncoding::Gzip);
    let (packed_max, unpacked_max) = (app.config.body_max, app.config.unpacked_max);
    let mut grpc =
        Grpc::new(Raw).apply_compression_config(gzip, gzip).apply_max_message_size_config(Some(unpacked_max), None);
    let request = request.map(|body| http_body_util::Limited::new(body, packed_max + 5));
    let response = grpc.unary(Export { app, who, signal }, request).await;
    response.map(Body::new)
}

async fn authenticate(app: &App, secret: Option<String>) -> Reply<Principal> {
    let secret = secret.ok_or_else(Error::unauthenticated)?;
    let who = app.service.authenticate(&secret).await?;
    who.may_ingest()?;
    Ok(who)
}

/// A failure as a gRPC status.
fn status(failure: &Failure) -> Status {
    failure.log("grpc");
    Status::new(code(failure.status()), failure.detail())
}

/// The gRPC code that says what an HTTP status says.
pub(crate) const fn code(status: StatusCode) -> Code {
    match status {
        StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::InvalidArgument,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::REQUEST_TIMEOUT => Code::DeadlineExceeded,
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND => Code::Unimplemented,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        _ => Code::Internal,
    }
}

struct Export {
    app: App,
    who: Principal,
    signal: Signal,
}

impl UnaryService<Bytes> for Export {
    type Response = Vec<u8>;
    type Future = BoxFuture<'static, Result<tonic::Response<Vec<u8>>, Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let (app, who, signal) = (self.app.clone(), self.who.clone(), self.signal);
        Box::pin(async move {
            let body = request.into_inner();
            let _held = app.bodies.take(body.len()).map_err(|failure| status(&failure))?;
            match otlp::take_in(&app, &who, "otlp_grpc", signal, Encoding::Protobuf, body).await {
                Ok(partial) => Ok(tonic::Response::new(partial.protobuf(signal))),
                Err(failure) => Err(status(&failure)),
            }
        })
    }
}

/// Messages as their bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

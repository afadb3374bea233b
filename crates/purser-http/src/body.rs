//! Reads a request's body within limits: size as sent, size unpacked, bytes held by all requests together.
//! Invariant: a gzip bomb is cut off at the limit; it never unpacks further.

use std::io::Read;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::config::Config;
use crate::failure::{Failure, Reply};
use crate::fields::Fields;

/// Memory is counted in pieces of this many bytes.
const PIECE: usize = 1 << 10;

/// The bytes that all requests together may hold.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / PIECE)))
    }

    /// Takes a share of the budget.
    pub(crate) fn take(&self, bytes: usize) -> Reply<OwnedSemaphorePermit> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        Arc::clone(&self.0).try_acquire_many_owned(pieces).map_err(|_| Failure::too_busy())
    }
}

/// What a body is, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// `application/x-ndjson`, `application/jsonl`
    Ndjson,
    /// `application/x-protobuf`
    Protobuf,
    /// `application/cloudevents+json`
    CloudEvent,
    /// `application/cloudevents-batch+json`
    CloudEventBatch,
}

impl Media {
    /// What a request says that its body is.
    pub(crate) fn of(headers: &HeaderMap) -> Reply<Self> {
        let given = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("not text"));
        let essence = given.and_then(|text| text.split(';').next()).map(|text| text.trim().to_ascii_lowercase());
        match essence.as_deref() {
            Some("application/json" | "text/json") => Ok(Self::Json),
            Some("application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines") => {
                Ok(Self::Ndjson)
            }
            Some("application/x-protobuf" | "application/protobuf") => Ok(Self::Protobuf),
            Some("application/cloudevents+json") => Ok(Self::CloudEvent),
            Some("application/cloudevents-batch+json") => Ok(Self::CloudEventBatch),
            Some(other) => Err(unsupported(format!("content type {other:?} is not spoken here"))),
            None => Err(unsupported("the request names no content type".to_owned())),
        }
    }
}

fn unsupported(detail: String) -> Failure {
    Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
}

/// A body that was read, with the share of the budget it occupies.
#[derive(Debug)]
pub(crate) struct Payload {
    /// The unpacked bytes.
    pub(crate) bytes: Bytes,
    /// What they are.
    pub(crate) media: Media,
    _held: Vec<OwnedSemaphorePermit>,
}

impl FromRequest<App> for Payload {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Reply<Self> {
        let config = &app.config;
        let (parts, body) = request.into_parts();
        let media = Media::of(&parts.headers)?;
        let packed = is_gzip(&parts.headers)?;
        let (raw, held) = read(&parts.headers, body, config, &app.bodies).await?;
        let mut held = vec![held];
        let bytes = if packed {
            let limit = config.unpacked_max;
            let budget = app.bodies.clone();
            let unpack = move || gunzip(&raw, limit, &budget);
            let (bytes, share) = off_reactor(true, unpack).await??;
            held = vec![share];
            bytes
        } else {
            raw
        };
        if media != Media::Protobuf && bytes.is_empty() {
            return Err(Failure::malformed("the body is empty"));
        }
        Ok(Self { bytes, media, _held: std::mem::take(&mut held) })
    }
}

/// No body, or an object without fields.
#[derive(Debug)]
pub(crate) struct NoBody;

impl FromRequest<App> for NoBody {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Reply<Self> {
        let (parts, body) = request.into_parts();
        let (bytes, _held) = read(&parts.headers, body, &app.config, &app.bodies).await?;
        if !bytes.trim_ascii().is_empty() {
            Fields::parse(&bytes)?.finish()?;
        }
        Ok(Self)
    }
}

impl Payload {
    /// Refuses media that the route does not take.
    pub(crate) fn expect(&self, taken: &[Media]) -> Reply<()> {
        if taken.contains(&self.media) {
            Ok(())
        } else {
            Err(unsupported(format!("this route does not take a {:?} body", self.media)))
        }
    }
}

/// Runs CPU-heavy work on a thread of its own if `heavy`.
pub(crate) async fn off_reactor<T: Send + 'static>(heavy: bool, work: impl FnOnce() -> T + Send + 'static) -> Reply<T> {
    if !heavy {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| purser_service::error::Error::internal(&error).into())
}

fn is_gzip(headers: &HeaderMap) -> Reply<bool> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("not text").trim());
    match encoding {
        None | Some("" | "identity") => Ok(false),
        Some(gzip) if gzip.eq_ignore_ascii_case("gzip") => Ok(true),
        Some(other) => Err(unsupported(format!("content encoding {other:?} is not spoken here; send gzip or none"))),
    }
}

async fn read(
    headers: &HeaderMap,
    body: Body,
    config: &Config,
    budget: &Budget,
) -> Reply<(Bytes, OwnedSemaphorePermit)> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    let too_large = || Failure::too_large(format!("the body is larger than {} bytes", config.body_max));
    if announced.is_some_and(|length| length > config.body_max) {
        return Err(too_large());
    }
    let mut held = budget.take(announced.unwrap_or(PIECE))?;
    let reading = async {
        let mut buffer = Vec::with_capacity(announced.unwrap_or_default().min(1 << 20));
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| Failure::malformed(format!("the body broke off: {error}")))?;
            if buffer.len() + chunk.len() > config.body_max {
                return Err(too_large());
            }
            if announced.is_none() {
                held.merge(budget.take(chunk.len())?);
            }
            buffer.extend_from_slice(&chunk);
        }
        Ok((Bytes::from(buffer), held))
    };
    tokio::time::timeout(config.body_timeout, reading).await.unwrap_or_else(|_| {
        Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", "the body did not arrive in time"))
    })
}

/// Unpacks gzip, stopping at `limit` bytes.
fn gunzip(packed: &[u8], limit: usize, budget: &Budget) -> Reply<(Bytes, OwnedSemaphorePermit)> {
    let mut reader = flate2::read::MultiGzDecoder::new(packed);
    let mut bytes = Vec::new();
    let mut held = budget.take(PIECE)?;
    let mut chunk = vec![0_u8; 64 << 10];
    loop {
        let count = reader.read(&mut chunk).map_err(|error| {
            Failure::new(StatusCode::BAD_REQUEST, "bad-gzip", format!("the body is not valid gzip: {error}"))
        })?;
        if count == 0 {
            return Ok((Bytes::from(bytes), held));
        }
        if bytes.len() + count > limit {
            return Err(Failure::too_large(format!("the body unpacks to more than {limit} bytes")));
        }
        held.merge(budget.take(count)?);
        bytes.extend_from_slice(&chunk[..count]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("a vector takes it");
        encoder.finish().expect("a vector takes it")
    }

    #[test]
    fn a_gzip_bomb_stops_at_the_limit() {
        let budget = Budget::new(16 << 20);
        let bomb = pack(&vec![0; 8 << 20]);
        assert!(bomb.len() < 20_000);
        let failure = gunzip(&bomb, 1 << 20, &budget).expect_err("eight times the limit");
        assert_eq!(failure.status(), StatusCode::PAYLOAD_TOO_LARGE);
        let (bytes, _held) = gunzip(&bomb, 8 << 20, &budget).expect("exactly the limit");
        assert_eq!(bytes.len(), 8 << 20);
    }

    #[test]
    fn bad_gzip_is_malformed() {
        let mut cut = pack(b"[1,2,3]");
        cut.truncate(cut.len() - 9);
        for bytes in [b"not gzip".to_vec(), cut] {
            let failure = gunzip(&bytes, 1 << 20, &Budget::new(1 << 20)).expect_err("no gzip");
            assert_eq!(failure.status(), StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn bodies_share_a_budget_of_memory() {
        let budget = Budget::new(100 << 10);
        let held = budget.take(90 << 10).expect("it fits");
        assert_eq!(budget.take(20 << 10).expect_err("too much").status(), StatusCode::TOO_MANY_REQUESTS);
        drop(held);
        assert!(budget.take(20 << 10).is_ok());
    }
}

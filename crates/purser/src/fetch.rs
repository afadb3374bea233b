//! Reads a file or an address, to a limit.
//! Invariant: never more than the limit is held in memory, whatever a server says of the length.

use std::time::Duration;

use crate::exit::{Exit, Failure};

/// How long a whole answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The bytes of a file or of what an `http://` or `https://` address answers, `max_bytes` at most.
///
/// # Errors
/// Exit 7 if it cannot be reached or read, 3 if it is larger.
pub(crate) async fn read(place: &str, max_bytes: u64) -> anyhow::Result<Vec<u8>> {
    let too_large = || Failure::with(Exit::Refused, format!("{place}: is larger than {max_bytes} bytes"));
    let unavailable = |error: String| Failure::with(Exit::Unavailable, format!("{place}: {error}"));
    if !place.starts_with("http://") && !place.starts_with("https://") {
        let size = tokio::fs::metadata(place).await.map_err(|error| unavailable(error.to_string()))?.len();
        if size > max_bytes {
            return Err(too_large());
        }
        return tokio::fs::read(place).await.map_err(|error| unavailable(error.to_string()));
    }
    let told = |error: reqwest::Error| unavailable(error.without_url().to_string());
    let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(told)?;
    let mut answer = client.get(place).send().await.and_then(reqwest::Response::error_for_status).map_err(told)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        if (bytes.len() + chunk.len()) as u64 > max_bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A server on loopback that gives one answer.
    async fn serve(answer: String) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await.expect("a request");
            stream.write_all(answer.as_bytes()).await.expect("an answer");
        });
        format!("http://{address}/prices.json")
    }

    fn answer(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn an_address_is_read_to_its_limit() {
        let place = serve(answer("200 OK", "0123456789")).await;
        assert_eq!(read(&place, 10).await.expect("ten bytes"), b"0123456789");
        let place = serve(answer("200 OK", "0123456789")).await;
        let message = read(&place, 9).await.expect_err("too large").to_string();
        assert!(message.ends_with("is larger than 9 bytes"), "{message}");
        let place = serve(answer("404 Not Found", "")).await;
        assert!(read(&place, 9).await.is_err());
    }

    #[tokio::test]
    async fn a_file_is_read_to_its_limit() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "0123456789").expect("a writable file");
        let place = file.path().to_str().expect("a name");
        assert_eq!(read(place, 10).await.expect("ten bytes"), b"0123456789");
        assert!(read(place, 9).await.is_err());
        assert!(read("/no/such/file", 9).await.is_err());
    }
}

//! Bodies that travel compressed, for APIs with a smallest size to be compressed.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use super::call::Response;
use super::fault::Fault;

/// Compresses an answer of at least `minimum` bytes in the way that the client likes best, unless it is encoded already.
pub(super) fn compress(response: &mut Response, minimum: Option<u32>, accepted: Option<&str>) {
    let Some(minimum) = minimum else { return };
    let encoded = response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let small = response.body.len() < usize::try_from(minimum).unwrap_or(usize::MAX);
    if encoded || small || response.body.is_empty() || response.stream.is_some() {
        return;
    }
    let done = match best(accepted.unwrap_or_default()) {
        Some("gzip") => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&response.body).and_then(|()| encoder.finish()).map(|bytes| ("gzip", bytes))
        }
        Some("deflate") => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&response.body).and_then(|()| encoder.finish()).map(|bytes| ("deflate", bytes))
        }
        _ => return,
    };
    // Writing into memory does not fail; if it did, the body would go out as it is.
    if let Ok((name, bytes)) = done {
        response.headers.push(("Content-Encoding".to_owned(), name.to_owned()));
        response.body = bytes.into();
    }
}

/// `gzip` or `deflate`, whichever has the higher weight in an `Accept-Encoding`, and the first of equals.
fn best(accepted: &str) -> Option<&str> {
    let mut found: Option<(&str, f32)> = None;
    for part in accepted.split(',') {
        let mut words = part.split(';').map(str::trim);
        let name = words.next().unwrap_or_default();
        let weight = words.find_map(|word| word.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        let known = ["gzip", "deflate"].into_iter().find(|known| name.eq_ignore_ascii_case(known));
        if let Some(known) = known
            && weight > 0.0
            && found.is_none_or(|(_, best)| weight > best)
        {
            found = Some((known, weight));
        }
    }
    found.map(|(name, _)| name)
}

/// The body of a request that came compressed; `None` when it did not.
pub(super) fn decompressed(
    encoding: Option<&str>,
    body: &[u8],
    limit: usize,
) -> Result<Option<Bytes>, Fault> {
    let mut plain = Vec::new();
    // One byte more than is allowed tells that there are too many.
    let most = limit as u64 + 1;
    let read = match encoding.map(str::trim) {
        Some("gzip" | "x-gzip") => MultiGzDecoder::new(body).take(most).read_to_end(&mut plain),
        Some("deflate") => ZlibDecoder::new(body).take(most).read_to_end(&mut plain),
        _ => return Ok(None),
    };
    match read {
        Ok(_) if plain.len() <= limit => Ok(Some(plain.into())),
        Ok(_) => Err(Fault::TooLarge),
        Err(_) => Err(Fault::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answer(body: &str) -> Response {
        Response { status: StatusCode::OK, headers: Vec::new(), body: body.to_owned().into(), stream: None }
    }

    #[test]
    fn what_is_large_enough_is_compressed_as_the_client_likes() {
        for (accepted, minimum, expected) in [
            (Some("gzip, deflate"), Some(3), Some("gzip")),
            (Some("gzip;q=0.5, deflate"), Some(3), Some("deflate")),
            (Some("br"), Some(3), None),
            (Some("gzip;q=0"), Some(3), None),
            (None, Some(3), None),
            (Some("gzip"), Some(4), None),
            (Some("gzip"), None, None),
        ] {
            let mut response = answer("abc");
            compress(&mut response, minimum, accepted);
            let encoding = response.headers.first().map(|(_, value)| value.as_str());
            assert_eq!(encoding, expected, "{accepted:?} {minimum:?}");
            if expected.is_some() {
                let plain = decompressed(expected, &response.body, 3).unwrap().unwrap();
                assert_eq!(plain, "abc");
                assert_eq!(decompressed(expected, &response.body, 2), Err(Fault::TooLarge));
            }
        }
        assert_eq!(decompressed(Some("gzip"), b"abc", 10), Err(Fault::Malformed));
        assert_eq!(decompressed(None, b"abc", 10), Ok(None));
    }
}

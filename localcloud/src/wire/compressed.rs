//! Bodies that come gzipped: PutMetricData may, and SDKs do so from some size on.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, header};

use super::Service;
use super::fault::Fault;

/// How large a body may become, bytes; of PutMetricData AWS takes 1 MB.
const MOST: u64 = 4 * 1024 * 1024;

/// The body as it was before it was packed, if it was.
pub(super) fn unpacked(service: Service, headers: &HeaderMap, payload: Bytes) -> Result<Bytes, Fault> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|_| service == Service::CloudWatch)
    else {
        return Ok(payload);
    };
    if encoding != "gzip" {
        let what =
            format!("bodies with the Content-Encoding {}", String::from_utf8_lossy(encoding.as_bytes()));
        return Err(Fault::not_offered(service.name(), &what));
    }
    let mut whole = Vec::new();
    match GzDecoder::new(&payload[..]).take(MOST + 1).read_to_end(&mut whole) {
        Ok(_) if whole.len() as u64 <= MOST => Ok(whole.into()),
        Ok(_) => Err(Fault::new(
            413,
            "RequestEntityTooLarge",
            format!("Request must be smaller than {MOST} bytes"),
        )),
        Err(_) => Err(Fault::new(400, "SerializationException", "The body is not gzip as its header says")),
    }
}

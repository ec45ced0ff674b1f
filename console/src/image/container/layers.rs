use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use sha2::Digest as _;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::super::config::LAYER;
use super::super::layer::Hashing;
use super::super::{Blob, Content};
use super::archive::unreadable;
use crate::domain::{Digest, Problem};

/// Lambda's limit for an image, uncompressed, all layers together.
pub(super) const LIMIT: u64 = 10 * 1024 * 1024 * 1024;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// What of a layer is known once it has been read.
pub(super) struct Packed {
    pub(super) blob: Blob,
    /// What it hashes to before it is compressed.
    pub(super) diff_id: Digest,
    /// Its size before it is compressed.
    pub(super) size: u64,
}

/// Writes a layer as it is sent into `file` of `folder`: compressed by us, always in the same way, unless it already is. At
/// most `room` bytes may be in it. Memory holds none of it.
pub(super) fn pack(
    layer: impl Read,
    room: u64,
    file: &str,
    folder: &Arc<TempDir>,
    stop: &CancellationToken,
) -> Result<Packed, Problem> {
    let path = folder.path().join(file);
    let mut layer = BufReader::new(Stoppable { layer, stop });
    let beginning = io::BufRead::fill_buf(&mut layer).map_err(unreadable)?;
    if beginning.starts_with(ZSTD) {
        return Err(Problem::new("a layer of the image is compressed with zstd")
            .because("Lambda takes layers that are compressed with gzip, and no others")
            .fix("build without `compression=zstd`, or on a base image that is compressed with gzip"));
    }
    let compressed = beginning.starts_with(GZIP);
    let out = create(&path)?;
    let written = if compressed { keep(layer, out, room) } else { compress(layer, out, room) };
    let (diff_id, size, digest, sent) = written.map_err(unreadable)?;
    if size > room {
        return Err(too_large());
    }
    let content = Content::File { path, folder: folder.clone() };
    Ok(Packed { blob: Blob { digest, media_type: LAYER.to_owned(), size: sent, content }, diff_id, size })
}

/// What is said of an image that Lambda does not take for its size.
pub(super) fn too_large() -> Problem {
    Problem::new("the image is larger than Lambda takes")
        .because(format!("its layers have more than {} GB before they are compressed", LIMIT >> 30))
        .fix("leave out what the service does not need: a multi-stage Dockerfile that copies the binary only")
}

/// Hash and size before compression, hash and size as sent.
type Written = (Digest, u64, Digest, u64);

fn compress(layer: impl Read, out: BufWriter<File>, room: u64) -> io::Result<Written> {
    let sent = Hashing::over(out);
    let mut plain = Hashing::over(GzBuilder::new().mtime(0).write(sent, Compression::new(6)));
    // One more than there is room for tells that there is more.
    let size = io::copy(&mut layer.take(room.saturating_add(1)), &mut plain)?;
    let diff_id = Digest::of_hash(&plain.hash.finalize());
    let (digest, sent) = finish(plain.inner.finish()?)?;
    Ok((diff_id, size, digest, sent))
}

/// Keeps a layer as it is, and looks into it all the same: for its size, and because its hash is in the configuration.
fn keep(layer: impl Read, out: BufWriter<File>, room: u64) -> io::Result<Written> {
    let mut plain = Hashing::over(io::sink());
    let mut copied = Copied { layer, sent: Hashing::over(out) };
    let size = io::copy(&mut MultiGzDecoder::new(&mut copied).take(room.saturating_add(1)), &mut plain)?;
    // What may come after the compressed data belongs to the blob.
    io::copy(&mut copied, &mut io::sink())?;
    let (digest, sent) = finish(copied.sent)?;
    Ok((Digest::of_hash(&plain.hash.finalize()), size, digest, sent))
}

fn create(path: &Path) -> Result<BufWriter<File>, Problem> {
    File::create_new(path).map(BufWriter::new).map_err(|error| {
        Problem::new(format!("the layer {} cannot be written", path.display()))
            .because(error)
            .fix("make room there, or set TMPDIR to another folder")
    })
}

fn finish(sent: Hashing<BufWriter<File>>) -> io::Result<(Digest, u64)> {
    let digest = Digest::of_hash(&sent.hash.finalize());
    let file = sent.inner.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((digest, file.metadata()?.len()))
}

/// Writes down what is read through it.
struct Copied<R> {
    layer: R,
    sent: Hashing<BufWriter<File>>,
}

impl<R: Read> Read for Copied<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.layer.read(buffer)?;
        self.sent.write_all(&buffer[..read])?;
        Ok(read)
    }
}

/// Ends with an error once nobody waits for the image any more.
struct Stoppable<'a, R> {
    layer: R,
    stop: &'a CancellationToken,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() { Err(io::Error::other("stopped")) } else { self.layer.read(buffer) }
    }
}

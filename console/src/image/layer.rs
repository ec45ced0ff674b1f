use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use super::Blob;
use super::config::LAYER;
use crate::domain::Digest;

/// Where the service's binary lies in the image.
pub(super) const BOOTSTRAP: &str = "/var/task/bootstrap";
/// Where the authorities lie: where most TLS libraries look first.
pub(super) const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

const PASSWD: &str = "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnobody:x:65534:\n";
/// Without it, glibc's resolver in a static binary would not ask DNS.
const NSSWITCH: &str = "passwd: files\ngroup: files\nhosts: files dns\n";

/// A layer: what is sent, and what its tar hashes to before it is compressed.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) blob: Blob,
    pub(super) diff_id: Digest,
}

/// What every service needs from its system: Mozilla's authorities, a `/tmp`, names for users, and the way to DNS.
///
/// The authorities come from `webpki-root-certs` and never from the host, whose bundle may hold private ones.
pub(super) fn base() -> io::Result<Layer> {
    compress(|tar| {
        for path in ["etc/", "etc/ssl/", "etc/ssl/certs/"] {
            folder(tar, path, 0o755)?;
        }
        file(tar, &AUTHORITIES[1..], 0o644, authorities().as_bytes())?;
        file(tar, "etc/group", 0o644, GROUP.as_bytes())?;
        file(tar, "etc/nsswitch.conf", 0o644, NSSWITCH.as_bytes())?;
        file(tar, "etc/passwd", 0o644, PASSWD.as_bytes())?;
        folder(tar, "tmp/", 0o1777)
    })
}

/// The service itself.
pub(super) fn app(binary: &[u8]) -> io::Result<Layer> {
    compress(|tar| {
        folder(tar, "var/", 0o755)?;
        folder(tar, "var/task/", 0o755)?;
        file(tar, &BOOTSTRAP[1..], 0o755, binary)
    })
}

/// Writes a tar and compresses it, reckoning both digests on the way. gzip, because Lambda takes no zstd.
fn compress(fill: impl FnOnce(&mut Builder<&mut dyn Write>) -> io::Result<()>) -> io::Result<Layer> {
    let mut gzip = Hashing::over(GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6)));
    let mut tar = Builder::new(&mut gzip as &mut dyn Write);
    fill(&mut tar)?;
    tar.finish()?;
    drop(tar);
    let diff_id = Digest::of_hash(&gzip.hash.finalize());
    let bytes = gzip.inner.finish()?;
    Ok(Layer { blob: Blob::of(bytes, LAYER), diff_id })
}

fn folder(tar: &mut Builder<&mut dyn Write>, path: &str, mode: u32) -> io::Result<()> {
    entry(tar, path, EntryType::Directory, mode, &[])
}

fn file(tar: &mut Builder<&mut dyn Write>, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
    entry(tar, path, EntryType::Regular, mode, content)
}

/// One entry with nothing in it that depends on when, where or by whom it is written.
fn entry(
    tar: &mut Builder<&mut dyn Write>,
    path: &str,
    kind: EntryType,
    mode: u32,
    content: &[u8],
) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path, content)
}

/// The authorities as PEM.
fn authorities() -> String {
    let mut pem = String::new();
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut text = STANDARD.encode(der).into_bytes();
        text = text.chunks(64).flat_map(|line| [line, b"\n"]).flatten().copied().collect();
        pem.push_str(&String::from_utf8_lossy(&text));
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}

/// Hashes what is written through it.
pub(super) struct Hashing<W> {
    pub(super) inner: W,
    pub(super) hash: Sha256,
}

impl<W> Hashing<W> {
    pub(super) fn over(inner: W) -> Hashing<W> {
        Hashing { inner, hash: Sha256::new() }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::super::Content;
    use super::*;

    #[test]
    fn a_layer_unpacks_to_what_went_in_with_nothing_of_this_machine_in_it() {
        let layer = app(b"the binary").expect("a layer");
        let Content::Memory(content) = &layer.blob.content else { panic!("it is in a file") };
        let mut plain = Vec::new();
        GzDecoder::new(&content[..]).read_to_end(&mut plain).expect("gzip");
        assert_eq!(Digest::of(&plain), layer.diff_id);
        let mut archive = tar::Archive::new(&plain[..]);
        let mut seen = Vec::new();
        for entry in archive.entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            let header = entry.header().clone();
            assert!(header.as_ustar().is_some());
            assert_eq!(header.mtime().expect("a time"), 0);
            assert_eq!((header.uid().expect("a uid"), header.gid().expect("a gid")), (0, 0));
            let path = entry.path().expect("a path").display().to_string();
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("content");
            seen.push((path, header.mode().expect("a mode"), content));
        }
        assert_eq!(
            seen,
            [
                ("var/".to_owned(), 0o755, String::new()),
                ("var/task/".to_owned(), 0o755, String::new()),
                ("var/task/bootstrap".to_owned(), 0o755, "the binary".to_owned()),
            ]
        );
    }

    #[test]
    fn the_authorities_are_readable_certificates() {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject;
        let pem = authorities();
        let read =
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>().expect("PEM");
        assert_eq!(read, webpki_root_certs::TLS_SERVER_ROOT_CERTS);
    }
}

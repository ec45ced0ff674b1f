//! Image layers: whatever they hold, nothing outside of the folder is there or changed afterwards, and no link leads out.

#![no_main]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use arbitrary::Arbitrary;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use localcloud::fuzzing::unpack;
use tar::{Builder, EntryType, Header};

#[derive(Debug, Arbitrary)]
enum Layer<'a> {
    /// A tar of these entries.
    Entries(Vec<Entry<'a>>),
    /// What is no tar, most likely.
    Tar(&'a [u8]),
    /// Not even gzip.
    Bytes(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
struct Entry<'a> {
    kind: u8,
    /// Words of a path, so that one entry meets the other.
    path: Vec<Word>,
    link: Vec<Word>,
    raw_path: Option<&'a [u8]>,
    mode: u32,
    content: &'a [u8],
}

#[derive(Debug, Arbitrary)]
enum Word {
    A,
    B,
    Up,
    Here,
    Root,
    Whiteout,
    Opaque,
    Long,
}

fn path(words: &[Word]) -> Vec<u8> {
    let name = |word: &Word| match word {
        Word::A => "a",
        Word::B => "b",
        Word::Up => "..",
        Word::Here => ".",
        Word::Root => "",
        Word::Whiteout => ".wh.a",
        Word::Opaque => ".wh..wh..opq",
        Word::Long => "a-name-that-is-so-long-that-three-of-it-do-not-fit-into-the-head",
    };
    words.iter().map(name).collect::<Vec<_>>().join("/").into_bytes()
}

const KINDS: [EntryType; 12] = [
    EntryType::Regular,
    EntryType::Directory,
    EntryType::Symlink,
    EntryType::Link,
    EntryType::Char,
    EntryType::Block,
    EntryType::Fifo,
    EntryType::GNULongName,
    EntryType::GNULongLink,
    EntryType::GNUSparse,
    EntryType::XHeader,
    EntryType::XGlobalHeader,
];

fn tar(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(KINDS[usize::from(entry.kind) % KINDS.len()]);
        header.set_mode(entry.mode);
        header.set_size(entry.content.len() as u64);
        // As bytes: the crate's own setters refuse what this is about.
        let name = entry.raw_path.map_or_else(|| path(&entry.path), <[u8]>::to_vec);
        let link = path(&entry.link);
        let old = header.as_old_mut();
        for (field, value) in [(&mut old.name, name), (&mut old.linkname, link)] {
            let length = value.len().min(field.len());
            field[..length].copy_from_slice(&value[..length]);
        }
        header.set_cksum();
        tar.append(&header, entry.content).unwrap();
    }
    tar.into_inner().unwrap()
}

fuzz_target!(|layers: Vec<Layer<'_>>| {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    fs::write(dir.path().join("outside"), "safe").unwrap();
    let mut files: Vec<PathBuf> = Vec::new();
    for (number, layer) in layers.iter().take(3).enumerate() {
        let file = dir.path().join(format!("layer{number}"));
        match layer {
            Layer::Bytes(bytes) => fs::write(&file, bytes).unwrap(),
            Layer::Tar(bytes) => gzip(&file, bytes),
            Layer::Entries(entries) => gzip(&file, &tar(entries)),
        }
        files.push(file);
    }
    let before: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    // What is wrong with a layer is no fault of the program's.
    let _ = unpack(&files, &root);
    assert_eq!(fs::read(dir.path().join("outside")).unwrap(), b"safe");
    let after: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert_eq!(before, after);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2 + files.len());
    inside(&root.canonicalize().unwrap(), &root);
});

fn gzip(file: &Path, bytes: &[u8]) {
    let mut gzip = GzEncoder::new(File::create(file).unwrap(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap();
}

/// Whether all below `folder` is of a harmless kind, and no link leads out of `root`.
fn inside(root: &Path, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (kind, place) = (entry.file_type().unwrap(), entry.path());
        assert!(!kind.is_fifo() && !kind.is_socket() && !kind.is_block_device() && !kind.is_char_device());
        if kind.is_dir() {
            inside(root, &place);
        } else if kind.is_symlink() {
            // One that leads nowhere leads nowhere else.
            if let Ok(target) = place.canonicalize() {
                assert!(target.starts_with(root), "{} leads to {}", place.display(), target.display());
            }
        }
    }
}

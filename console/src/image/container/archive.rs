use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tar::EntryType;

use crate::domain::{Problem, one_line};

/// How much a JSON document of an archive may have: real ones have a few kilobytes.
const DOCUMENT: u64 = 8 * 1024 * 1024;

/// How many links one after the other are followed: `docker save` writes one, from a layer to the same layer elsewhere.
const LINKS: usize = 4;

/// What is in a tar of the kind that `docker save` writes. Names are only ever looked up: nothing is unpacked by name.
pub(super) struct Contents {
    path: PathBuf,
    entries: HashMap<String, Entry>,
}

/// Where something lies in the tar.
enum Entry {
    File { offset: u64, size: u64 },
    Link(String),
}

/// One image of the archive, in the words of its `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    pub(super) config: String,
    #[serde(default)]
    pub(super) layers: Vec<String>,
}

impl Contents {
    /// Reads the headers of an archive.
    pub(super) fn of(path: &Path) -> Result<Contents, Problem> {
        let mut contents = Contents { path: path.to_owned(), entries: HashMap::new() };
        contents.index().map_err(unreadable)?;
        Ok(contents)
    }

    fn index(&mut self) -> io::Result<()> {
        let file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let mut tar = tar::Archive::new(file);
        for entry in tar.entries_with_seek()? {
            let entry = entry?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
            let found = match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => {
                    let (offset, size) = (entry.raw_file_position(), entry.size());
                    if offset.saturating_add(size) > length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    Entry::File { offset, size }
                }
                EntryType::Symlink => {
                    let to = entry.link_name_bytes().unwrap_or_default();
                    Entry::Link(beside(&name, &String::from_utf8_lossy(&to)))
                }
                EntryType::Link => {
                    let to = entry.link_name_bytes().unwrap_or_default();
                    Entry::Link(String::from_utf8_lossy(&to).into_owned())
                }
                _ => continue,
            };
            if self.entries.insert(name.clone(), found).is_some() {
                let name = one_line(&name, 100);
                return Err(io::Error::other(format!("{name} is in it twice")));
            }
        }
        Ok(())
    }

    /// The one image that is in the archive.
    pub(super) fn image(&self) -> Result<Listed, Problem> {
        let mut images: Vec<Listed> = self.json("manifest.json")?;
        match images.len() {
            1 => Ok(images.remove(0)),
            0 => Err(Problem::new("the container tool's archive holds no image").fix("build again")),
            several => Err(Problem::new(format!("the container tool's archive holds {several} images"))
                .because("Lambda runs one image of one architecture, and no index of several")
                .fix("build for one platform and without attestations (--provenance=false --sbom=false)")),
        }
    }

    /// A JSON document of the archive.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, Problem> {
        let bytes = self.document(name)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| unreadable(io::Error::other(format!("{}: {error}", one_line(name, 100)))))
    }

    /// A small file of the archive, whole.
    pub(super) fn document(&self, name: &str) -> Result<Vec<u8>, Problem> {
        let (reader, size) = self.file(name)?;
        if size > DOCUMENT {
            let name = one_line(name, 100);
            return Err(unreadable(io::Error::other(format!("{name} has {size} bytes"))));
        }
        let mut bytes = Vec::new();
        let mut reader = reader;
        reader.read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// A file of the archive, and its size.
    pub(super) fn file(&self, name: &str) -> Result<(Take<File>, u64), Problem> {
        let mut wanted = name;
        for _ in 0..LINKS {
            match self.entries.get(wanted) {
                Some(Entry::Link(to)) => wanted = to,
                Some(Entry::File { offset, size }) => {
                    let mut file = File::open(&self.path).map_err(unreadable)?;
                    file.seek(SeekFrom::Start(*offset)).map_err(unreadable)?;
                    return Ok((file.take(*size), *size));
                }
                None => break,
            }
        }
        Err(unreadable(io::Error::other(format!("{} is not in it", one_line(name, 100)))))
    }
}

/// What a symbolic link beside `name` points at, within the archive.
fn beside(name: &str, to: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What is said of an archive that is no whole archive.
pub(super) fn unreadable(error: io::Error) -> Problem {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends in the middle".to_owned(),
        _ => one_line(&error.to_string(), 300),
    };
    Problem::new("the container tool's archive cannot be read")
        .because(why)
        .fix("look whether the disk is full, and deploy again; another tool (`tool` in callboard.toml) writes its own")
}

//! An image's layers, unpacked into a folder that nothing in them can lead out of.
//!
//! Every path is resolved inside the folder as if the folder were `/`, so a link in an earlier layer cannot redirect a
//! later one. What can neither be resolved nor be meant well is refused: `..`, devices, links that climb out.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

/// Bytes of all layers together once unpacked: Lambda's own limit.
const MAX_BYTES: u64 = 10 * 1024 * 1024 * 1024;
/// Entries of all layers together.
const MAX_ENTRIES: usize = 500_000;
/// Links that one path may pass, as Linux.
const MAX_LINKS: usize = 40;
/// Folders above a file, links on the way resolved. The deepest images that are known have some fifty.
const MAX_DEPTH: usize = 256;
/// Bytes that describe one entry: its heads and long names, which are read into memory.
const MAX_DESCRIPTION: u64 = 1024 * 1024;

const TOO_LARGE: &str = "the image has more than 10 GB once unpacked";

/// Why a layer cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackProblem {
    /// The layer holds what no image should.
    #[error("{path}: {reason}")]
    Refused {
        /// The entry, as the layer names it.
        path: String,
        /// A clause.
        reason: &'static str,
    },
    /// The layer cannot be read, or the disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What may still be unpacked.
struct Left {
    bytes: Cell<u64>,
    /// Of what describes the next entry; `None` while an entry's content is read.
    description: Cell<Option<u64>>,
    entries: Cell<usize>,
}

/// Unpacks the layers (files of gzipped tar) into the folder `root`, the lowest first.
pub(super) fn unpack(layers: &[PathBuf], root: &Path) -> Result<(), UnpackProblem> {
    unpack_within(layers, root, MAX_BYTES, MAX_ENTRIES)
}

fn unpack_within(layers: &[PathBuf], root: &Path, bytes: u64, entries: usize) -> Result<(), UnpackProblem> {
    let left = Left { bytes: Cell::new(bytes), description: Cell::new(None), entries: Cell::new(entries) };
    for layer in layers {
        let tar = Bounded { inner: MultiGzDecoder::new(File::open(layer)?), left: &left };
        let mut written = BTreeSet::new();
        let mut archive = Archive::new(tar);
        let mut all = archive.entries()?;
        loop {
            left.description.set(Some(MAX_DESCRIPTION));
            let Some(entry) = all.next() else { break };
            let mut entry = entry?;
            left.description.set(None);
            let entries = left.entries.get().checked_sub(1);
            left.entries.set(entries.ok_or_else(|| refused(&entry, "there are too many entries"))?);
            unpack_entry(&mut entry, root, &left, &mut written)?;
            // What nobody has read of it does not describe the next one.
            io::copy(&mut entry, &mut io::sink())?;
        }
    }
    Ok(())
}

/// The place of `path` below `root`, with every link on the way resolved as if `root` were `/`; of the last
/// component only if `follow_last`. The place need not exist.
pub(super) fn resolve(root: &Path, path: &Path, follow_last: bool) -> io::Result<PathBuf> {
    let reversed = |path: &Path| -> Vec<OsString> {
        let names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            _ => None,
        });
        let mut names: Vec<OsString> = names.collect();
        names.reverse();
        names
    };
    let mut left = reversed(path);
    let mut place = PathBuf::new();
    let mut links = 0;
    while let Some(name) = left.pop() {
        if name == ".." {
            place.pop();
            continue;
        }
        place.push(&name);
        if left.is_empty() && !follow_last {
            break;
        }
        let here = root.join(&place);
        if here.is_symlink() {
            links += 1;
            if links > MAX_LINKS {
                return Err(io::Error::other("too many symbolic links"));
            }
            let target = fs::read_link(here)?;
            if target.is_absolute() {
                place.clear();
            } else {
                place.pop();
            }
            left.extend(reversed(&target));
        }
    }
    Ok(root.join(place))
}

fn unpack_entry(
    entry: &mut Entry<'_, impl Read>,
    root: &Path,
    left: &Left,
    written: &mut BTreeSet<PathBuf>,
) -> Result<(), UnpackProblem> {
    let kind = entry.header().entry_type();
    if matches!(kind, EntryType::XGlobalHeader | EntryType::XHeader) {
        return Ok(());
    }
    let Some((parent, name)) = place_of(entry)? else { return Ok(()) };
    let parent = resolve(root, &parent, true)?;
    let depth = parent.strip_prefix(root).map_or(0, |below| below.components().count());
    if depth > MAX_DEPTH {
        return Err(refused(entry, "it lies too deep"));
    }
    fs::create_dir_all(&parent)?;
    if let Some(hidden) = name.as_bytes().strip_prefix(b".wh.") {
        return match hidden {
            b".wh..opq" => hide_lower(&parent, written),
            b"" | b"." | b".." => Err(refused(entry, "this whiteout names nothing")),
            hidden => Ok(remove(&parent.join(OsStr::from_bytes(hidden)))?),
        };
    }
    let place = parent.join(&name);
    let mode = entry.header().mode()? & 0o777;
    match kind {
        EntryType::Directory => {
            if !fs::symlink_metadata(&place).is_ok_and(|found| found.is_dir()) {
                remove(&place)?;
                fs::create_dir(&place)?;
            }
            fs::set_permissions(&place, Permissions::from_mode(mode | 0o700))?;
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            remove(&place)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&place)?;
            copy(entry, &mut file, kind, left)?;
            file.set_permissions(Permissions::from_mode(mode | 0o600))?;
        }
        EntryType::Symlink => {
            let target = link_target(entry)?;
            let target = inside(&target, depth).ok_or_else(|| refused(entry, "it links out of the image"))?;
            remove(&place)?;
            symlink(target, &place)?;
        }
        EntryType::Link => {
            let target = link_target(entry)?;
            let target = resolve(root, &target, false)?;
            if !fs::symlink_metadata(&target).is_ok_and(|found| found.is_file()) {
                return Err(refused(entry, "it is a hard link to what is no file of the image"));
            }
            if target != place {
                remove(&place)?;
                fs::hard_link(target, &place)?;
            }
        }
        EntryType::Block | EntryType::Char => return Err(refused(entry, "it is a device")),
        EntryType::Fifo => return Err(refused(entry, "it is a named pipe")),
        _ => return Err(refused(entry, "its type is unknown")),
    }
    written.insert(place);
    Ok(())
}

/// Folder and name of an entry, both relative to the root; `None` for the root itself.
fn place_of(entry: &Entry<'_, impl Read>) -> Result<Option<(PathBuf, OsString)>, UnpackProblem> {
    let path = PathBuf::from(OsString::from_vec(entry.path_bytes().into_owned()));
    let mut parent = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) if name.as_bytes().contains(&0) => {
                return Err(refused(entry, "its name holds a NUL"));
            }
            Component::Normal(name) => parent.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(refused(entry, "its path leads out of the image"));
            }
        }
    }
    let Some(name) = parent.file_name().map(OsStr::to_owned) else { return Ok(None) };
    parent.pop();
    Ok(Some((parent, name)))
}

fn link_target(entry: &Entry<'_, impl Read>) -> Result<PathBuf, UnpackProblem> {
    match entry.link_name_bytes() {
        Some(target) if !target.is_empty() => Ok(PathBuf::from(OsString::from_vec(target.into_owned()))),
        _ => Err(refused(entry, "it is a link to nothing")),
    }
}

/// A link's target, made relative if it was absolute, because the process that follows it does not have the image as
/// its root. `None` if it climbs out of the image. `depth` is the number of folders above the link.
fn inside(target: &Path, depth: usize) -> Option<PathBuf> {
    let (mut height, mut relative) = (depth, PathBuf::new());
    if target.is_absolute() {
        height = 0;
        relative.extend(std::iter::repeat_n("..", depth));
    }
    for component in target.components() {
        match component {
            Component::Normal(name) => {
                height += 1;
                relative.push(name);
            }
            Component::ParentDir => {
                height = height.checked_sub(1)?;
                relative.push("..");
            }
            _ => {}
        }
    }
    Some(if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative })
}

/// Writes a file's content. The holes of a sparse one are not in the layer, and fill a disk all the same.
fn copy(
    entry: &mut Entry<'_, impl Read>,
    file: &mut File,
    kind: EntryType,
    left: &Left,
) -> Result<(), UnpackProblem> {
    if kind != EntryType::GNUSparse {
        io::copy(entry, file)?;
        return Ok(());
    }
    let most = left.bytes.get();
    let copied = io::copy(&mut entry.by_ref().take(most.saturating_add(1)), file)?;
    let rest = most.checked_sub(copied).ok_or_else(|| refused(entry, TOO_LARGE))?;
    left.bytes.set(rest.min(left.bytes.get()));
    Ok(())
}

/// Removes what lower layers put into a folder; what this layer put there stays.
fn hide_lower(folder: &Path, written: &BTreeSet<PathBuf>) -> Result<(), UnpackProblem> {
    for child in fs::read_dir(folder)? {
        let child = child?.path();
        // Paths sort by component: what lies below comes right behind.
        if !written.range(child.clone()..).next().is_some_and(|path| path.starts_with(&child)) {
            remove(&child)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn refused(entry: &Entry<'_, impl Read>, reason: &'static str) -> UnpackProblem {
    UnpackProblem::Refused {
        path: String::from_utf8_lossy(&entry.path_bytes()).escape_default().to_string(),
        reason,
    }
}

/// Fails once more bytes came out than an image may have, or one entry's description: a small layer can hold a very
/// large one.
struct Bounded<'a, R> {
    inner: R,
    left: &'a Left,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = self.left.bytes.get().checked_sub(read as u64);
        self.left.bytes.set(bytes.ok_or_else(|| io::Error::other(TOO_LARGE))?);
        if let Some(description) = self.left.description.get() {
            let rest = description.checked_sub(read as u64);
            let too_long = || io::Error::other("an entry's name or description is too long");
            self.left.description.set(Some(rest.ok_or_else(too_long)?));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;

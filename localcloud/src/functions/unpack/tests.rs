use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::*;

struct Layer(Builder<Vec<u8>>);

impl Layer {
    fn new() -> Layer {
        Layer(Builder::new(Vec::new()))
    }

    fn add(mut self, kind: EntryType, path: &str, link: &str, content: &[u8]) -> Layer {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o4755);
        header.set_size(content.len() as u64);
        // Written as bytes: the crate's own setters refuse what these tests are about.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn file(self, path: &str, content: &str) -> Layer {
        self.add(EntryType::Regular, path, "", content.as_bytes())
    }

    fn dir(self, path: &str) -> Layer {
        self.add(EntryType::Directory, path, "", b"")
    }

    fn link(self, path: &str, target: &str) -> Layer {
        self.add(EntryType::Symlink, path, target, b"")
    }
}

/// Unpacks into `<dir>/root`; beside it lies `<dir>/outside`, which no layer may touch.
fn unpack_all(layers: Vec<Layer>) -> (tempfile::TempDir, Result<(), UnpackProblem>) {
    unpack_bounded(layers, MAX_BYTES, MAX_ENTRIES)
}

fn unpack_bounded(
    layers: Vec<Layer>,
    bytes: u64,
    entries: usize,
) -> (tempfile::TempDir, Result<(), UnpackProblem>) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    fs::write(dir.path().join("outside"), "safe").unwrap();
    let files = layers.into_iter().enumerate().map(|(index, layer)| {
        let path = dir.path().join(format!("layer{index}"));
        let mut gzip = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
        gzip.write_all(&layer.0.into_inner().unwrap()).unwrap();
        gzip.finish().unwrap();
        path
    });
    let files: Vec<PathBuf> = files.collect();
    let result = unpack_within(&files, &root, bytes, entries);
    assert_eq!(fs::read_to_string(dir.path().join("outside")).unwrap(), "safe");
    (dir, result)
}

#[test]
fn layers_lie_over_one_another() {
    let (dir, result) = unpack_all(vec![
        Layer::new().dir("a/").file("a/kept", "1").file("a/gone", "2").file("b/lower", "3").file("c", "old"),
        Layer::new()
            .file("a/.wh.gone", "")
            .file("b/upper", "4")
            .file("b/.wh..wh..opq", "")
            .file("/./c", "new"),
    ]);
    result.unwrap();
    let root = dir.path().join("root");
    assert!(root.join("a/kept").exists() && !root.join("a/gone").exists());
    assert!(root.join("b/upper").exists() && !root.join("b/lower").exists());
    assert_eq!(fs::read_to_string(root.join("c")).unwrap(), "new");
    assert_eq!(fs::metadata(root.join("c")).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn links_stay_inside() {
    let (dir, result) = unpack_all(vec![
        Layer::new()
            .dir("usr/lib")
            .link("lib", "/usr/lib")
            .file("lib/x", "through the link")
            .link("deep/er/link", "/usr/lib/x")
            .add(EntryType::Link, "hard", "usr/lib/x", b""),
    ]);
    result.unwrap();
    let root = dir.path().join("root");
    assert_eq!(fs::read_link(root.join("deep/er/link")).unwrap(), Path::new("../../usr/lib/x"));
    for name in ["usr/lib/x", "deep/er/link", "hard"] {
        assert_eq!(fs::read_to_string(root.join(name)).unwrap(), "through the link");
    }
    assert_eq!(resolve(&root, Path::new("/lib/../../../x"), true).unwrap(), root.join("x"));
}

#[test]
fn nothing_leads_out() {
    let bad = [
        Layer::new().file("../outside", "x"),
        Layer::new().file("a/../../outside", "x"),
        Layer::new().link("a", "../outside"),
        Layer::new().link("a/b", "../../outside"),
        Layer::new().link("a", "/../outside"),
        Layer::new().add(EntryType::Link, "a", "/etc/hostname", b""),
        Layer::new().add(EntryType::Link, "a", "../outside", b""),
        Layer::new().add(EntryType::Char, "null", "", b""),
        Layer::new().add(EntryType::Block, "sda", "", b""),
        Layer::new().add(EntryType::Fifo, "pipe", "", b""),
        Layer::new().file(".wh...", ""),
    ];
    for (index, layer) in bad.into_iter().enumerate() {
        let (_dir, result) = unpack_all(vec![layer]);
        assert!(matches!(result, Err(UnpackProblem::Refused { .. })), "{index}: {result:?}");
    }
}

#[test]
fn a_link_that_turns_round_is_an_error() {
    let (_dir, result) = unpack_all(vec![Layer::new().link("a", "b").link("b", "a").file("a/x", "")]);
    assert!(matches!(result, Err(UnpackProblem::Io(_))), "{result:?}");
}

/// The sentence of a refusal.
fn refusal(result: Result<(), UnpackProblem>) -> String {
    result.expect_err("it is refused").to_string()
}

#[test]
fn a_bomb_does_not_go_off() {
    let million = vec![0; 1_000_000];
    let large = || Layer::new().add(EntryType::Regular, "zeros", "", &million);
    let (_dir, result) = unpack_bounded(vec![large(), large()], 1_500_000, 100);
    assert_eq!(refusal(result), "the image has more than 10 GB once unpacked");
    let (_dir, result) = unpack_bounded(vec![large(), Layer::new().file("a", "")], 1_500_000, 2);
    result.unwrap();
    let (_dir, result) =
        unpack_bounded(vec![large(), Layer::new().file("a", "").file("b", "")], 1_500_000, 2);
    assert_eq!(refusal(result), "b: there are too many entries");
    // Names are read into memory, so they have a bound of their own.
    for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
        let layer = Layer::new().add(kind, "long", "", &vec![b'a'; 2_000_000]).file("a", "");
        let (_dir, result) = unpack_all(vec![layer]);
        assert_eq!(refusal(result), "an entry's name or description is too long", "{kind:?}");
    }
    // What lies behind a link's head does not count as the next one's.
    let (dir, result) =
        unpack_all(vec![Layer::new().add(EntryType::Symlink, "l", "a", &vec![0; 2_000_000]).file("a", "x")]);
    result.unwrap();
    assert_eq!(fs::read(dir.path().join("root/l")).unwrap(), b"x");
}

#[test]
fn a_hole_counts_as_what_it_takes_on_a_disk() {
    let sparse = |size: u64| {
        let mut header = Header::new_gnu();
        header.set_path("holes").unwrap();
        header.set_entry_type(EntryType::GNUSparse);
        header.set_mode(0o644);
        header.set_size(0);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.set_real_size(size);
        gnu.sparse[0].set_offset(size);
        gnu.sparse[0].set_length(0);
        header.set_cksum();
        let mut layer = Layer::new();
        layer.0.append(&header, &b""[..]).unwrap();
        layer
    };
    let (dir, result) = unpack_bounded(vec![sparse(50_000)], 100_000, 10);
    result.unwrap();
    assert_eq!(fs::metadata(dir.path().join("root/holes")).unwrap().len(), 50_000);
    let (_dir, result) = unpack_bounded(vec![sparse(1 << 60)], 100_000, 10);
    assert_eq!(refusal(result), "holes: the image has more than 10 GB once unpacked");
}

#[test]
fn depth_is_bounded_through_links_too() {
    let deep = |above: usize| "d/".repeat(above) + "file";
    let layer = |path: &str| {
        let mut tar = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(0);
        tar.append_data(&mut header, path, &b""[..]).unwrap();
        Layer(tar)
    };
    unpack_all(vec![layer(&deep(MAX_DEPTH))]).1.unwrap();
    let (_dir, result) = unpack_all(vec![layer(&deep(MAX_DEPTH + 1))]);
    assert!(refusal(result).ends_with(": it lies too deep"));
    let down = "d/".repeat(40);
    let (_dir, result) =
        unpack_all(vec![Layer::new().link("down", &down), layer(&("down/".to_owned() + &deep(230)))]);
    assert!(refusal(result).ends_with(": it lies too deep"));
}

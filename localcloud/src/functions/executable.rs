//! Whether a file can be started on this machine: a script, or an ELF program of the right architecture; without the
//! image's own root only a static one of those.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use elf::ElfStream;
use elf::abi::{EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, PT_INTERP};
use elf::endian::AnyEndian;

/// `Err` is a clause that follows the file's name, such as "is a script …". `refusal` is why it would not have the
/// image as its root.
pub(super) fn check(path: &Path, architecture: &str, refusal: Option<&str>) -> Result<(), String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("cannot be read: {error}");
    let mut file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut start = Vec::new();
    file.by_ref().take(256).read_to_end(&mut start).map_err(|error| unreadable(&error))?;
    if start.starts_with(b"#!") {
        let Some(refusal) = refusal else { return Ok(()) };
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Err(format!(
            "is a script ({}): its interpreter would be this machine's, not the image's. {refusal} Without, the local \
             cloud runs static programs only.",
            String::from_utf8_lossy(line).escape_default()
        ));
    }
    let mut program = ElfStream::<AnyEndian, _>::open_stream(&mut file)
        .map_err(|error| format!("is not an ELF program: {error}"))?;
    let wanted = match architecture {
        "arm64" => EM_AARCH64,
        _ => EM_X86_64,
    };
    if program.ehdr.e_machine != wanted {
        return Err(format!(
            "is built for {}, not for {architecture}.",
            elf::to_str::e_machine_to_human_str(program.ehdr.e_machine).unwrap_or("another machine")
        ));
    }
    if !matches!(program.ehdr.e_type, ET_EXEC | ET_DYN) {
        return Err("is an ELF file, but not a program.".to_owned());
    }
    let interpreter = program.segments().iter().find(|segment| segment.p_type == PT_INTERP).copied();
    if let (Some(interpreter), Some(refusal)) = (interpreter, refusal) {
        let name = program.segment_data(&interpreter).map_err(|error| unreadable(&error))?;
        let name =
            String::from_utf8_lossy(name.strip_suffix(b"\0").unwrap_or(name)).escape_default().to_string();
        return Err(format!(
            "is linked dynamically (its loader is {name}), and would be loaded with this machine's libraries. {refusal} \
             Without, the local cloud runs static programs only: build with -C target-feature=+crt-static."
        ));
    }
    Ok(())
}

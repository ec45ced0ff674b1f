use elf::ElfBytes;
use elf::abi::{DT_FLAGS_1, DT_NEEDED, EM_386, EM_AARCH64, EM_ARM, EM_X86_64, ET_DYN, ET_EXEC, PT_INTERP};
use elf::endian::AnyEndian;
use elf::file::Class;
use elf::parse::ParseError;

use crate::domain::{Problem, one_line};

/// `DF_1_PIE` of `DT_FLAGS_1`: a program that may lie anywhere, and no library.
const DF_1_PIE: u64 = 0x0800_0000;

/// Refuses a binary that Lambda could not start, before it is pushed: other architecture, dynamically linked, no executable.
///
/// `architecture` is `x86_64` or `arm64`.
pub(super) fn check(binary: &[u8], architecture: &str) -> Result<(), Problem> {
    let wanted = match architecture {
        "x86_64" => EM_X86_64,
        "arm64" => EM_AARCH64,
        other => {
            return Err(Problem::new(format!("Lambda has no architecture {other:?}"))
                .fix("set `architecture` to \"x86_64\" or \"arm64\""));
        }
    };
    let elf = ElfBytes::<AnyEndian>::minimal_parse(binary).map_err(|error| {
        Problem::new("the binary is no Linux program (ELF)")
            .because(error)
            .fix("build it for Linux: on another system take the container builder")
    })?;
    if elf.ehdr.class != Class::ELF64 || elf.ehdr.e_machine != wanted {
        return Err(Problem::new(format!(
            "the binary is built for {}, the function runs on {architecture}",
            machine(elf.ehdr.e_machine)
        ))
        .fix(format!("build it for {architecture}, or set `architecture` to what it is built for")));
    }
    let facts = facts(&elf).map_err(|error| {
        Problem::new("the binary is damaged: its ELF tables cannot be read").because(error)
    })?;
    if facts.interpreter.is_some() || !facts.libraries.is_empty() {
        let interpreter = facts.interpreter.map(|path| format!("it is started by {path}"));
        let libraries =
            (!facts.libraries.is_empty()).then(|| format!("it needs {}", facts.libraries.join(", ")));
        let detail = interpreter.into_iter().chain(libraries).collect::<Vec<_>>().join(" and ");
        return Err(Problem::new("the binary is dynamically linked, and the image holds no libraries")
            .because(detail)
            .fix("build it with `-C target-feature=+crt-static`; a dependency that must be linked dynamically needs the container builder"));
    }
    match elf.ehdr.e_type {
        ET_EXEC => Ok(()),
        ET_DYN if facts.pie => Ok(()),
        _ => Err(Problem::new("the binary is no executable: it is a library or an object file")
            .fix("set `binary` to a binary target of the package")),
    }
}

/// What of an ELF file decides whether it runs alone.
struct Facts {
    interpreter: Option<String>,
    libraries: Vec<String>,
    pie: bool,
}

fn facts(elf: &ElfBytes<'_, AnyEndian>) -> Result<Facts, ParseError> {
    let mut facts = Facts { interpreter: None, libraries: Vec::new(), pie: false };
    for segment in elf.segments().into_iter().flatten().filter(|segment| segment.p_type == PT_INTERP) {
        let path = elf.segment_data(&segment)?;
        facts.interpreter = Some(one_line(String::from_utf8_lossy(path).trim_end_matches('\0'), 200));
    }
    let Some(dynamic) = elf.dynamic()? else { return Ok(facts) };
    let names = elf.find_common_data()?.dynsyms_strs;
    for entry in dynamic {
        match entry.d_tag {
            DT_NEEDED => {
                let name = names.as_ref().and_then(|names| names.get(entry.d_val() as usize).ok());
                facts.libraries.push(one_line(name.unwrap_or("a library without a name"), 200));
            }
            DT_FLAGS_1 => facts.pie = entry.d_val() & DF_1_PIE != 0,
            _ => {}
        }
    }
    Ok(facts)
}

/// A machine's name, as Lambda would say it where it knows it.
fn machine(number: u16) -> String {
    match number {
        EM_X86_64 => "x86_64".to_owned(),
        EM_AARCH64 => "arm64".to_owned(),
        EM_386 => "32-bit x86".to_owned(),
        EM_ARM => "32-bit ARM".to_owned(),
        other => format!("machine {other}"),
    }
}

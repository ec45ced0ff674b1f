//! The first process of a pid namespace: a program of some hundred bytes that lies in memory only.
//!
//! Somebody has to be process 1. The function cannot: the kernel spares process 1 the default action of signals, so a
//! function that aborts would seem to end by another signal than on Lambda, and it would have to reap what others leave
//! behind. A copy of the local cloud that stays after the fork would keep all of that one's memory. So it is a program
//! that ignores SIGCHLD, which has the kernel reap its children, and then waits for ever. The local cloud is a library
//! and has no program of its own to start, and an image need not hold one.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;

/// Where the kernel loads the program.
const BASE: u64 = 0x40_0000;
/// Bytes of the ELF header and of its one program header.
const HEADERS: u64 = 64 + 56;

/// `rt_sigaction(SIGCHLD, &act, NULL, 8)`, then `pause()` for ever; `act` is `{ SIG_IGN, 0, 0, 0 }`.
#[cfg(target_arch = "x86_64")]
const WAIT: &[u8] = &[
    0xb8, 0x0d, 0x00, 0x00, 0x00, // mov eax, 13 (rt_sigaction)
    0xbf, 0x11, 0x00, 0x00, 0x00, // mov edi, 17 (SIGCHLD)
    0x48, 0x8d, 0x35, 0x13, 0x00, 0x00, 0x00, // lea rsi, [rip + act]
    0x31, 0xd2, // xor edx, edx
    0x41, 0xba, 0x08, 0x00, 0x00, 0x00, // mov r10d, 8
    0x0f, 0x05, // syscall
    0xb8, 0x22, 0x00, 0x00, 0x00, // wait: mov eax, 34 (pause)
    0x0f, 0x05, // syscall
    0xeb, 0xf7, // jmp wait
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // act
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// `exit_group(0)`.
#[cfg(target_arch = "x86_64")]
const EXIT: &[u8] = &[
    0xb8, 0xe7, 0x00, 0x00, 0x00, // mov eax, 231 (exit_group)
    0x31, 0xff, // xor edi, edi
    0x0f, 0x05, // syscall
];

/// `rt_sigaction(SIGCHLD, &act, NULL, 8)`, then `ppoll(NULL, 0, NULL, NULL)` for ever; `act` is `{ SIG_IGN, 0, 0, 0 }`.
#[cfg(target_arch = "aarch64")]
const WAIT: &[u8] = &[
    0xc8, 0x10, 0x80, 0xd2, // mov x8, #134 (rt_sigaction)
    0x20, 0x02, 0x80, 0xd2, // mov x0, #17 (SIGCHLD)
    0x81, 0x01, 0x00, 0x10, // adr x1, act
    0x02, 0x00, 0x80, 0xd2, // mov x2, #0
    0x03, 0x01, 0x80, 0xd2, // mov x3, #8
    0x01, 0x00, 0x00, 0xd4, // svc #0
    0x00, 0x00, 0x80, 0xd2, // wait: mov x0, #0
    0x01, 0x00, 0x80, 0xd2, // mov x1, #0
    0x02, 0x00, 0x80, 0xd2, // mov x2, #0
    0x03, 0x00, 0x80, 0xd2, // mov x3, #0
    0x28, 0x09, 0x80, 0xd2, // mov x8, #73 (ppoll)
    0x01, 0x00, 0x00, 0xd4, // svc #0
    0xfa, 0xff, 0xff, 0x17, // b wait
    0, 0, 0, 0, // so that act is aligned
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // act
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// `exit_group(0)`.
#[cfg(target_arch = "aarch64")]
const EXIT: &[u8] = &[
    0xc8, 0x0b, 0x80, 0xd2, // mov x8, #94 (exit_group)
    0x00, 0x00, 0x80, 0xd2, // mov x0, #0
    0x01, 0x00, 0x00, 0xd4, // svc #0
];

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = elf::abi::EM_X86_64;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = elf::abi::EM_AARCH64;

/// The program that waits for ever, as a file to execute.
pub(super) fn waiting() -> io::Result<OwnedFd> {
    in_memory(&program(WAIT))
}

/// A program as a file that lies in memory.
pub(super) fn in_memory(program: &[u8]) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC;
    let name = c"localcloud-init";
    // Kernels before 6.3 do not know the flag, and need none.
    let file = match memfd_create(name, flags | MemfdFlags::EXEC) {
        Err(Errno::INVAL) => memfd_create(name, flags)?,
        made => made?,
    };
    let mut file = std::fs::File::from(file);
    io::Write::write_all(&mut file, program)?;
    Ok(file.into())
}

/// A program that ends at once and well, to try a sandbox with.
pub(super) fn exiting() -> Vec<u8> {
    program(EXIT)
}

/// An ELF file with one segment: the headers and the code.
fn program(code: &[u8]) -> Vec<u8> {
    let size = HEADERS + code.len() as u64;
    let mut file = Vec::new();
    file.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    for half in [elf::abi::ET_EXEC, MACHINE] {
        file.extend(half.to_le_bytes());
    }
    file.extend(1_u32.to_le_bytes());
    // Entry, program headers, section headers (none).
    for word in [BASE + HEADERS, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0_u32.to_le_bytes());
    // Sizes and numbers of: the header, program headers, section headers.
    for half in [64_u16, 56, 1, 0, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    file.extend(elf::abi::PT_LOAD.to_le_bytes());
    file.extend((elf::abi::PF_R | elf::abi::PF_X).to_le_bytes());
    // Offset, virtual and physical address, bytes in the file and in memory, alignment.
    for word in [0, BASE, BASE, size, size, 0x1_0000] {
        file.extend(word.to_le_bytes());
    }
    file.extend(code);
    file
}

//! The log pipeline and the sanitiser of the console, and a local cloud, for the fuzz targets.

#![allow(
    dead_code,
    unused_imports,
    reason = "of the sources that are compiled in, only the pipeline is fuzzed"
)]

#[path = "../../../console/src"]
mod console {
    pub mod domain;
    pub mod logs {
        pub mod filter;
        pub mod mask;
        pub mod query;
        pub mod reading;
        pub mod store;
    }
}

pub mod bench;

pub use console::{domain, logs};

/// Whether a terminal would obey `letter`: a control character, with or without the line break.
pub fn is_obeyed(letter: char, line_breaks: bool) -> bool {
    letter.is_control() && !(line_breaks && letter == '\n')
}

/// Whether `letter` is not seen and changes how others are read. On purpose not the product's own list: bidirectional
/// controls (Unicode 16, property Bidi_Control), zero-width characters, separators of lines, tags, the byte order mark.
pub fn deceives(letter: char) -> bool {
    let bidirectional = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let unseen = matches!(letter, '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    bidirectional || unseen
}

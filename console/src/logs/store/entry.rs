use crate::domain::{Level, StageName};
use crate::logs::filter::Filter;
use crate::logs::query::Subject;
use crate::logs::reading::{self, Link};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line of the service.
    Service,
    /// A line of Lambda's own.
    Platform,
    /// Something of ours that belongs at this point of time: a deploy.
    Marker,
    /// Something the reader must know: here lines may be missing.
    Gap,
}

/// One line of the stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// Whose it is.
    pub stage: StageName,
    /// Epoch milliseconds.
    pub timestamp_ms: i64,
    /// What it is.
    pub kind: Kind,
    /// How bad it is, if it says so.
    pub level: Option<Level>,
    /// Whether newer lines of its stage were there before it came.
    pub late: bool,
    /// Whether it goes on with what the line before it in its log stream says.
    pub continues: bool,
    /// Whether the filter lets it through; else it is context.
    pub hit: bool,
    /// The event as it came, without colours. Not harmless.
    pub raw: &'a str,
    /// What it is found again by.
    pub anchor: Anchor,
}

/// What an entry is found again by when others come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub(super) timestamp_ms: i64,
    pub(super) identity: u64,
}

impl Entry<'_> {
    /// Whether it came from a log group.
    pub fn is_line(&self) -> bool {
        matches!(self.kind, Kind::Service | Kind::Platform)
    }

    /// One harmless line.
    pub fn text(&self) -> String {
        if self.is_line() { reading::text(self.raw) } else { self.raw.to_owned() }
    }

    /// The same, of which no more is wanted than so many bytes.
    pub fn text_within(&self, longest: usize) -> String {
        if self.is_line() { reading::text_within(self.raw, longest) } else { self.raw.to_owned() }
    }

    /// Lambda's request id, if it says so.
    pub fn request_id(&self) -> Option<String> {
        self.is_line().then(|| reading::request_id(self.raw))?
    }
}

/// What is kept of an entry besides its text, which lies in its chunk: 32 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meta {
    pub(super) timestamp_ms: i64,
    /// Hash of the event's id, or of the note.
    pub(super) identity: u64,
    pub(super) offset: u32,
    pub(super) length: u32,
    /// Hash of the log stream's name.
    pub(super) stream: u32,
    pub(super) stage: StageName,
    pub(super) kind: Kind,
    pub(super) level: Option<Level>,
    pub(super) marks: Marks,
}

/// What else is known of an entry, in one byte: with 32 bytes each, a million entries cost 8 MB less than with 40.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks(u8);

impl Marks {
    const LATE: u8 = 1;
    const ESCAPED: u8 = 2;
    const LINK: u8 = 2;
    const BOTH: u8 = 16;

    fn with(late: bool, escaped: bool, link: Link) -> Marks {
        let marks = u8::from(late) * Marks::LATE + u8::from(escaped) * Marks::ESCAPED;
        Marks(marks | ((link as u8) << Marks::LINK))
    }
}

impl Meta {
    /// The same, with what its text says.
    pub(super) fn marked(self, late: bool, escaped: bool, link: Link) -> Meta {
        Meta { marks: Marks::with(late, escaped, link), ..self }
    }

    /// Whether newer lines of its stage were there before it came.
    pub(super) fn late(&self) -> bool {
        self.marks.0 & Marks::LATE != 0
    }

    /// Whether its text may be shown otherwise than it is written.
    pub(super) fn escaped(&self) -> bool {
        self.marks.0 & Marks::ESCAPED != 0
    }

    /// Which lines around it belong to it.
    pub(super) fn link(&self) -> Link {
        match self.marks.0 >> Marks::LINK & 3 {
            1 => Link::Opens,
            2 => Link::Continues,
            3 => Link::Closes,
            _ => Link::None,
        }
    }

    /// The same, of no stage more than of the other.
    pub(super) fn of_both(self) -> Meta {
        Meta { marks: Marks(self.marks.0 | Marks::BOTH), ..self }
    }

    /// Whether its stage is shown.
    pub(super) fn is_in(&self, filter: &Filter) -> bool {
        self.marks.0 & Marks::BOTH != 0 || filter.has(self.stage)
    }

    pub(super) fn new(
        timestamp_ms: i64,
        identity: u64,
        stage: StageName,
        kind: Kind,
        level: Option<Level>,
    ) -> Meta {
        Meta {
            timestamp_ms,
            identity,
            offset: 0,
            length: 0,
            stream: 0,
            stage,
            kind,
            level,
            marks: Marks::default(),
        }
    }

    pub(super) fn is_line(&self) -> bool {
        matches!(self.kind, Kind::Service | Kind::Platform)
    }

    pub(super) fn is_marker(&self) -> bool {
        self.kind == Kind::Marker
    }

    pub(super) fn anchor(&self) -> Anchor {
        Anchor { timestamp_ms: self.timestamp_ms, identity: self.identity }
    }

    pub(super) fn subject<'a>(&self, raw: &'a str) -> Subject<'a> {
        Subject { stage: self.stage, level: self.level, platform: self.kind == Kind::Platform, raw }
    }

    pub(super) fn entry<'a>(&self, raw: &'a str, hit: bool) -> Entry<'a> {
        Entry {
            stage: self.stage,
            timestamp_ms: self.timestamp_ms,
            kind: self.kind,
            level: self.level,
            late: self.late(),
            continues: self.link() == Link::Continues,
            hit,
            raw,
            anchor: self.anchor(),
        }
    }
}

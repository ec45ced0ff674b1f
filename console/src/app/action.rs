use crate::domain::{CheckKind, Intent};
use crate::logs::range::Range;
use crate::logs::store::Wanted;

/// A full-screen view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScreenName {
    /// Stage and prod side by side.
    Board,
    /// The log stream.
    Logs,
    /// What the lines say, grouped by request.
    Invocations,
    /// Smoke and CORS in detail.
    Checks,
    /// A change: plan, confirmation, steps.
    Deploy,
    /// What the repository holds.
    Images,
    /// The API's stages and deployments.
    Gateway,
    /// The environment files against what is deployed.
    Env,
}

impl ScreenName {
    /// As it stands in the header.
    pub fn title(self) -> &'static str {
        match self {
            ScreenName::Board => "board",
            ScreenName::Logs => "logs",
            ScreenName::Invocations => "invocations",
            ScreenName::Checks => "checks",
            ScreenName::Deploy => "change",
            ScreenName::Images => "images",
            ScreenName::Gateway => "gateway",
            ScreenName::Env => "env",
        }
    }
}

/// How far a selection or a scroll position moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Motion {
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// One screen up.
    PageUp,
    /// One screen down.
    PageDown,
    /// To the first.
    Top,
    /// To the last.
    Bottom,
}

/// What the operator wants, free of the key that said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Show a screen.
    Open(ScreenName),
    /// Show or hide the keys.
    Help,
    /// Close the dialog, then clear the filter, then go back.
    Escape,
    /// Go back; at the root, quit.
    Back,
    /// Ctrl-C: twice quits; during a change the first lets the step in hand finish.
    Interrupt,
    /// Move the selection or scroll.
    Move(Motion),
    /// Read again what the screen shows.
    Refresh,
    /// Plan a change.
    Change(Intent),
    /// Plan to roll the focused stage back to what is selected, or back to what ran before the change that just ended.
    RollBack,
    /// Another way to do the planned change: which parts come back, whether log groups go too.
    Option,
    /// Every action by name.
    Palette,
    /// Run checks: CORS, or smoke and the documentation; the gateway is looked at with each.
    Check(CheckKind),
    /// Stop following, or follow again.
    Follow,
    /// Let CloudWatch push the lines, which is charged for, or no longer.
    LiveTail,
    /// Both stages, stage, prod, both …
    CycleStages,
    /// Sort by the next thing in turn.
    Sort,
    /// Turn the order round.
    Reverse,
    /// Timestamps: local, UTC, off …
    CycleTime,
    /// Long lines: cut or wrapped.
    Wrap,
    /// Show all of what is selected, or no longer.
    Detail,
    /// Go to the cell beside.
    Side {
        /// Towards the right.
        right: bool,
    },
    /// Open what is selected.
    Enter,
    /// Type a query.
    Filter,
    /// Show what a saved query lets through.
    Ask(String),
    /// Go to the next line of a kind, or back to the one before.
    Find {
        /// Which kind.
        wanted: Wanted,
        /// Towards older lines.
        backwards: bool,
    },
    /// Show the lines around those that the query lets through, or no longer.
    Context,
    /// Show the lines of the last minutes or hours; without a range what is live.
    Show(Option<Range>),
    /// Type the name of a file into which what is shown is saved.
    Save,
    /// Show what looks like a secret, or no longer.
    Mask,
    /// Show the values of the environment, or no longer.
    Reveal,
    /// Move the focus to the next button or stage.
    NextFocus,
    /// Copy what is selected.
    Copy,
    /// A character for the open input.
    Type(char),
    /// Delete the character before the cursor of the open input.
    Erase,
    /// Empty the open input.
    EraseAll,
    /// Text for the open input.
    Paste(String),
    /// Confirm the open input or the focused button.
    Submit,
    /// Nothing is bound to the key.
    Ignore,
}

//! The environment screen: values are shown on request and never once it is left.

use jiff::Timestamp;

use super::{App, Feed, Notice, ScreenName};
use crate::domain::plain;
use crate::envfile::EnvFiles;
use crate::screen::env::Selected;

impl App {
    /// The files are read while their screen is in sight, with a connection or without one.
    pub(super) fn env_feed(&self) -> Option<Feed> {
        (self.screen() == ScreenName::Env).then_some(Feed::EnvFiles(self.env.asked))
    }

    pub(super) fn take_env_files(&mut self, files: EnvFiles, now: Timestamp) {
        self.env.files.settle(Ok(files), now);
    }

    /// Reads the files anew.
    pub(super) fn read_env_files(&mut self) {
        if self.screen() == ScreenName::Env {
            self.env.files.load();
            self.env.asked += 1;
        }
    }

    /// Shows the values, or no longer.
    pub(super) fn reveal(&mut self, now: Timestamp) {
        if self.screen() != ScreenName::Env {
            return;
        }
        self.env.revealed = !self.env.revealed;
        self.notice = Some(if self.env.revealed {
            Notice::warn("values are SHOWN until this screen is left; v masks them", now)
        } else {
            Notice::tell("values are masked", now)
        });
    }

    /// Masks the values once their screen is left.
    pub(super) fn cover_env(&mut self) {
        if self.screen() != ScreenName::Env {
            self.env.revealed = false;
        }
    }

    /// The selected key or finding as text; never a value.
    pub(super) fn env_text(&self) -> Option<String> {
        Some(match self.env.selected(&self.board)? {
            Selected::Key(row) => plain(row.key),
            Selected::Finding(finding) => {
                plain(&format!("{}: {} ({})", finding.place(), finding.what, finding.fix))
            }
        })
    }
}

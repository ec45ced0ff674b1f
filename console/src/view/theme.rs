use clap::ValueEnum;
use ratatui::style::{Color, Modifier, Style};

use crate::domain::{Level, StageName};

/// The sets of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    /// For a dark terminal.
    Dark,
    /// For a light terminal.
    Light,
    /// Black, white and bold.
    HighContrast,
}

/// What things look like. No meaning is carried by colour alone: each also has a word or a sign.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    name: ThemeName,
    colour: bool,
}

impl Theme {
    /// A theme; without `colour` only bold, dim and reverse are used (<https://no-color.org>).
    pub fn new(name: ThemeName, colour: bool) -> Theme {
        Theme { name, colour }
    }

    fn fg(&self, dark: Color, light: Color) -> Style {
        match (self.colour, self.name) {
            (false, _) | (_, ThemeName::HighContrast) => Style::new(),
            (true, ThemeName::Dark) => Style::new().fg(dark),
            (true, ThemeName::Light) => Style::new().fg(light),
        }
    }

    /// Plain text.
    pub fn plain(&self) -> Style {
        Style::new()
    }

    /// What matters.
    pub fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is there but need not be read.
    pub fn faint(&self) -> Style {
        match (self.colour, self.name) {
            (_, ThemeName::HighContrast) => Style::new(),
            (false, _) => Style::new().add_modifier(Modifier::DIM),
            (true, _) => self.fg(Color::DarkGray, Color::Gray),
        }
    }

    /// As it should be.
    pub fn good(&self) -> Style {
        self.fg(Color::Green, Color::Green)
    }

    /// Worth a look.
    pub fn warn(&self) -> Style {
        self.fg(Color::Yellow, Color::Rgb(0x99, 0x66, 0)).add_modifier(Modifier::BOLD)
    }

    /// Not as it should be.
    pub fn bad(&self) -> Style {
        self.fg(Color::LightRed, Color::Red).add_modifier(Modifier::BOLD)
    }

    /// What is under way, and names of keys.
    pub fn accent(&self) -> Style {
        self.fg(Color::Cyan, Color::Blue)
    }

    /// What was looked for, in a line.
    pub fn found(&self) -> Style {
        self.accent().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// What is selected.
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The band in which a stage's name stands: prod is red and says PROD.
    pub fn band(&self, stage: StageName) -> Style {
        let band = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
        match (self.colour, stage) {
            (true, StageName::Prod) => {
                Style::new().bg(Color::Red).fg(Color::White).add_modifier(Modifier::BOLD)
            }
            (true, StageName::Stage) if self.name != ThemeName::HighContrast => {
                Style::new().bg(Color::Blue).fg(Color::White).add_modifier(Modifier::BOLD)
            }
            _ => band,
        }
    }

    /// A stage's name in a line.
    pub fn stage(&self, stage: StageName) -> Style {
        match stage {
            StageName::Stage => self.accent(),
            StageName::Prod => self.fg(Color::LightRed, Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    /// A level in a line.
    pub fn level(&self, level: Level) -> Style {
        match level {
            Level::Trace | Level::Debug => self.faint(),
            Level::Info => self.good(),
            Level::Warn => self.warn(),
            Level::Error => self.bad(),
        }
    }
}

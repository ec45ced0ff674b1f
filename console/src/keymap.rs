//! From key presses to actions. The same table writes the footer and the help.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::{Action, App, Motion, ScreenName};
use crate::domain::{CheckKind, StageName};
use crate::screen::deploy::Phase;

/// Where a key is pressed: what is open decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// A screen, with nothing open over it.
    Screen(ScreenName),
    /// The help.
    Help,
    /// A text input.
    Input,
    /// A confirmation by buttons.
    Buttons,
}

/// What is open in `app`.
pub fn context(app: &App) -> Context {
    if app.help {
        return Context::Help;
    }
    if app.logs.input.is_some() {
        return Context::Input;
    }
    match &app.deploy {
        Some(deploy) if app.screen() == ScreenName::Deploy => match deploy.phase {
            Phase::Confirm { .. } if deploy.is_typing() => Context::Input,
            Phase::Confirm { .. } => Context::Buttons,
            _ => Context::Screen(ScreenName::Deploy),
        },
        _ => Context::Screen(app.screen()),
    }
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The keys as a person writes them, the first one for the footer.
    pub keys: &'static [&'static str],
    /// What they do.
    pub action: Action,
    /// In a word or three.
    pub label: &'static str,
    /// Whether the footer names it.
    pub footer: bool,
}

fn bind(keys: &'static [&'static str], action: Action, label: &'static str, footer: bool) -> Binding {
    Binding { keys, action, label, footer }
}

/// The keys of a context, most wanted first.
pub fn bindings(context: Context) -> Vec<Binding> {
    match context {
        Context::Help => vec![bind(&["?", "esc", "q", "enter"], Action::Help, "close", true)],
        Context::Input => vec![
            bind(&["enter"], Action::Submit, "accept", true),
            bind(&["esc"], Action::Escape, "drop", true),
            bind(&["ctrl-u"], Action::EraseAll, "empty", true),
        ],
        Context::Buttons => {
            let mut rows = vec![
                bind(&["tab", "left", "right", "backtab"], Action::NextFocus, "choose", true),
                bind(&["enter"], Action::Submit, "press", true),
                bind(&["esc"], Action::Escape, "cancel", true),
                bind(&["R"], Action::Refresh, "plan anew", true),
            ];
            rows.extend(motions());
            rows
        }
        Context::Screen(screen) => {
            let mut rows = of_screen(screen);
            rows.extend(everywhere(screen));
            rows
        }
    }
}

fn of_screen(screen: ScreenName) -> Vec<Binding> {
    let deploys = [
        bind(&["d"], Action::Deploy(StageName::Stage), "deploy stage", true),
        bind(&["D"], Action::Deploy(StageName::Prod), "deploy PROD", true),
    ];
    let checks = [
        bind(&["s"], Action::Check(CheckKind::Smoke), "smoke", true),
        bind(&["c"], Action::Check(CheckKind::Cors), "CORS", true),
    ];
    let stream = [
        bind(&["space"], Action::Follow, "pause/follow", true),
        bind(&["/"], Action::Filter, "filter", true),
        bind(&["tab"], Action::CycleStages, "both/stage/prod", true),
    ];
    match screen {
        ScreenName::Board => {
            let mut rows = Vec::from(deploys);
            rows.extend(checks);
            rows.push(bind(&["x"], Action::Open(ScreenName::Checks), "checks", true));
            rows.push(bind(&["l", "enter"], Action::Open(ScreenName::Logs), "logs", true));
            rows.extend(stream);
            rows
        }
        ScreenName::Logs => {
            let mut rows = Vec::from(stream);
            rows.push(bind(&["enter"], Action::Enter, "whole line", true));
            rows.push(bind(&["w"], Action::Wrap, "wrap", true));
            rows.push(bind(&["t"], Action::CycleTime, "local/UTC/off", true));
            rows.push(bind(&["c"], Action::Copy, "copy", true));
            rows
        }
        ScreenName::Checks => {
            let mut rows = Vec::from(checks);
            rows.push(bind(&["enter"], Action::Enter, "its log lines", true));
            rows.push(bind(&["y"], Action::Copy, "copy", true));
            rows.push(bind(&["l"], Action::Open(ScreenName::Logs), "logs", true));
            rows
        }
        ScreenName::Deploy => vec![
            bind(&["enter"], Action::Enter, "board, when done", true),
            bind(&["x"], Action::Open(ScreenName::Checks), "checks", true),
            bind(&["l"], Action::Open(ScreenName::Logs), "logs", true),
        ],
    }
}

fn everywhere(screen: ScreenName) -> Vec<Binding> {
    let back = if screen == ScreenName::Board { "quit" } else { "back" };
    let mut rows = vec![
        bind(&["?"], Action::Help, "help", true),
        bind(&["q"], Action::Back, back, true),
        bind(&["R"], Action::Refresh, "read again", false),
        bind(&["esc"], Action::Escape, "close, clear the filter, go back", false),
    ];
    rows.extend(motions());
    rows
}

fn motions() -> Vec<Binding> {
    vec![
        bind(&["k", "up"], Action::Move(Motion::Up), "up", false),
        bind(&["j", "down"], Action::Move(Motion::Down), "down", false),
        bind(&["ctrl-b", "pgup"], Action::Move(Motion::PageUp), "page up", false),
        bind(&["ctrl-f", "pgdn"], Action::Move(Motion::PageDown), "page down", false),
        bind(&["g", "home"], Action::Move(Motion::Top), "first", false),
        bind(&["G", "end"], Action::Move(Motion::Bottom), "last, and follow", false),
    ]
}

/// What `key` means where it was pressed.
pub fn action(context: Context, key: KeyEvent) -> Action {
    let name = name(key);
    if name == "ctrl-c" {
        return Action::Interrupt;
    }
    if let Some(binding) = bindings(context).into_iter().find(|binding| binding.keys.contains(&name.as_str()))
    {
        return binding.action;
    }
    if context == Context::Input {
        match key.code {
            KeyCode::Backspace => return Action::Erase,
            KeyCode::Char(character)
                if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                return Action::Type(character);
            }
            _ => {}
        }
    }
    Action::Ignore
}

/// A key as a person writes it: `j`, `D`, `space`, `ctrl-f`, `pgup`.
pub fn name(key: KeyEvent) -> String {
    let base = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(character) => character.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "backtab".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        format!("ctrl-{}", base.to_lowercase())
    } else if key.modifiers.contains(KeyModifiers::ALT) {
        format!("alt-{base}")
    } else {
        base
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place_and_no_change_sits_on_ctrl() {
        let screens = [ScreenName::Board, ScreenName::Logs, ScreenName::Checks, ScreenName::Deploy];
        let contexts =
            screens.map(Context::Screen).into_iter().chain([Context::Help, Context::Input, Context::Buttons]);
        for context in contexts {
            let mut seen = BTreeSet::new();
            for binding in bindings(context) {
                for key in binding.keys {
                    assert!(seen.insert(*key), "{key} is bound twice in {context:?}");
                    assert!(
                        !(matches!(binding.action, Action::Deploy(_)) && key.starts_with("ctrl-")),
                        "{key} changes the cloud"
                    );
                }
            }
        }
    }
}

//! From key presses to actions. The same table writes the footer and the help.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::{Action, App, Motion, ScreenName};
use crate::domain::{CheckKind, Intent, Parts, StageName, Target};
use crate::logs::range::Range;
use crate::logs::store::Wanted;
use crate::screen::deploy::Phase;
use crate::screen::palette::Named;

/// Where a key is pressed: what is open decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// A screen, with nothing open over it.
    Screen(ScreenName),
    /// A change that runs.
    Running,
    /// The help.
    Help,
    /// A text input.
    Input,
    /// The palette.
    Palette,
    /// A confirmation by typing prod's name; whether there is another way to do the same.
    Name(bool),
    /// A confirmation by buttons; whether there is another way to do the same.
    Buttons(bool),
}

/// What is open in `app`.
pub fn context(app: &App) -> Context {
    if app.help {
        return Context::Help;
    }
    if app.palette.is_some() {
        return Context::Palette;
    }
    if app.typed().is_some() || app.logs.save.is_some() {
        return Context::Input;
    }
    match &app.deploy {
        Some(deploy) if app.screen() == ScreenName::Deploy => match deploy.phase {
            Phase::Confirm { .. } if deploy.is_typing() => Context::Name(deploy.option().is_some()),
            Phase::Confirm { .. } => Context::Buttons(deploy.option().is_some()),
            Phase::Running { .. } => Context::Running,
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
        Context::Running => {
            let mut rows = vec![
                bind(&["ctrl-c"], Action::Interrupt, "stop after this step", true),
                bind(&["x"], Action::Open(ScreenName::Checks), "checks", true),
                bind(&["l"], Action::Open(ScreenName::Logs), "logs", true),
            ];
            rows.extend(everywhere(ScreenName::Deploy));
            rows
        }
        Context::Palette => vec![
            bind(&["enter"], Action::Submit, "do it", true),
            bind(&["esc"], Action::Escape, "close", true),
            bind(&["up"], Action::Move(Motion::Up), "up", false),
            bind(&["down"], Action::Move(Motion::Down), "down", false),
            bind(&["ctrl-u"], Action::EraseAll, "empty", false),
        ],
        Context::Name(option) => {
            let mut rows = vec![
                bind(&["enter"], Action::Submit, "confirm", true),
                bind(&["esc"], Action::Escape, "cancel", true),
                bind(&["up"], Action::Move(Motion::Up), "up", false),
                bind(&["down"], Action::Move(Motion::Down), "down", false),
                bind(&["ctrl-u"], Action::EraseAll, "empty", false),
            ];
            rows.extend(option.then(|| bind(&["tab"], Action::Option, "another way", true)));
            rows
        }
        Context::Buttons(option) => {
            let mut rows = vec![
                bind(&["tab", "left", "right", "backtab"], Action::NextFocus, "choose", true),
                bind(&["enter"], Action::Submit, "press", true),
                bind(&["esc"], Action::Escape, "cancel", true),
                bind(&["R"], Action::Refresh, "plan anew", true),
            ];
            rows.extend(option.then(|| bind(&["o"], Action::Option, "another way", true)));
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
        bind(&["d"], Action::Change(Intent::Deploy { stage: StageName::Stage }), "deploy stage", true),
        bind(&["D"], Action::Change(Intent::Deploy { stage: StageName::Prod }), "deploy PROD", true),
        bind(&["p"], Action::Change(Intent::Promote), "promote to PROD", true),
        bind(&["b"], Action::Open(ScreenName::Images), "images, roll back", true),
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
            rows.push(bind(&["i"], Action::Open(ScreenName::Invocations), "invocations", true));
            rows.push(bind(&["g"], Action::Open(ScreenName::Gateway), "gateway", true));
            rows.push(bind(&["e"], Action::Open(ScreenName::Env), "env", true));
            rows.extend(stream);
            rows.extend(ranges());
            rows
        }
        ScreenName::Images => vec![
            bind(&["tab"], Action::NextFocus, "stage/prod", true),
            bind(&["enter", "b"], Action::RollBack, "roll back to it", true),
            bind(&["p"], Action::Change(Intent::Promote), "promote to PROD", true),
            bind(&["y"], Action::Copy, "copy digest", true),
        ],
        ScreenName::Gateway => vec![
            bind(&["tab"], Action::NextFocus, "stage/prod", true),
            bind(&["enter", "b"], Action::RollBack, "answer with it", true),
            bind(&["y"], Action::Copy, "copy id", true),
        ],
        ScreenName::Env => {
            let mut rows = vec![bind(&["v"], Action::Reveal, "show/mask values", true)];
            rows.extend(
                deploys.into_iter().filter(|row| matches!(row.action, Action::Change(Intent::Deploy { .. }))),
            );
            rows.push(bind(&["y"], Action::Copy, "copy key or finding", true));
            rows
        }
        ScreenName::Logs => {
            let mut rows = Vec::from(stream);
            rows.push(bind(&["enter"], Action::Enter, "whole line", true));
            rows.push(bind(&["i"], Action::Open(ScreenName::Invocations), "invocations", true));
            rows.push(bind(&["w"], Action::Wrap, "wrap", true));
            rows.push(bind(&["t"], Action::CycleTime, "local/UTC/off", true));
            rows.push(bind(&["c"], Action::Copy, "copy", true));
            let find = |wanted, backwards| Action::Find { wanted, backwards };
            rows.push(bind(&["e"], find(Wanted::Error, false), "next error", true));
            rows.push(bind(&["E"], find(Wanted::Error, true), "error before", false));
            rows.push(bind(&["n"], find(Wanted::Hit, false), "next hit", true));
            rows.push(bind(&["N"], find(Wanted::Hit, true), "hit before", false));
            rows.push(bind(&["]"], find(Wanted::Marker, false), "next deploy", false));
            rows.push(bind(&["["], find(Wanted::Marker, true), "deploy before", false));
            rows.push(bind(&["C"], Action::Context, "context", true));
            rows.push(bind(&["m"], Action::Mask, "show or mask secrets", false));
            rows.push(bind(&["L"], Action::LiveTail, "Live Tail: pushed, charged by AWS", false));
            rows.push(bind(&["ctrl-s"], Action::Save, "save to a file", true));
            rows.extend(ranges());
            rows
        }
        ScreenName::Invocations => {
            let mut rows = vec![
                bind(&["enter"], Action::Enter, "its lines", true),
                bind(&["o"], Action::Sort, "sort", true),
                bind(&["O"], Action::Reverse, "reverse", true),
                bind(&["/"], Action::Filter, "filter", true),
                bind(&["tab"], Action::CycleStages, "both/stage/prod", true),
                bind(&["space"], Action::Follow, "hold/follow", true),
                bind(&["y", "c"], Action::Copy, "copy id", true),
                bind(&["t"], Action::CycleTime, "local/UTC/off", true),
                bind(&["l"], Action::Open(ScreenName::Logs), "logs", true),
            ];
            rows.extend(ranges());
            rows
        }
        ScreenName::Checks => {
            let mut rows = Vec::from(checks);
            rows.push(bind(&["enter"], Action::Enter, "its log lines", true));
            rows.push(bind(&["y"], Action::Copy, "copy as curl", true));
            rows.push(bind(&["a"], Action::Detail, "whole answer", true));
            rows.push(bind(&["left"], Action::Side { right: false }, "origin before", false));
            rows.push(bind(&["right"], Action::Side { right: true }, "next origin", false));
            rows.push(bind(&["tab"], Action::CycleStages, "both/stage/prod", true));
            rows.push(bind(&["l"], Action::Open(ScreenName::Logs), "logs", true));
            rows
        }
        ScreenName::Deploy => vec![
            bind(&["enter"], Action::Enter, "board", true),
            bind(&["b"], Action::RollBack, "roll back", true),
            bind(&["y"], Action::Copy, "copy what failed", false),
            bind(&["x"], Action::Open(ScreenName::Checks), "checks", true),
            bind(&["l"], Action::Open(ScreenName::Logs), "logs", true),
        ],
    }
}

/// How far back the stream is shown.
fn ranges() -> Vec<Binding> {
    let live = bind(&["0"], Action::Show(None), "live", false);
    let last = |range: Range| {
        let (key, label): (&'static [&'static str], _) = match range {
            Range::M1 => (&["1"], "the last minute"),
            Range::M5 => (&["2"], "the last 5 minutes"),
            Range::M15 => (&["3"], "the last 15 minutes"),
            Range::H1 => (&["4"], "the last hour"),
            Range::H6 => (&["5"], "the last 6 hours"),
            Range::H24 => (&["6"], "the last 24 hours"),
        };
        bind(key, Action::Show(Some(range)), label, false)
    };
    [live].into_iter().chain(Range::ALL.map(last)).collect()
}

fn everywhere(screen: ScreenName) -> Vec<Binding> {
    let back = if screen == ScreenName::Board { "quit" } else { "back" };
    let mut rows = vec![
        bind(&["?"], Action::Help, "help", true),
        bind(&[":"], Action::Palette, "command", false),
        bind(&["q"], Action::Back, back, true),
        bind(&["R"], Action::Refresh, "read again", false),
        bind(&["esc"], Action::Escape, "close, clear the filter, go back", false),
    ];
    // On the board the letter opens the gateway; Home leads to the first line.
    let first = |row: &Binding| screen == ScreenName::Board && row.keys.contains(&"g");
    rows.extend(
        motions().into_iter().map(|row| if first(&row) { Binding { keys: &["home"], ..row } } else { row }),
    );
    rows
}

/// Every action that can be asked for by name in `app`: what its screen's keys do, saved queries, and what is too grave
/// for a key.
pub fn named(app: &App) -> Vec<Named> {
    let screen = app.screen();
    let mut all: Vec<Named> = Vec::new();
    let boards = of_screen(screen).into_iter().chain(of_screen(ScreenName::Board)).chain(everywhere(screen));
    for binding in boards {
        let known = all.iter().any(|named| named.action == binding.action);
        if !known && !matches!(binding.action, Action::Move(_) | Action::Palette | Action::Escape) {
            let here = bindings(Context::Screen(screen)).iter().any(|own| own.action == binding.action);
            let key = if here { binding.keys[0] } else { "" };
            all.push(Named { name: binding.label.to_owned(), key, action: binding.action });
        }
    }
    all.extend(app.facts.queries.iter().map(|(name, query)| Named {
        name: format!("logs: {name}"),
        key: "",
        action: Action::Ask(query.clone()),
    }));
    let mut more = |name: String, intent: Intent| {
        all.push(Named { name, key: "", action: Action::Change(intent) });
    };
    for stage in StageName::ALL {
        let (to, parts) = (Target::Previous, Parts::Both);
        more(format!("roll back {stage} to what it ran before"), Intent::RollBack { stage, to, parts });
        let deployment = None;
        more(format!("roll back the gateway of {stage}"), Intent::RollBackGateway { stage, deployment });
    }
    more("prune images, keep the newest 10".to_owned(), Intent::Prune { keep: 10 });
    for stage in StageName::ALL {
        more(format!("tear down {stage}"), Intent::TearDown { stage: Some(stage), logs: false });
    }
    more("tear down everything".to_owned(), Intent::TearDown { stage: None, logs: false });
    all.retain(|named| !app.refuses(&named.action));
    all
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

/// The keys of a context in `app`, without those that would be refused: what is read-only is not offered.
pub fn offered(app: &App, context: Context) -> Vec<Binding> {
    let mut offered = bindings(context);
    offered.retain(|binding| !app.refuses(&binding.action));
    if context == Context::Screen(ScreenName::Logs) && app.logs.detail {
        for binding in &mut offered {
            match binding.action {
                Action::Move(Motion::PageUp) => binding.label = "up in the whole line",
                Action::Move(Motion::PageDown) => binding.label = "down in the whole line",
                _ => {}
            }
        }
    }
    offered
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
    if matches!(context, Context::Input | Context::Palette | Context::Name(_)) {
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
mod tests;

//! The loop that joins keys, the application and the world: effects are carried out, answers come back, and a frame is
//! drawn once the queue is empty.

pub mod session;
mod tasks;
pub mod terminal;

use std::process::ExitCode;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream, KeyEventKind, MouseEventKind};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::app::{Action, App, Event, Facts, Motion};
use crate::cli::Global;
use crate::domain::{Problem, StageName};
use crate::view::Theme;
use crate::{headless, keymap, view};

use session::{Leave, Session};
use terminal::Screen;

/// Between frames when only the clock changes what is shown.
const TICK: Duration = Duration::from_secs(1);
/// Between frames when nothing happens at all: ages grow.
const IDLE_TICK: Duration = Duration::from_secs(15);
/// For how long events are taken in before a frame is drawn though more wait: what is pressed is seen within a frame.
const INTAKE: Duration = Duration::from_millis(8);

/// Opens the console on this terminal, as the command line and `callboard.toml` say.
pub fn start(global: &Global) -> ExitCode {
    headless::block_on(async {
        let (settings, choice) = headless::choose(global)?;
        let facts = Facts {
            service: settings.name.clone(),
            cloud: choice.kind.as_str().to_owned(),
            read_only: StageName::ALL.map(|stage| settings.read_only(stage)),
            log_budget: settings.logs.budget,
            queries: settings.logs.queries.clone(),
        };
        // https://no-color.org: set and not empty.
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        run(Session::start(facts, settings, choice), Theme::new(global.theme, colour)).await
    })
}

/// Runs the console on this terminal until the operator leaves. Returns the exit code.
async fn run(mut session: Session, theme: Theme) -> Result<u8, Problem> {
    let mut signals = Signals::new()?;
    let mut screen = Screen::enter()?;
    let mut keys = EventStream::new();
    resize(&mut session.app, &screen)?;
    let leave = loop {
        screen.draw(|frame| view::draw(&session.app, &theme, Timestamp::now(), frame))?;
        let (mut leave, pressed) = next(&mut session, &mut screen, &mut keys, &mut signals).await?;
        // What a key does is seen at once; the world can wait for one frame.
        let until = Instant::now() + if pressed { Duration::ZERO } else { INTAKE };
        while leave.is_none() && Instant::now() < until {
            let Some(event) = session.try_next() else { break };
            leave = session.hear(event);
        }
        if let Some(leave) = leave {
            break leave;
        }
    };
    screen.leave();
    if !leave.farewell.is_empty() {
        eprintln!("{}", leave.farewell);
    }
    session.close().await;
    Ok(leave.code)
}

/// Waits for one thing to happen and takes it in. Says too whether it came from the operator.
async fn next(
    session: &mut Session,
    screen: &mut Screen,
    keys: &mut EventStream,
    signals: &mut Signals,
) -> Result<(Option<Leave>, bool), Problem> {
    let tick = if session.app.is_ticking() { TICK } else { IDLE_TICK };
    tokio::select! {
        biased;
        key = keys.next() => match key {
            Some(Ok(event)) => Ok((terminal_event(session, screen, event)?, true)),
            // The terminal is gone: as if it had hung up.
            Some(Err(_)) | None => Ok((session.hear(Event::Terminated { signal: 1 }), false)),
        },
        signal = signals.next() => Ok((session.hear(Event::Terminated { signal }), false)),
        event = session.next() => Ok((session.hear(event), false)),
        // A new filter is asked of old lines only while there is nothing else to do.
        () = std::future::ready(()), if session.app.is_working() => {
            let until = Instant::now() + INTAKE;
            while session.app.work() && Instant::now() < until {}
            Ok((None, false))
        }
        () = tokio::time::sleep(tick) => {
            session.app.tick(Timestamp::now());
            Ok((None, false))
        }
    }
}

fn terminal_event(
    session: &mut Session,
    screen: &mut Screen,
    event: TerminalEvent,
) -> Result<Option<Leave>, Problem> {
    let action = match event {
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => {
            keymap::action(keymap::context(&session.app), key)
        }
        TerminalEvent::Paste(text)
            if matches!(
                keymap::context(&session.app),
                keymap::Context::Input | keymap::Context::Palette | keymap::Context::Name(_)
            ) =>
        {
            Action::Paste(text)
        }
        TerminalEvent::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollUp => Action::Move(Motion::Up),
            MouseEventKind::ScrollDown => Action::Move(Motion::Down),
            _ => Action::Ignore,
        },
        TerminalEvent::Resize(..) => {
            resize(&mut session.app, screen)?;
            Action::Ignore
        }
        _ => Action::Ignore,
    };
    let leave = session.act(action);
    for text in session.take_copies() {
        screen.copy(&text)?;
    }
    Ok(leave)
}

fn resize(app: &mut App, screen: &Screen) -> Result<(), Problem> {
    app.size = screen.size()?;
    Ok(())
}

struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Signals, Problem> {
        let listen =
            |kind| signal(kind).map_err(|error| Problem::new("signals cannot be caught").because(error));
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// The number of the next signal that asks to end (POSIX: HUP 1, INT 2, TERM 15).
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.hang_up.recv() => 1,
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
        }
    }
}

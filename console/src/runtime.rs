//! The loop that joins keys, the application and the world: effects are carried out, answers come back, and a frame is
//! drawn once the queue is empty.

mod frame_times;
pub mod session;
mod tasks;
pub mod terminal;

use std::future::poll_fn;
use std::process::ExitCode;
use std::task::Poll;
use std::time::{Duration, Instant};

use crossterm::event::{Event as TerminalEvent, EventStream, KeyEventKind, MouseEventKind};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{Action, App, Event, Facts, Motion};
use crate::cli::Global;
use crate::domain::{Problem, StageName};
use crate::logs::mask;
use crate::view::Theme;
use crate::{headless, keymap, view};

use frame_times::FrameTimes;
use session::{Leave, Session};
use terminal::Screen;

/// Between frames when only the clock changes what is shown.
const TICK: Duration = Duration::from_secs(1);
/// Between frames when nothing happens at all: ages grow.
const IDLE_TICK: Duration = Duration::from_secs(15);
/// For how long events are taken in before a frame is drawn though more wait: what is pressed is seen within a frame.
const INTAKE: Duration = Duration::from_millis(2);

/// Opens the console on this terminal, as the command line and `callboard.toml` say.
pub fn start(global: &Global) -> ExitCode {
    headless::block_on(tokio::runtime::Builder::new_multi_thread(), async {
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
        let theme = Theme::new(global.theme, colour);
        run(Session::start(facts, settings, choice), theme, global.frame_times).await
    })
}

/// Runs the console on this terminal until the operator leaves. Returns the exit code. `tell_times`: how long frames took is
/// said at the end.
async fn run(mut session: Session, theme: Theme, tell_times: bool) -> Result<u8, Problem> {
    let mut signals = Signals::new()?;
    let mut screen = Screen::enter()?;
    let mut keys = EventStream::new();
    let mut times = FrameTimes::new()?;
    resize(&mut session.app, &screen)?;
    // Not on the way to the first frame, which has no log lines yet.
    let mut prepare = Some(mask::prepare);
    let leave = loop {
        times.draws();
        screen.draw(|frame| view::draw(&session.app, &theme, Timestamp::now(), frame))?;
        times.drawn();
        if let Some(prepare) = prepare.take() {
            tokio::task::spawn_blocking(prepare);
        }
        let mut woken = wait(&mut session, &mut keys, &mut signals).await;
        times.wakes();
        let until = Instant::now() + INTAKE;
        let leave = loop {
            let pressed = matches!(woken, Woken::Terminal(_));
            if pressed {
                times.pressed();
            }
            let leave = take(&mut session, &mut screen, woken)?;
            // What a key does is seen at once; the world can wait for one frame.
            if leave.is_some() || pressed || Instant::now() >= until {
                break leave;
            }
            match ready(&mut session, &mut keys).await {
                Some(next) => woken = next,
                None => break None,
            }
        };
        if let Some(leave) = leave {
            break leave;
        }
    };
    screen.leave();
    if !leave.farewell.is_empty() {
        eprintln!("{}", leave.farewell);
    }
    if tell_times {
        eprintln!("{times}");
    }
    session.close().await;
    Ok(leave.code)
}

/// What the loop goes on for.
enum Woken {
    /// The operator did something.
    Terminal(TerminalEvent),
    /// A signal asks to end.
    Terminated(u8),
    /// The world answered.
    Heard(Event),
    /// There is nothing else to do, so that a new filter may be asked of some more old lines.
    Idle,
    /// Time goes on.
    Tick,
}

/// Waits for one thing to happen.
async fn wait(session: &mut Session, keys: &mut EventStream, signals: &mut Signals) -> Woken {
    let tick = if session.app.is_ticking() { TICK } else { IDLE_TICK };
    tokio::select! {
        biased;
        key = keys.next() => of_terminal(key),
        signal = signals.next() => Woken::Terminated(signal),
        event = session.next() => Woken::Heard(event),
        () = std::future::ready(()), if session.app.is_working() => Woken::Idle,
        () = tokio::time::sleep(tick) => Woken::Tick,
    }
}

/// What has happened already.
async fn ready(session: &mut Session, keys: &mut EventStream) -> Option<Woken> {
    // With this task's waker, and not asked once for all: the stream wakes whoever asked it last before it had to wait.
    let key = poll_fn(|context| match keys.poll_next_unpin(context) {
        Poll::Ready(key) => Poll::Ready(Some(key)),
        Poll::Pending => Poll::Ready(None),
    });
    if let Some(key) = key.await {
        return Some(of_terminal(key));
    }
    session.try_next().map(Woken::Heard).or_else(|| session.app.is_working().then_some(Woken::Idle))
}

/// A terminal that is gone is as if it had hung up.
fn of_terminal(event: Option<std::io::Result<TerminalEvent>>) -> Woken {
    match event {
        Some(Ok(event)) => Woken::Terminal(event),
        Some(Err(_)) | None => Woken::Terminated(1),
    }
}

fn take(session: &mut Session, screen: &mut Screen, woken: Woken) -> Result<Option<Leave>, Problem> {
    match woken {
        Woken::Terminal(event) => terminal_event(session, screen, event),
        Woken::Terminated(signal) => Ok(session.hear(Event::Terminated { signal })),
        Woken::Heard(event) => Ok(session.hear(event)),
        Woken::Idle => {
            session.app.work();
            Ok(None)
        }
        Woken::Tick => {
            session.app.tick(Timestamp::now());
            Ok(None)
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

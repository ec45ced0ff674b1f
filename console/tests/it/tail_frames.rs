//! How the tails and Live Tail are, in the stream and in its title.

use callboard::app::{Action, App, Event, Feed, Gap, LiveTailState, News, ScreenName, TailState, Trouble};
use callboard::domain::{Problem, StageName};

use crate::frames::{NARROW, WIDE, deployed, frame, now};

fn hear(app: &mut App, feed: Feed, news: News) {
    app.hear(Event::Fed { feed, news }, now());
}

fn logs(size: (u16, u16)) -> App {
    let mut app = deployed(size);
    app.act(Action::Open(ScreenName::Logs), now());
    app
}

fn throttled() -> Problem {
    Problem::new("could not read the log group /aws/lambda/hello-prod")
        .because("ThrottlingException: Rate exceeded")
        .fix("AWS limits how often this may be called; wait a little and try again")
}

#[test]
fn what_keeps_the_stream_from_being_live_is_a_badge_and_a_line() {
    for (size, name) in [(WIDE, "tails_in_trouble"), (NARROW, "tails_in_trouble_narrow")] {
        let mut app = logs(size);
        let broken = TailState::Broken(Trouble::Throttled, throttled());
        hear(&mut app, Feed::Tail(StageName::Prod), News::Tail(broken));
        let behind = TailState::CatchingUp(now().as_millisecond() - 240_000);
        hear(&mut app, Feed::Tail(StageName::Stage), News::Tail(behind));
        hear(&mut app, Feed::Tail(StageName::Stage), News::Gap(Gap::TooLate(31_000)));
        insta::assert_snapshot!(name, frame(&app));
    }
}

#[test]
fn live_tail_is_named_and_what_it_leaves_out_too() {
    let mut app = logs(WIDE);
    app.act(Action::LiveTail, now());
    hear(&mut app, Feed::LiveTail, News::LiveTail(LiveTailState::On));
    insta::assert_snapshot!("live_tail_on", frame(&app));
    hear(&mut app, Feed::LiveTail, News::LiveLines { lines: Vec::new(), sampled: true });
    insta::assert_snapshot!("live_tail_sampled", frame(&app));
    let refused = LiveTailState::Off(Trouble::Throttled, throttled());
    hear(&mut app, Feed::LiveTail, News::LiveTail(refused));
    insta::assert_snapshot!("live_tail_off", frame(&app));
}

//! How long frames take: what `--frame-times` says on leaving the screen.

use std::fmt;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::domain::Problem;

/// Longer is counted as this long.
const LONGEST: Duration = Duration::from_secs(60);
/// Digits of a time that are kept.
const DIGITS: u8 = 3;

/// What is measured of each frame, in microseconds. Memory does not grow with their number.
#[derive(Debug)]
pub(super) struct FrameTimes {
    /// To draw it and to hand it to the terminal.
    draw: Histogram<u32>,
    /// From what woke the loop until its frame is out: for so long nothing else is heard.
    turn: Histogram<u32>,
    /// The processor's time of that: the rest is the terminal's, and of others who run.
    turn_cpu: Histogram<u32>,
    /// From a key that was read until its frame is out.
    key: Histogram<u32>,
    woken: Instant,
    woken_cpu: Duration,
    drawing: Instant,
    pressed: Option<Instant>,
}

impl FrameTimes {
    /// Of no frame yet.
    pub(super) fn new() -> Result<FrameTimes, Problem> {
        let empty = || {
            Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, DIGITS)
                .map_err(|error| Problem::new("frames cannot be measured").because(error))
        };
        let now = Instant::now();
        Ok(FrameTimes {
            draw: empty()?,
            turn: empty()?,
            turn_cpu: empty()?,
            key: empty()?,
            woken: now,
            woken_cpu: cpu(),
            drawing: now,
            pressed: None,
        })
    }

    /// The loop has something to do.
    pub(super) fn wakes(&mut self) {
        self.woken = Instant::now();
        self.woken_cpu = cpu();
    }

    /// A key was read.
    pub(super) fn pressed(&mut self) {
        self.pressed = Some(Instant::now());
    }

    /// Drawing begins.
    pub(super) fn draws(&mut self) {
        self.drawing = Instant::now();
    }

    /// The frame is out.
    pub(super) fn drawn(&mut self) {
        let record = |times: &mut Histogram<u32>, took: Duration| {
            times.saturating_record(took.as_micros() as u64);
        };
        record(&mut self.draw, self.drawing.elapsed());
        record(&mut self.turn, self.woken.elapsed());
        record(&mut self.turn_cpu, cpu().saturating_sub(self.woken_cpu));
        if let Some(pressed) = self.pressed.take() {
            record(&mut self.key, pressed.elapsed());
        }
    }
}

/// The processor's time that this thread has used. The loop never leaves its thread.
fn cpu() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::from_secs(tv_sec.unsigned_abs()) + Duration::from_nanos(tv_nsec.unsigned_abs())
}

impl fmt::Display for FrameTimes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} frames", self.draw.len())?;
        for (what, times) in [
            ("drawn in", &self.draw),
            ("taking in what came and drawing", &self.turn),
            ("processor time of that", &self.turn_cpu),
            ("key → frame", &self.key),
        ] {
            let [half, most, longest] =
                [times.value_at_quantile(0.5), times.value_at_quantile(0.99), times.max()]
                    .map(|time| time as f64 / 1e3);
            write!(out, "; {what} p50 {half:.1} ms, p99 {most:.1} ms, longest {longest:.1} ms")?;
        }
        Ok(())
    }
}

//! Events as they become visible, for one who listens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::index::{Event, Position};

/// How many events a listener is kept between two looks; it is only told that there were more [FACTS §5].
const MOST_HEARD: usize = 500;

/// Whether an event of this group and stream with this message is wanted.
pub(crate) type Wanted = Box<dyn Fn(&str, &str, &str) -> bool + Send>;

/// What a listener has heard since it last looked.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Group and event, in the order in which they became visible; at most 500.
    pub(crate) events: Vec<(Arc<str>, Event)>,
    /// There were more.
    pub(crate) more: bool,
}

/// A listener's end. It hears nothing more once this is dropped.
#[derive(Debug)]
pub(crate) struct Feed {
    heard: Arc<Mutex<Heard>>,
}

impl Feed {
    pub(super) fn take(&self) -> Heard {
        std::mem::take(&mut *lock(&self.heard))
    }
}

/// All listeners.
#[derive(Default)]
pub(super) struct Feeds {
    open: Vec<(Weak<Mutex<Heard>>, Wanted)>,
}

impl Feeds {
    pub(super) fn open(&mut self, wanted: Wanted) -> Feed {
        let heard = Arc::default();
        self.open.retain(|(heard, _)| heard.strong_count() > 0);
        self.open.push((Arc::downgrade(&heard), wanted));
        Feed { heard }
    }

    /// Tells all who want it.
    pub(super) fn tell(&self, group: &Arc<str>, stream: &Arc<str>, position: Position, message: &Arc<str>) {
        for (heard, wanted) in &self.open {
            let Some(heard) = heard.upgrade().filter(|_| wanted(group, stream, message)) else { continue };
            let mut heard = lock(&heard);
            if heard.events.len() == MOST_HEARD {
                heard.more = true;
                continue;
            }
            let event = Event { position, stream: Arc::clone(stream), message: Arc::clone(message) };
            heard.events.push((Arc::clone(group), event));
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

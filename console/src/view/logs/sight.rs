//! Which entries are in sight. Their rows decide it, of which a wrapped one has several, so the selected one is found here
//! and not by counting entries.

use super::row::Look;

/// Where the stream lies in its pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    /// The first entry of which anything is in sight.
    pub(super) first: usize,
    /// How many of its rows are above the pane.
    pub(super) above: usize,
    /// Rows that stay empty.
    pub(super) blank: usize,
}

impl Look<'_> {
    /// The selected entry whole, or as much of it as there is room for; from the remembered first one on as far as that goes,
    /// and no row left empty while there is an entry for it.
    pub(super) fn sight(&self) -> Sight {
        let end = self.logs.store.shown_len();
        let last = end.saturating_sub(1);
        let selected = if self.logs.follow { last } else { self.logs.selected.min(last) };
        let offset = if self.logs.follow { selected } else { self.logs.offset.min(selected) };
        let mut room = self.height;
        for index in (offset..(selected + 1).min(end)).rev() {
            match room.checked_sub(self.rows_of(index)) {
                Some(left) if left > 0 => room = left,
                Some(_) => return Sight { first: index, above: 0, blank: 0 },
                None => return Sight { first: index, above: self.rows_of(index) - room, blank: 0 },
            }
        }
        for index in selected + 1..end {
            room = room.saturating_sub(self.rows_of(index));
            if room == 0 {
                return Sight { first: offset, above: 0, blank: 0 };
            }
        }
        for index in (0..offset).rev() {
            let rows = self.rows_of(index);
            if rows >= room {
                return Sight { first: index, above: rows - room, blank: 0 };
            }
            room -= rows;
        }
        Sight { first: 0, above: 0, blank: room }
    }

    /// How many entries are whole in sight: what a page is.
    pub(super) fn page(&self) -> usize {
        let Sight { first, above, .. } = self.sight();
        let mut room = self.height;
        let mut page = 0;
        for index in first..self.logs.store.shown_len() {
            let hidden = if index == first { above } else { 0 };
            let Some(left) = room.checked_sub(self.rows_of(index) - hidden) else { break };
            room = left;
            page += usize::from(hidden == 0);
            if room == 0 {
                break;
            }
        }
        page.max(1)
    }
}

//! Lines of one panic or stack trace: what shows one of them shows all, and what hides one hides all. They lie near each other,
//! but lines of other log streams may lie between them.

use super::Store;
use super::entry::Meta;
use crate::logs::reading::Link;

/// The longest time between two lines of a group, milliseconds.
const GAP_MS: i64 = 50;
/// How many entries are passed over for the next line of a group.
const REACH: usize = 256;
/// The most lines of one group.
const LONGEST: usize = 512;

/// Where an entry lies: its chunk, and its place in that.
pub(super) type Place = (usize, usize);

impl Store {
    fn meta(&self, place: Place) -> Option<&Meta> {
        self.chunks.get(place.0)?.metas.get(place.1)
    }

    fn ahead(&self, (chunk, entry): Place) -> Option<Place> {
        let next =
            if entry + 1 < self.chunks.get(chunk)?.metas.len() { (chunk, entry + 1) } else { (chunk + 1, 0) };
        self.meta(next).map(|_| next)
    }

    fn back(&self, (chunk, entry): Place) -> Option<Place> {
        match entry.checked_sub(1) {
            Some(entry) => Some((chunk, entry)),
            None => {
                let chunk = chunk.checked_sub(1)?;
                Some((chunk, self.chunks[chunk].metas.len().checked_sub(1)?))
            }
        }
    }

    /// The nearest line of the same log stream, within the time in which lines may belong together.
    fn neighbour(&self, place: Place, step: impl Fn(&Store, Place) -> Option<Place>) -> Option<Place> {
        let meta = *self.meta(place)?;
        let mut at = place;
        for _ in 0..REACH {
            at = step(self, at)?;
            let other = self.meta(at)?;
            if (other.timestamp_ms - meta.timestamp_ms).abs() > GAP_MS {
                return None;
            }
            if other.is_line() && other.stage == meta.stage && other.stream == meta.stream {
                return Some(at);
            }
        }
        None
    }

    fn joined(&self, before: Place, behind: Place) -> bool {
        let link = |place| self.meta(place).map_or(Link::None, |meta| meta.link());
        link(before).joins(link(behind))
    }

    /// All lines that belong to the one at `place`, in order.
    fn group(&self, place: Place) -> Vec<Place> {
        let mut group = vec![place];
        let mut at = place;
        while let Some(before) = self.neighbour(at, Store::back).filter(|before| self.joined(*before, at)) {
            group.push(before);
            at = before;
            if group.len() > LONGEST {
                break;
            }
        }
        group.reverse();
        at = place;
        while let Some(behind) = self.neighbour(at, Store::ahead).filter(|behind| self.joined(at, *behind)) {
            group.push(behind);
            at = behind;
            if group.len() > 2 * LONGEST {
                break;
            }
        }
        group
    }

    /// Shows or hides the whole group that the line at `place` belongs to.
    fn regroup(&mut self, place: Place) {
        if self.filter.is_empty() || !self.meta(place).is_some_and(Meta::is_line) {
            return;
        }
        let group = self.group(place);
        let shown = self.passes(&group);
        for (chunk, entry) in group {
            self.chunks[chunk].hits.set(entry, shown);
        }
    }

    fn passes(&self, group: &[Place]) -> bool {
        let any = group.iter().any(|(chunk, entry)| self.chunks[*chunk].passes(*entry, &self.filter));
        let excluded = |(chunk, entry): &Place| {
            let chunk = &self.chunks[*chunk];
            self.filter.query.excludes(&chunk.metas[*entry].subject(chunk.raw(*entry)))
        };
        any && !(group.len() > 1 && group.iter().any(excluded))
    }

    /// A new line may join two groups or part one.
    pub(super) fn regroup_around(&mut self, chunk: usize, entry: usize) {
        if self.filter.is_empty() {
            return;
        }
        let place = (chunk, entry);
        let near = [self.neighbour(place, Store::back), Some(place), self.neighbour(place, Store::ahead)];
        for place in near.into_iter().flatten() {
            self.regroup(place);
        }
    }

    /// Each group of a chunk.
    pub(super) fn regroup_all(&mut self, chunk: usize) {
        for entry in 0..self.chunks[chunk].metas.len() {
            if self.chunks[chunk].metas[entry].link() != Link::None {
                self.regroup((chunk, entry));
            }
        }
    }

    /// The groups that may lie in this chunk and the one before it. `each`: the lines too that belong to no other by what they
    /// say themselves, of use when a line is gone that they belonged to.
    pub(super) fn regroup_front(&mut self, chunk: usize, each: bool) {
        let mut next = self.meta((chunk, 0)).map(|_| (chunk, 0));
        for _ in 0..REACH {
            let Some(place) = next else { return };
            if each || self.meta(place).is_some_and(|meta| meta.link() != Link::None) {
                self.regroup(place);
            }
            next = self.ahead(place);
        }
    }

    #[cfg(test)]
    pub(super) fn shows(&self, place: Place) -> bool {
        match self.meta(place) {
            Some(meta) if self.from_ms.is_some_and(|from| meta.timestamp_ms < from) => false,
            Some(meta) if meta.is_line() => self.passes(&self.group(place)),
            Some(meta) => meta.is_in(&self.filter),
            None => false,
        }
    }
}

//! Pages of data points: those of one query after those of another, cut where a page is full.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A second since the epoch and a value.
pub(super) type Point = (i64, f64);

/// Where a page begins: a query, and the last of its points that was told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    query: usize,
    last: Option<i64>,
}

/// What a page has of one query.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    pub(super) query: usize,
    /// In the order that was asked for.
    pub(super) points: Vec<Point>,
    /// Nothing of the query is left for the next page.
    pub(super) whole: bool,
}

/// One page of at most `most` points (at least 1), and where the next one begins. `read` gives all points of a query,
/// oldest first. The token names a time and not a number of points, since new ones may come between two pages.
pub(super) fn page(
    queries: usize,
    read: impl Fn(usize) -> Vec<Point>,
    ascending: bool,
    most: usize,
    place: Option<Place>,
) -> (Vec<Part>, Option<Place>) {
    let mut parts = Vec::new();
    let mut left = most;
    for query in place.map_or(0, |place| place.query)..queries {
        let told = place.filter(|place| place.query == query).and_then(|place| place.last);
        let mut points = read(query);
        if !ascending {
            points.reverse();
        }
        points.retain(|(at, _)| told.is_none_or(|told| if ascending { *at > told } else { *at < told }));
        if left == 0 && !points.is_empty() {
            return (parts, Some(Place { query, last: told }));
        }
        let whole = points.len() <= left;
        points.truncate(left);
        left -= points.len();
        let last = points.last().map(|(at, _)| *at);
        parts.push(Part { query, points, whole });
        if !whole {
            return (parts, Some(Place { query, last }));
        }
    }
    (parts, None)
}

pub(super) fn write_token(place: Place) -> String {
    let last = place.last.map(|last| last.to_string()).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(format!("{}:{last}", place.query))
}

/// `None`: the token is not one of ours.
pub(super) fn read_token(token: &str) -> Option<Place> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (query, last) = text.split_once(':')?;
    let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
    Some(Place { query: query.parse().ok()?, last })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_newest_come_first_unless_asked_otherwise() {
        let read = |_| vec![(60, 1.0), (120, 2.0)];
        let order = |ascending| page(1, read, ascending, 9, None).0.remove(0).points;
        assert_eq!(order(false), [(120, 2.0), (60, 1.0)]);
        assert_eq!(order(true), [(60, 1.0), (120, 2.0)]);
        assert_eq!(read_token("!"), None);
        assert_eq!(read_token(&URL_SAFE_NO_PAD.encode("1:x")), None);
    }

    #[test]
    fn a_query_without_points_is_whole_and_told() {
        let (parts, next) = page(2, |_| Vec::new(), false, 1, None);
        assert_eq!((parts.len(), parts.iter().all(|part| part.whole), next), (2, true, None));
    }

    proptest! {
        #[test]
        fn pages_have_every_point_once_and_in_order(
            lengths in proptest::collection::vec(0_usize..6, 0..5),
            most in 1_usize..8,
            ascending: bool,
        ) {
            let read = |query: usize| -> Vec<Point> {
                (0..lengths[query]).map(|at| (at as i64 * 60, (query * 100 + at) as f64)).collect()
            };
            let mut got: Vec<Vec<Point>> = vec![Vec::new(); lengths.len()];
            let mut place = None;
            for turn in 0.. {
                prop_assert!(turn < 100, "no end");
                let (parts, next) = page(lengths.len(), read, ascending, most, place);
                prop_assert!(parts.iter().map(|part| part.points.len()).sum::<usize>() <= most);
                parts.into_iter().for_each(|part| got[part.query].extend(part.points));
                let Some(next) = next else { break };
                place = read_token(&write_token(next));
                prop_assert_eq!(place, Some(next));
            }
            for (query, got) in got.iter().enumerate() {
                let mut all = read(query);
                if !ascending {
                    all.reverse();
                }
                prop_assert_eq!(got, &all);
            }
        }
    }
}

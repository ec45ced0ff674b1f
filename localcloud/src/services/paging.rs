//! Pages of a sorted list, for every service whose lists come in pages: the token names the last item of the page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A page, and the token of the next one if there is more.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// Cuts a page out of items that are sorted by `key`. `None`: the token is not one of ours.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    token: Option<&str>,
    limit: usize,
) -> Option<Page<T>> {
    let last = match token {
        None => None,
        Some(token) => Some(String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?),
    };
    let mut rest =
        items.into_iter().skip_while(|item| last.as_ref().is_some_and(|last| key(item) <= *last)).peekable();
    let items: Vec<T> = rest.by_ref().take(limit.max(1)).collect();
    let next = match rest.peek() {
        Some(_) => items.last().map(|item| URL_SAFE_NO_PAD.encode(key(item))),
        None => None,
    };
    Some(Page { items, next })
}

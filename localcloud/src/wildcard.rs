//! IAM's wildcards, in policies of identities and of functions.

/// IAM's `ArnLike`: each of the six parts of an ARN is matched for itself, so that a `*` does not reach over a colon
/// into the next one.
pub(crate) fn arn_like(pattern: &str, arn: &str) -> bool {
    let (mut pattern, mut arn) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    loop {
        match (pattern.next(), arn.next()) {
            (Some(pattern), Some(part)) if wildcard(pattern, part) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Whether the text matches a pattern in which `*` stands for any characters and `?` for one.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // Where the last star was, and how much it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

//! Functions that call themselves or each other without end: how often one was called within a chain of calls stands in the
//! trace header, which the SDKs inside functions pass on, and beyond a bound Lambda refuses the next call.

use serde::Deserialize;
use serde_json::json;

use super::constraints::Constraints;
use super::{function_not_found, target, user_fault};
use crate::account;
use crate::blobs::digest_of;
use crate::cloud::Cloud;
use crate::functions::trace;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

/// How often a function may be called in one chain ("about 16 times": Lambda's documentation, "Use Lambda recursive loop
/// detection to prevent infinite loops").
const MOST: u32 = 16;
const LINEAGE: &str = "Lineage";

/// The trace header that the function gets, with this call counted; a refusal if it is one too many.
pub(super) fn counted(function: &str, allowed: bool, given: Option<&str>) -> Result<String, Fault> {
    let header = given.map_or_else(|| trace::header(&trace::new_root()), str::to_owned);
    let digest = digest_of(account::function_arn(function).as_bytes());
    let own = digest.trim_start_matches("sha256:").get(..8).unwrap_or_default().to_owned();
    let mut links: Vec<(String, u32)> = trace::field(&header, LINEAGE)
        .into_iter()
        .flat_map(|lineage| lineage.split('|'))
        .filter_map(|link| {
            // A link is `HASH:COUNT`, the first one with the chain's version before it.
            let (head, count) = link.rsplit_once(':')?;
            let hash = head.rsplit(':').next()?;
            Some((hash.to_owned(), count.parse().ok()?))
        })
        .collect();
    match links.iter_mut().find(|(hash, _)| *hash == own) {
        Some((_, count)) if *count >= MOST && !allowed => {
            return Err(user_fault(
                400,
                "RecursiveInvocationException",
                "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.",
            ));
        }
        Some((_, count)) => *count = count.saturating_add(1),
        None => links.push((own, 0)),
    }
    let lineage: Vec<String> = links.iter().map(|(hash, count)| format!("{hash}:{count}")).collect();
    let rest = header.split(';').filter(|part| !part.trim().starts_with("Lineage="));
    let mut parts: Vec<String> = rest.map(str::to_owned).collect();
    parts.push(format!("{LINEAGE}=1:{}", lineage.join("|")));
    Ok(parts.join(";"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    recursive_loop: Option<String>,
}

pub(super) fn put(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: Put = call.input()?;
    let mut constraints = Constraints::default();
    target::constrain(call, None, &mut constraints)?;
    constraints.required("recursiveLoop", input.recursive_loop.as_ref());
    constraints.one_of("recursiveLoop", input.recursive_loop.as_deref(), &["Terminate", "Allow"]);
    constraints.verdict()?;
    let name = target::resolve(call, None)?.name;
    let allowed = input.recursive_loop.as_deref() == Some("Allow");
    cloud.world.change(|state| {
        let function = state.functions.get_mut(&name).ok_or_else(|| function_not_found(&name))?;
        function.recursion_allowed = allowed;
        Ok::<_, Fault>(())
    })?;
    Ok(told(allowed))
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let name = target::of(call, None)?.name;
    let state = cloud.world.snapshot();
    let function = state.functions.get(&name).ok_or_else(|| function_not_found(&name))?;
    Ok(told(function.recursion_allowed))
}

fn told(allowed: bool) -> Answer {
    Answer::ok(json!({ "RecursiveLoop": if allowed { "Allow" } else { "Terminate" } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often functions call each other in turn before the chain is broken, up to a hundred times.
    fn calls(names: &[&str], allowed: bool) -> usize {
        let mut header: Option<String> = None;
        let turn = names.iter().cycle().take(100);
        let taken = turn.take_while(|name| match counted(name, allowed, header.as_deref()) {
            Ok(next) => {
                header = Some(next);
                true
            }
            Err(_) => false,
        });
        taken.count()
    }

    #[test]
    fn each_function_of_a_chain_is_counted() {
        assert_eq!(calls(&["f"], false), 17);
        assert_eq!(calls(&["f", "g"], false), 34);
        assert_eq!(calls(&["f"], true), 100);
        let header = counted("f", false, Some("Root=1-a-b;Parent=c;Sampled=1")).unwrap();
        assert!(header.starts_with("Root=1-a-b;Parent=c;Sampled=1;Lineage=1:"), "{header}");
        assert!(header.ends_with(":0"), "{header}");
    }
}

use std::collections::BTreeSet;

use super::*;

#[test]
fn no_key_means_two_things_in_one_place_and_no_change_sits_on_ctrl() {
    let screens = [
        ScreenName::Board,
        ScreenName::Logs,
        ScreenName::Invocations,
        ScreenName::Checks,
        ScreenName::Deploy,
        ScreenName::Images,
        ScreenName::Gateway,
        ScreenName::Env,
    ];
    let open = [
        Context::Help,
        Context::Running,
        Context::Input,
        Context::Palette,
        Context::Name(true),
        Context::Buttons(true),
    ];
    let contexts = screens.map(Context::Screen).into_iter().chain(open);
    for context in contexts {
        let mut seen = BTreeSet::new();
        for binding in bindings(context) {
            for key in binding.keys {
                assert!(seen.insert(*key), "{key} is bound twice in {context:?}");
                assert!(
                    !(matches!(binding.action, Action::Change(_) | Action::RollBack)
                        && key.starts_with("ctrl-")),
                    "{key} changes the cloud"
                );
            }
        }
    }
}

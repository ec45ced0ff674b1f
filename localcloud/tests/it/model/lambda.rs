//! Functions, their versions, tags, policies and concurrency.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::{Environment, FunctionCode, FunctionConfiguration, PackageType};
use localcloud::account::{function_arn, role_arn};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::{Outcome, SHARED, config, outcome};
use crate::live::{REPOSITORY, architecture};

/// What a version keeps.
#[derive(Debug, Clone, PartialEq)]
struct Settings {
    memory: i32,
    value: u8,
    image: usize,
    description: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Function {
    settings: Settings,
    /// Number → what it keeps, and the description that it has.
    versions: BTreeMap<u64, (Settings, String)>,
    tags: BTreeMap<u8, u8>,
    policy: BTreeSet<u8>,
    concurrency: Option<i32>,
}

#[derive(Debug, Clone)]
pub(super) struct Account {
    /// By a digit that stands for the name.
    functions: BTreeMap<u8, Function>,
    /// The last number that each name ever gave.
    last_versions: BTreeMap<u8, u64>,
    last: Outcome,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Create { image: usize, publish: bool },
    Delete,
    DeleteVersion(u64),
    Configure { memory: i32, value: u8, description: u8 },
    SetCode { image: usize, publish: bool },
    Publish(Option<u8>),
    Tag(u8, u8),
    Untag(u8),
    Permit(u8),
    Forbid(u8),
    Concurrency(Option<i32>),
}

fn described(number: u8) -> String {
    if number == 0 { String::new() } else { format!("number {number}") }
}

impl Account {
    fn publish(&mut self, name: u8, description: Option<String>) {
        let Some(function) = self.functions.get_mut(&name) else { return };
        let last = self.last_versions.entry(name).or_default();
        if function.versions.get(last).is_some_and(|(kept, _)| *kept == function.settings) {
            return;
        }
        *last += 1;
        let description = description.unwrap_or_else(|| function.settings.description.clone());
        function.versions.insert(*last, (function.settings.clone(), description));
    }

    fn change(&mut self, name: u8, change: &Change) -> Outcome {
        if let Change::Create { image, publish } = change {
            if self.functions.contains_key(&name) {
                return Outcome::Conflict;
            }
            let settings = Settings { memory: 128, value: 0, image: *image, description: String::new() };
            let function = Function {
                settings,
                versions: BTreeMap::new(),
                tags: BTreeMap::new(),
                policy: BTreeSet::new(),
                concurrency: None,
            };
            self.functions.insert(name, function);
            if *publish {
                self.publish(name, None);
            }
            return Outcome::Done;
        }
        let Some(function) = self.functions.get_mut(&name) else { return Outcome::NotFound };
        match change {
            Change::Create { .. } => {}
            Change::Delete => drop(self.functions.remove(&name)),
            // One that is not there is no error.
            Change::DeleteVersion(number) => drop(function.versions.remove(number)),
            Change::Configure { memory, value, description } => {
                let image = function.settings.image;
                let description = described(*description);
                function.settings = Settings { memory: *memory, value: *value, image, description };
            }
            Change::SetCode { image, publish } => {
                function.settings.image = *image;
                if *publish {
                    self.publish(name, None);
                }
            }
            Change::Publish(description) => self.publish(name, description.map(described)),
            Change::Tag(key, value) => {
                function.tags.insert(*key, *value);
            }
            Change::Untag(key) => {
                function.tags.remove(key);
            }
            Change::Permit(statement) => {
                if !function.policy.insert(*statement) {
                    return Outcome::Conflict;
                }
            }
            Change::Forbid(statement) => {
                if !function.policy.remove(statement) {
                    return Outcome::NotFound;
                }
            }
            Change::Concurrency(most) => function.concurrency = *most,
        }
        Outcome::Done
    }
}

pub(super) struct Model;

impl ReferenceStateMachine for Model {
    type State = Account;
    type Transition = (u8, Change);

    fn init_state() -> BoxedStrategy<Account> {
        let empty =
            Account { functions: BTreeMap::new(), last_versions: BTreeMap::new(), last: Outcome::Done };
        Just(empty).boxed()
    }

    fn transitions(_: &Account) -> BoxedStrategy<(u8, Change)> {
        let change = prop_oneof![
            4 => (0..2_usize, any::<bool>()).prop_map(|(image, publish)| Change::Create { image, publish }),
            1 => Just(Change::Delete),
            1 => (1..4_u64).prop_map(Change::DeleteVersion),
            3 => (128..131_i32, 0..3_u8, 0..2_u8)
                .prop_map(|(memory, value, description)| Change::Configure { memory, value, description }),
            2 => (0..2_usize, any::<bool>()).prop_map(|(image, publish)| Change::SetCode { image, publish }),
            4 => proptest::option::of(1..3_u8).prop_map(Change::Publish),
            1 => (0..3_u8, 0..9_u8).prop_map(|(key, value)| Change::Tag(key, value)),
            1 => (0..3_u8).prop_map(Change::Untag),
            2 => (0..3_u8).prop_map(Change::Permit),
            1 => (0..3_u8).prop_map(Change::Forbid),
            1 => proptest::option::of(0..5_i32).prop_map(Change::Concurrency),
        ];
        (0..2_u8, change).boxed()
    }

    fn apply(mut state: Account, (name, change): &(u8, Change)) -> Account {
        state.last = state.change(*name, change);
        state
    }
}

/// The real one, as the functions of one sequence.
struct Real {
    prefix: String,
    touched: Option<u8>,
}

impl Real {
    fn name(&self, name: u8) -> String {
        format!("{}-{name}", self.prefix)
    }

    async fn call(&self, name: &str, change: Change) -> Outcome {
        let live = &SHARED.live;
        let lambda = live.lambda();
        let uri = |image: usize| format!("{}/{REPOSITORY}:v{image}", live.host());
        let variables = |value: u8| Environment::builder().variables("VALUE", value.to_string()).build();
        match change {
            Change::Create { image, publish } => {
                let create = lambda.create_function().function_name(name).package_type(PackageType::Image);
                let create = create.code(FunctionCode::builder().image_uri(uri(image)).build());
                let create = create.architectures(architecture().into()).environment(variables(0));
                outcome(create.role(role_arn("r")).publish(publish).send().await)
            }
            Change::Delete => outcome(lambda.delete_function().function_name(name).send().await),
            Change::DeleteVersion(number) => outcome(
                lambda.delete_function().function_name(name).qualifier(number.to_string()).send().await,
            ),
            Change::Configure { memory, value, description } => {
                let update = lambda.update_function_configuration().function_name(name).memory_size(memory);
                let update = update.environment(variables(value)).description(described(description));
                outcome(update.send().await)
            }
            Change::SetCode { image, publish } => {
                let update = lambda.update_function_code().function_name(name).image_uri(uri(image));
                outcome(update.publish(publish).send().await)
            }
            Change::Publish(description) => {
                let publish = lambda.publish_version().function_name(name);
                outcome(publish.set_description(description.map(described)).send().await)
            }
            Change::Tag(key, value) => {
                let tag = lambda.tag_resource().resource(function_arn(name));
                outcome(tag.tags(format!("k{key}"), value.to_string()).send().await)
            }
            Change::Untag(key) => {
                let untag = lambda.untag_resource().resource(function_arn(name));
                outcome(untag.tag_keys(format!("k{key}")).send().await)
            }
            Change::Permit(statement) => {
                let permit =
                    lambda.add_permission().function_name(name).statement_id(format!("s{statement}"));
                let permit = permit.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
                outcome(permit.send().await)
            }
            Change::Forbid(statement) => {
                let forbid =
                    lambda.remove_permission().function_name(name).statement_id(format!("s{statement}"));
                outcome(forbid.send().await)
            }
            Change::Concurrency(Some(most)) => {
                let put = lambda.put_function_concurrency().function_name(name);
                outcome(put.reserved_concurrent_executions(most).send().await)
            }
            Change::Concurrency(None) => {
                outcome(lambda.delete_function_concurrency().function_name(name).send().await)
            }
        }
    }

    /// The function as the account has it, in the model's words.
    async fn look(&self, name: u8) -> Option<Function> {
        let lambda = SHARED.live.lambda();
        let name = self.name(name);
        let got = match lambda.get_function().function_name(&name).send().await {
            Ok(got) => got,
            Err(error) => {
                assert!(
                    error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception())
                );
                return None;
            }
        };
        let listed = lambda.list_versions_by_function().function_name(&name).send().await.unwrap();
        let versions = listed.versions().iter().filter_map(|version| {
            let number = version.version().unwrap().parse().ok()?;
            Some((number, (settings(version), version.description().unwrap().to_owned())))
        });
        let policy = match lambda.get_policy().function_name(&name).send().await {
            Ok(policy) => statements(policy.policy().unwrap()),
            Err(error) => {
                assert!(
                    error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception())
                );
                BTreeSet::new()
            }
        };
        let tag = |(key, value): (&String, &String)| (key[1..].parse().unwrap(), value.parse().unwrap());
        Some(Function {
            settings: settings(got.configuration().unwrap()),
            versions: versions.collect(),
            tags: got.tags().into_iter().flatten().map(tag).collect(),
            policy,
            concurrency: got.concurrency().and_then(|set| set.reserved_concurrent_executions()),
        })
    }
}

fn settings(of: &FunctionConfiguration) -> Settings {
    let variables = of.environment().unwrap().variables().unwrap();
    let digest = format!("sha256:{}", of.code_sha256().unwrap());
    Settings {
        memory: of.memory_size().unwrap(),
        value: variables["VALUE"].parse().unwrap(),
        image: SHARED.digests.iter().position(|known| *known == digest).unwrap(),
        description: of.description().unwrap().to_owned(),
    }
}

fn statements(policy: &str) -> BTreeSet<u8> {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().map(|one| one["Sid"].as_str().unwrap()[1..].parse().unwrap()).collect()
}

/// As the account tells it: a version's own description takes the place of the function's.
fn told(function: &Function) -> Function {
    let versions = function.versions.iter().map(|(number, (settings, description))| {
        let settings = Settings { description: description.clone(), ..settings.clone() };
        (*number, (settings, description.clone()))
    });
    Function { versions: versions.collect(), ..function.clone() }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Real;
    type Reference = Model;

    fn init_test(_: &Account) -> Real {
        Real { prefix: format!("m{}", SHARED.new_sequence()), touched: None }
    }

    fn apply(mut real: Real, model: &Account, (digit, change): (u8, Change)) -> Real {
        let name = real.name(digit);
        SHARED.runtime.block_on(async {
            assert_eq!(real.call(&name, change).await, model.last);
            if model.functions.contains_key(&digit) {
                SHARED.live.settled(&name).await;
            }
        });
        real.touched = Some(digit);
        real
    }

    fn check_invariants(real: &Real, model: &Account) {
        let Some(digit) = real.touched else { return };
        let seen = SHARED.runtime.block_on(real.look(digit));
        assert_eq!(seen, model.functions.get(&digit).map(told));
    }

    fn teardown(real: Real, model: Account) {
        SHARED.runtime.block_on(async {
            for digit in 0..2 {
                assert_eq!(real.look(digit).await, model.functions.get(&digit).map(told));
                if model.functions.contains_key(&digit) {
                    assert_eq!(real.call(&real.name(digit), Change::Delete).await, Outcome::Done);
                }
            }
        });
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn functions_are_as_the_model_says(sequential 1..16 => Real);
}

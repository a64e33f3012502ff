//! Policies that go deep: read, asked and given up within the bounds, refused beyond them.

use kubemint::policy::Action;
use kubemint::ports::Policy;
use kubemint_policy::DEFAULT_DENY;

use crate::files::{folder, lists, load};
use crate::{alice, ask, cluster};

/// The deepest policies that are admitted, of each kind of depth.
fn deepest() -> Vec<String> {
    let chain =
        |first: &str, more: &str, each: usize| format!("{first}{}", more.repeat(250 / each));
    let wrapped = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(28), close.repeat(28))
    };
    let deep = [
        chain("principal.subject == \"u\"", " || false", 1),
        chain("true", " && true", 1),
        chain("1", " + 1", 1) + " == 251",
        format!("{} == 0", chain("0", " - 0", 1)),
        chain(
            "principal.subject == \"u\"",
            " || principal.subject == \"u\"",
            3,
        ),
        format!("{}true", "if false then true else ".repeat(250)),
        format!(
            "{}true{}",
            "if true then ".repeat(250),
            " else false".repeat(250)
        ),
        wrapped("(", "true", ")"),
        wrapped("(true && ", "true", ")"),
        format!("{} == 1", wrapped("(if true then ", "1", " else 2)")),
        format!("{} == {}", wrapped("[", "1", "]"), wrapped("[", "1", "]")),
        format!("{} has a", wrapped("{a: ", "1", "}")),
    ];
    let permit =
        |rest: String| format!("@id(\"deep\") permit(principal, action, resource) {rest};");
    let clauses = ["when { true } ", "unless { false } "].map(|clause| permit(clause.repeat(250)));
    let when = |deep| permit(format!("when {{ {deep} }}"));
    deep.into_iter().map(when).chain(clauses).collect()
}

#[test]
fn the_deepest_policies_are_read_asked_and_given_up_on_the_stack_of_a_worker() {
    // The threads of the runtime have 2 MiB. Without optimisation each step of Cedar's takes about eight times as much.
    let stack = if cfg!(debug_assertions) { 16 } else { 2 };
    let worker = std::thread::Builder::new().stack_size(stack * 1024 * 1024);
    let worker = worker.spawn(|| {
        for text in deepest() {
            let folder = folder(&[("deep.cedar", text.as_str())]);
            let policy = load(folder.path(), &["deep.cedar"])
                .unwrap_or_else(|error| panic!("{}: {error}", &text[..160.min(text.len())]));
            let caller = alice(&[], None, None);
            let decision = policy.decide(&ask(&caller, Action::List, &cluster()));
            let answered = decision.reasons == ["deep"] || decision.reasons == [DEFAULT_DENY];
            assert!(
                answered,
                "{}: {:?}",
                &text[..160.min(text.len())],
                decision.reasons
            );
            std::fs::write(
                folder.path().join("deep.cedar"),
                "permit(principal, action, resource);",
            )
            .unwrap();
            policy.reload().unwrap();
        }
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn what_would_overflow_a_stack_is_refused_and_the_old_set_stays() {
    let folder = folder(&[("p.cedar", "permit(principal, action, resource);")]);
    let policy = load(folder.path(), &["p.cedar"]).unwrap();
    let before = policy.hash();
    let permit = |when: &str| format!("permit(principal, action, resource) when {{ {when} }};");
    for deep in [
        "(".repeat(50) + "true" + &")".repeat(50),
        "[".repeat(100_000),
        "if ".repeat(20_000),
        "!".repeat(20_000) + "true",
        "principal.subject == \"u0\"".to_owned()
            + &" || principal.subject == \"u1\"".repeat(20_000),
        "true".to_owned() + &" && true".repeat(60_000),
        "principal".to_owned() + &".x".repeat(100_000),
        "-".repeat(100_000) + "1 == 1",
        "context".to_owned() + &"[\"a\"]".repeat(5000) + " == \"x\"",
        "context".to_owned() + &"[\"a\"]".repeat(150_000) + " == \"x\"",
        "true } when { ".repeat(20_000) + "true",
        "true } unless { ".repeat(20_000) + "true",
    ] {
        std::fs::write(folder.path().join("p.cedar"), permit(&deep)).unwrap();
        let told = policy.reload().unwrap_err().to_string();
        let expected = "p.cedar:1: the policy goes too deep";
        assert!(told.starts_with(expected) && told.len() < 1000, "{told}");
        assert_eq!(policy.hash(), before);
    }
    assert!(lists(&policy));
}

//! The shipped server binary in front of a real control plane, asked by the real kubectl.
//!
//! One stage for all scenarios: starting a control plane takes seconds, building one takes minutes (once).

mod certificates;
mod joined;
mod scenarios;
mod server;
mod stage;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use stage::Stage;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    let stage = match Stage::start() {
        Ok(stage) => Arc::new(stage),
        Err(error) => {
            eprintln!("cannot set the stage: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let conclusion = libtest_mimic::run(&arguments, trials(Some(&stage)));
    if conclusion.has_failed() {
        eprintln!("{}", stage.logs());
    }
    // The trials are gone, and with them every other handle: this stops all that was started.
    drop(stage);
    conclusion.exit_code()
}

fn trials(stage: Option<&Arc<Stage>>) -> Vec<Trial> {
    let trial = |(name, scenario): &(&'static str, scenarios::Scenario)| {
        let (stage, scenario) = (stage.cloned(), *scenario);
        Trial::test(*name, move || {
            let stage = stage.ok_or("only listed")?;
            scenario(&stage).map_err(|error| format!("{error:#}").into())
        })
    };
    [scenarios::ALL, joined::ALL, certificates::ALL]
        .concat()
        .iter()
        .map(trial)
        .collect()
}

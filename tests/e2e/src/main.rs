//! The shipped server binary in front of a real control plane, asked by the real kubectl.
//!
//! One stage for all scenarios: starting a control plane takes seconds, building one takes minutes (once). First comes what kills
//! the server, and has the stage to itself; then the rest, as many at a time as there are test threads.

mod certificates;
mod joined;
mod scenarios;
mod stage;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use scenarios::{ALONE, LONG, Scenario};
use stage::Stage;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if arguments.list {
        let all = [ALONE, &together()].concat();
        return libtest_mimic::run(&arguments, trials(&all, None)).exit_code();
    }
    let stage = match Stage::start() {
        Ok(stage) => Arc::new(stage),
        Err(error) => {
            eprintln!("cannot set the stage: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let failed = [ALONE, &together()].map(|scenarios| {
        let trials = trials(scenarios, Some(&stage));
        libtest_mimic::run(&arguments, trials).has_failed()
    });
    let failed = failed.contains(&true);
    if failed {
        eprintln!("{}", stage.logs());
    }
    // The trials are gone, and with them every other handle: this stops all that was started.
    drop(stage);
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Those that wait longest come first, so that the others fill their time.
fn together() -> Vec<(&'static str, Scenario)> {
    [LONG, certificates::ALL, scenarios::ALL, joined::ALL].concat()
}

fn trials(scenarios: &[(&'static str, Scenario)], stage: Option<&Arc<Stage>>) -> Vec<Trial> {
    let trial = |(name, scenario): &(&'static str, Scenario)| {
        let (stage, scenario) = (stage.cloned(), *scenario);
        Trial::test(*name, move || {
            let stage = stage.ok_or("only listed")?;
            scenario(&stage).map_err(|error| format!("{error:#}").into())
        })
    };
    scenarios.iter().map(trial).collect()
}

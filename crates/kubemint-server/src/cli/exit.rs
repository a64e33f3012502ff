//! Exit codes: what a supervisor may conclude. They are documented in `kubemint-server --help`.

use std::process::ExitCode;

use crate::config::ConfigError;

/// It failed, or found what must be mended; standard error or the report says what. Another try may help: an address was
/// taken, the store or its disk was not there.
pub(super) const FAILED: u8 = 1;
/// The command line was wrong: clap's own.
#[cfg(test)]
const USAGE: u8 = 2;
/// The configuration is unusable (EX_CONFIG of sysexits.h): nothing helps but mending it, so a supervisor need not try
/// again (systemd: `RestartPreventExitStatus=78`).
pub(super) const CONFIG: u8 = 78;

/// The codes, as the help tells them.
pub(super) const HELP: &str = "\
Exit codes:
  0   done
  1   it failed, or found what must be mended: standard error or the report says what; trying again may help
  2   the command line is wrong
  3   audit verify: the trail is not as it was written; audit find: nothing was found; policy explain: no
  78  the configuration is unusable: it is to be mended before anything else helps";

/// The code of a failure.
pub(super) fn of(error: &anyhow::Error) -> ExitCode {
    if error.is::<ConfigError>() {
        ExitCode::from(CONFIG)
    } else {
        ExitCode::from(FAILED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use clap::error::{Error, ErrorKind};

    #[test]
    fn a_configuration_is_told_from_other_failures_and_the_help_has_every_code() {
        let config = || ConfigError::Invalid {
            path: "x".into(),
            problems: Vec::new(),
        };
        let code = |error: &anyhow::Error| format!("{:?}", of(error));
        let wrapped = anyhow::Error::new(config()).context("more");
        assert_eq!(code(&wrapped), format!("{:?}", ExitCode::from(CONFIG)));
        let other = Err::<(), _>(std::fmt::Error).context("more").unwrap_err();
        assert_eq!(code(&other), format!("{:?}", ExitCode::from(FAILED)));
        let usage: Error = Error::new(ErrorKind::UnknownArgument);
        assert_eq!(usage.exit_code(), i32::from(USAGE));
        for told in [FAILED, USAGE, CONFIG] {
            assert!(HELP.contains(&format!("\n  {told} ")), "{told}");
        }
    }
}

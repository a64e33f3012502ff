//! `kubemint-server`: see [`kubemint_server::cli`].

fn main() -> std::process::ExitCode {
    kubemint_server::cli::run()
}

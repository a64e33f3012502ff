//! `cargo xtask cluster`: a real control plane on loopback that stays when the command has ended.

use clap::{Args, Subcommand};
use controlplane::{Binaries, Condition, Detached, State};

/// A real Kubernetes control plane for development, without nodes.
#[derive(Debug, Args)]
pub(crate) struct ClusterArgs {
    #[command(subcommand)]
    action: Action,
    /// The control plane's name: several can run side by side.
    #[arg(long, global = true, value_name = "NAME", default_value = "default")]
    name: String,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start it unless it runs. The last line printed is the path of the administrator's kubeconfig.
    Up,
    /// Stop it and remove its files.
    Down,
    /// Tell whether it runs, and where everything is.
    Status,
}

/// Runs the subcommand. Results go to standard output, progress to standard error.
///
/// # Errors
/// When the programs cannot be built, or the control plane not be started or stopped.
pub(crate) fn run(args: ClusterArgs) -> anyhow::Result<()> {
    let cluster = Detached::in_workspace(&args.name)?;
    match args.action {
        Action::Up => {
            let state = up(&cluster, &args.name)?;
            print!("{}", describe(Condition::Running, &state, &cluster));
            println!("{}", state.admin_kubeconfig.display());
        }
        Action::Down => {
            if cluster.down()? {
                eprintln!("control plane {:?} is stopped and removed", args.name);
            } else {
                eprintln!("control plane {:?} was not running", args.name);
            }
        }
        Action::Status => {
            let status = cluster.status()?;
            match &status.state {
                Some(state) => print!("{}", describe(status.condition, state, &cluster)),
                None => println!("state:       stopped"),
            }
        }
    }
    Ok(())
}

fn up(cluster: &Detached, name: &str) -> anyhow::Result<State> {
    let status = cluster.status()?;
    if let (Condition::Running, Some(state)) = (status.condition, status.state) {
        eprintln!("control plane {name:?} is running already");
        return Ok(state);
    }
    let binaries = Binaries::find_or_build()?;
    eprintln!("starting control plane {name:?}");
    let began = std::time::Instant::now();
    let state = cluster.up(&binaries)?;
    eprintln!("ready after {:.1} s", began.elapsed().as_secs_f32());
    Ok(state)
}

fn describe(condition: Condition, state: &State, cluster: &Detached) -> String {
    let condition = match condition {
        Condition::Running => "running",
        Condition::Stopped => "stopped",
        Condition::Broken => "broken (up replaces it, down removes it)",
    };
    let programs: Vec<String> = state
        .programs
        .iter()
        .map(|program| {
            let dead = if program.process.is_alive() {
                ""
            } else {
                " (dead)"
            };
            format!("{} {}{dead}", program.name, program.process.pid)
        })
        .collect();
    format!(
        "state:       {condition}\nversion:     {}\nserver:      {}\nca:          {}\nkubectl:     {}\n\
         audit log:   {}\nprograms:    {}\nkubeconfig:  {}\n",
        state.version,
        state.url,
        state.ca_file.display(),
        state.kubectl.display(),
        cluster.audit_log().display(),
        programs.join(", "),
        state.admin_kubeconfig.display(),
    )
}

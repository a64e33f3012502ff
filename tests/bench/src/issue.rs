//! `bench issue`: the service and its limits, one after the other, under the same load.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::cpu;
use crate::disk::Disk;
use crate::load::{Generator, Step};
use crate::process::Server;
use crate::ramp::{Ramp, Sample};
use crate::report::{Circumstances, Figures, Report, StepFigures};
use crate::subjects::Subject;

/// How long each step runs before it counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// The arguments of `issue`.
#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long each step counts.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    seconds: f64,
    /// How many connections there are; each has one request under way at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    connections: usize,
    /// Measure this one alone.
    #[arg(long, value_name = "SUBJECT")]
    only: Option<Subject>,
    /// Where the stores are made, and removed again; on a disk [default: `bench` in the folder of builds]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Measures, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// A server does not start, or cannot be measured; the file cannot be written.
pub(crate) fn run(args: &IssueArgs) -> Result<()> {
    ensure!(
        (0.1..=600.0).contains(&args.seconds),
        "--seconds must be 0.1 to 600"
    );
    ensure!(
        (1..=900).contains(&args.connections),
        "--connections must be 1 to 900"
    );
    let folder = place(args.folder.as_deref())?;
    let disk = Disk::under(folder.path())?;
    let circumstances = Circumstances::new(&disk, args.connections, args.seconds);
    eprint!("{}", circumstances.heading());
    let mut figures = Vec::new();
    let wanted = |subject: &Subject| args.only.is_none_or(|only| only == *subject);
    for subject in Subject::ALL.into_iter().filter(wanted) {
        figures.push((subject, measure(subject, args, &disk)?));
    }
    let report = Report::new(circumstances, figures);
    print!("{}", report.table());
    if let Some(file) = &args.json {
        std::fs::write(file, report.json()?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// A folder of the run's own, in `wanted` or in the folder of builds.
///
/// # Errors
/// It cannot be made.
pub(crate) fn place(wanted: Option<&Path>) -> Result<tempfile::TempDir> {
    let parent = match wanted {
        Some(folder) => folder.to_owned(),
        None => beside_the_program()?,
    };
    std::fs::create_dir_all(&parent)
        .with_context(|| format!("cannot make {}", parent.display()))?;
    Ok(tempfile::tempdir_in(&parent)?)
}

/// `target/bench`, for a program that is in `target/release`.
fn beside_the_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let builds = program.parent().and_then(std::path::Path::parent);
    Ok(builds
        .context("the program is in no folder of builds: name one with --folder")?
        .join("bench"))
}

/// The knee of one subject.
fn measure(subject: Subject, args: &IssueArgs, disk: &Disk) -> Result<Figures> {
    let name = Figures::name(subject);
    let folder = disk.folder.join(name.replace(' ', "-"));
    std::fs::create_dir(&folder)?;
    let server = Server::start(subject, &folder, None)?;
    let mut generator = Generator::new(args.connections)?;
    let mut steps = Vec::new();
    let (knee, cost) = Ramp::USUAL
        .climb(|rate| {
            let step = Step {
                rate,
                warm_up: WARM_UP,
                measured: Duration::from_secs_f64(args.seconds),
            };
            let own = std::process::id();
            let before = (cpu::of_process(server.id()), cpu::total(own));
            let measured = generator.step(server.target(), step)?;
            let mut cost =
                cpu::per_request(&before.0, &cpu::of_process(server.id()), measured.requests);
            let used = cpu::total(own).saturating_sub(before.1);
            cost.insert("generator", cpu::micros(used, measured.requests));
            let sample = Sample {
                offered: measured.offered,
                achieved: measured.achieved,
                p50: measured.latencies.percentile(0.5),
                p99: measured.latencies.percentile(0.99),
            };
            let step = StepFigures::new(&sample, measured.latencies.lost(), measured.late);
            eprintln!("{name}: {step}");
            steps.push(step);
            Ok((sample, cost))
        })
        .with_context(|| format!("{name} has no knee"))?;
    Ok(Figures::new(&knee, cost, steps))
}

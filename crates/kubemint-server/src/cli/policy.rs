//! `policy check` and `policy explain`: what the configured policies are worth, and what they say and why.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use kubemint::policy::{Action, Query};
use kubemint::ports::Policy;
use kubemint::record::Relation;
use kubemint::{Caller, ClusterKey};
use serde::Deserialize;

use crate::config::Config;

/// The exit code of `policy explain` when the answer is no.
const DENIED: u8 = 3;

/// What to do with the policies.
#[derive(Subcommand)]
pub(super) enum PolicyCommand {
    /// Check the configured policies against their schema.
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Say whether a caller may do something, and which policies decide. Exit code 0: yes; 3: no.
    Explain(Explain),
}

/// A question to the policies.
#[derive(Args)]
pub(super) struct Explain {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The caller: a file with the claims of a token, as JSON, or `-` for standard input.
    #[arg(long = "as", value_name = "FILE")]
    caller: PathBuf,
    /// What they want to do.
    #[arg(long, value_enum)]
    action: ActionArg,
    /// Where, as `REGION/PROJECT/ID`. It need not be configured.
    #[arg(long, value_name = "CLUSTER")]
    cluster: String,
    /// The role that they want (issue), or the kubeconfig's (download).
    #[arg(long)]
    role: Option<String>,
    /// The time to live that they want, in seconds (issue).
    #[arg(long)]
    ttl: Option<u32>,
    /// Who it is for (issue, download). Absent, when issuing: the caller.
    #[arg(long)]
    user: Option<String>,
    /// How they stand to the kubeconfig (get, download, revoke).
    #[arg(long, value_enum)]
    relation: Option<RelationArg>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ActionArg {
    Issue,
    IssueForOthers,
    List,
    Get,
    Download,
    Revoke,
}

#[derive(Clone, Copy, ValueEnum)]
enum RelationArg {
    Creator,
    Subject,
    Stranger,
}

/// The claims that policies look at, under their default names.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: String,
    sub: String,
    tenant_id: Option<String>,
    scope: Option<String>,
    scope_id: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    principal_type: Option<String>,
    credential_id: Option<String>,
}

pub(super) fn run(command: PolicyCommand) -> Result<ExitCode> {
    match command {
        PolicyCommand::Check { config } => check(&config),
        PolicyCommand::Explain(question) => explain(&question),
    }
}

fn check(config: &Path) -> Result<ExitCode> {
    let policy = Config::read(config)?.load_policy()?;
    println!(
        "{}: the policies are ok; hash {}",
        config.display(),
        policy.hash()
    );
    Ok(ExitCode::SUCCESS)
}

fn explain(question: &Explain) -> Result<ExitCode> {
    let policy = Config::read(&question.config)?.load_policy()?;
    let caller = caller(&question.caller)?;
    let cluster = cluster(&question.cluster)?;
    let action = match question.action {
        ActionArg::Issue => Action::Issue,
        ActionArg::IssueForOthers => Action::IssueForOthers,
        ActionArg::List => Action::List,
        ActionArg::Get => Action::Get,
        ActionArg::Download => Action::Download,
        ActionArg::Revoke => Action::Revoke,
    };
    let relation = question.relation.map(|relation| match relation {
        RelationArg::Creator => Relation::Creator,
        RelationArg::Subject => Relation::Subject,
        RelationArg::Stranger => Relation::Stranger,
    });
    let issuing = matches!(action, Action::Issue | Action::IssueForOthers);
    let query = Query {
        caller: &caller,
        action,
        cluster: &cluster,
        role: question.role.as_deref(),
        ttl: question.ttl,
        user: question
            .user
            .as_deref()
            .or(issuing.then(|| caller.subject())),
        relation,
    };
    let decision = policy.decide(&query);
    println!(
        "{}",
        if decision.allowed {
            "allowed"
        } else {
            "denied"
        }
    );
    println!("by: {}", decision.reasons.join(", "));
    println!("policy set: {}", decision.policy_hash);
    Ok(if decision.allowed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DENIED)
    })
}

fn caller(file: &Path) -> Result<Caller> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    let claims: Claims = serde_json::from_str(&text).with_context(|| {
        format!(
            "{}: not the claims of a token, as a JSON object",
            file.display()
        )
    })?;
    Ok(Caller {
        tenant: claims.tenant_id,
        scope: claims.scope,
        scope_id: claims.scope_id,
        roles: claims.roles,
        principal_type: claims.principal_type,
        credential_id: claims.credential_id,
        ..Caller::new(claims.iss, claims.sub)
    })
}

fn cluster(text: &str) -> Result<ClusterKey> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [region, project, id] if [region, project, id].iter().all(|part| !part.is_empty()) => {
            Ok(ClusterKey::new(*region, *project, *id))
        }
        _ => bail!("--cluster {text:?}: write it as REGION/PROJECT/ID"),
    }
}

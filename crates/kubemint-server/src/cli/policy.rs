//! `policy check` and `policy explain`: what the configured policies are worth, and what they say and why.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use kubemint::policy::{Action, Decision, Query};
use kubemint::ports::Policy;
use kubemint::record::Relation;
use kubemint::text::flaw_of_user;
use kubemint::{Caller, ClusterKey, ClusterProfile};
use kubemint_authn::IssuerConfig;

use super::claimed::{Described, claims};
use crate::config::Config;
use crate::out::outln;

/// The exit code of `policy explain` when the answer is no.
const DENIED: u8 = 3;

/// What to do with the policies.
#[derive(Subcommand)]
pub(super) enum PolicyCommand {
    /// Check the configured policies against their schema, or others before they are configured.
    Check(Source),
    /// Say whether a caller may do something, by what the service asks the policies for it. Exit code 0: yes; 3: no.
    Explain(Explain),
}

/// Which policies are meant.
#[derive(Args)]
pub(super) struct Source {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Policy files instead of those that it names, to try new ones before a running server reads them.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    policy: Vec<PathBuf>,
}

impl Source {
    /// The configuration, with the policies that are meant.
    fn read(&self) -> Result<Config> {
        if self.policy.is_empty() {
            return Ok(Config::read(&self.config)?);
        }
        let absolute = self.policy.iter().map(std::path::absolute);
        let files = absolute.collect::<std::io::Result<_>>();
        let files = files.context("cannot find this folder")?;
        Ok(Config::read_with_policies(&self.config, files)?)
    }
}

/// A question to the policies.
#[derive(Args)]
pub(super) struct Explain {
    #[command(flatten)]
    source: Source,
    /// The caller: a file with the claims of a token, as JSON, or `-` for standard input.
    #[arg(long = "as", value_name = "FILE")]
    caller: PathBuf,
    /// What they want to do.
    #[arg(long, value_enum)]
    action: ActionArg,
    /// Where, as `REGION/PROJECT/ID`. If it is not configured, the policies are asked all the same, and the answer is no.
    #[arg(long, value_name = "CLUSTER")]
    cluster: String,
    /// The role that they want (issue; absent: the cluster's default), or the kubeconfig's (download).
    #[arg(long)]
    role: Option<String>,
    /// The time to live that they want, in seconds (issue). Absent: the cluster's default.
    #[arg(long)]
    ttl: Option<u32>,
    /// Who it is for (issue, download). Absent, when issuing: the caller.
    #[arg(long)]
    user: Option<String>,
    /// Their relation to the kubeconfig (get, download, revoke). Absent: stranger.
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

pub(super) fn run(command: PolicyCommand) -> Result<ExitCode> {
    match command {
        PolicyCommand::Check(source) => check(&source),
        PolicyCommand::Explain(question) => explain(&question),
    }
}

fn check(source: &Source) -> Result<ExitCode> {
    let policy = source.read()?.load_policy()?;
    let named = source.policy.iter().map(|file| file.display().to_string());
    let named: Vec<_> = named.collect();
    let what = match named.is_empty() {
        true => source.config.display().to_string(),
        false => named.join(", "),
    };
    outln!("{what}: the policies are ok; hash {}", policy.hash())?;
    Ok(ExitCode::SUCCESS)
}

fn explain(question: &Explain) -> Result<ExitCode> {
    let config = question.source.read()?;
    let policy = config.load_policy()?;
    let claims = claims(&question.caller)?;
    let Described {
        caller,
        issuer,
        refusal,
    } = Described::by(&claims, &config.issuers)?;
    let cluster = cluster(&question.cluster)?;
    let found = config.clusters.iter().find(|found| found.key == cluster);
    let profile = found.map(|found| found.profile.as_ref());
    let mut asked = Asked::new(question, &caller, &cluster, profile);
    asked.refusals.extend(refusal);
    asked.issuer(issuer);
    let decisions = asked.queries.iter().map(|query| policy.decide(query));
    let decisions: Vec<Decision> = decisions.collect();
    let word = |allowed| if allowed { "allowed" } else { "denied" };
    let allowed = asked.refusals.is_empty() && decisions.iter().all(|decision| decision.allowed);
    outln!("{}", word(allowed))?;
    for (query, decision) in asked.queries.iter().zip(&decisions) {
        let (action, reasons) = (query.action.as_str(), decision.reasons.join(", "));
        outln!("{action}: {} by {reasons}", word(decision.allowed))?;
    }
    for refusal in &asked.refusals {
        outln!("the service: {refusal}")?;
    }
    outln!("policy set: {}", policy.hash())?;
    for note in &asked.notes {
        eprintln!("note: {note}");
    }
    Ok(if allowed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DENIED)
    })
}

/// What the service asks policy for one request, and what it refuses besides.
struct Asked<'a> {
    queries: Vec<Query<'a>>,
    refusals: Vec<String>,
    notes: Vec<String>,
}

impl<'a> Asked<'a> {
    fn new(
        question: &'a Explain,
        caller: &'a Caller,
        cluster: &'a ClusterKey,
        profile: Option<&'a ClusterProfile>,
    ) -> Self {
        // Without it the cluster does not exist for the caller.
        let list = Query {
            caller,
            action: Action::List,
            cluster,
            role: None,
            ttl: None,
            user: None,
            relation: None,
        };
        let mut asked = Self {
            queries: vec![list],
            refusals: Vec::new(),
            notes: Vec::new(),
        };
        if profile.is_none() {
            let refusal = format!("{cluster} is not configured (404)");
            asked.refusals.push(refusal);
        }
        match question.action {
            ActionArg::List => {}
            ActionArg::Issue | ActionArg::IssueForOthers => asked.issue(question, list, profile),
            ActionArg::Get => asked.one(question, list, None),
            ActionArg::Download => asked.one(question, list, Some(Action::Download)),
            ActionArg::Revoke => asked.one(question, list, Some(Action::Revoke)),
        }
        asked
    }

    /// Whether a token of this caller's would be accepted at all, as far as that can be told without one.
    fn issuer(&mut self, issuer: Option<&IssuerConfig>) {
        let caller = self.queries[0].caller;
        let Some(issuer) = issuer else {
            let named = &caller.principal.issuer;
            let refusal = format!("{named:?} is no issuer of the configuration (401)");
            self.refusals.push(refusal);
            return;
        };
        let (scope, id) = (caller.scope.as_deref(), caller.scope_id.as_deref());
        if !issuer.may_speak_for(scope, id) {
            let named = match (scope, id) {
                (Some(scope), Some(id)) => format!("{scope}:{id}"),
                _ => "a token that names no scope".to_owned(),
            };
            self.refusals.push(format!(
                "the issuer's speaks_for does not have {named} (401)"
            ));
        }
    }

    /// With the defaults that the service fills in.
    fn issue(
        &mut self,
        question: &'a Explain,
        list: Query<'a>,
        profile: Option<&'a ClusterProfile>,
    ) {
        let usual = profile.map(|profile| profile.default_role.as_str());
        let role = question.role.as_deref().or(usual);
        let rules = profile
            .zip(role)
            .and_then(|(profile, role)| profile.roles.get(role));
        let usual = profile
            .zip(role)
            .map(|(profile, role)| profile.ttl_of(role));
        let issue = Query {
            action: Action::Issue,
            role,
            ttl: question.ttl.or(usual),
            user: question.user.as_deref().or(Some(list.caller.subject())),
            ..list
        };
        self.queries.push(issue);
        self.refusals
            .extend(question.user.as_deref().and_then(hostile));
        let for_others = matches!(question.action, ActionArg::IssueForOthers);
        if for_others || issue.user != Some(list.caller.subject()) {
            let action = Action::IssueForOthers;
            self.queries.push(Query { action, ..issue });
        }
        if role.is_none() {
            self.notes
                .push("no --role, and the cluster's default is not known".to_owned());
        }
        if let (Some(_), Some(role), None) = (profile, role, rules) {
            self.refusals
                .push(format!("the cluster has no role {role:?} (403)"));
        }
        if let (Some(rules), Some(ttl)) = (rules, issue.ttl)
            && !(rules.min_ttl..=rules.max_ttl).contains(&ttl)
        {
            let (min, max) = (rules.min_ttl, rules.max_ttl);
            let refusal = format!("ttl must be from {min} to {max} for this role (400)");
            self.refusals.push(refusal);
        }
    }

    /// About one kubeconfig: who may not read it is told that it is not there.
    fn one(&mut self, question: &'a Explain, list: Query<'a>, action: Option<Action>) {
        let relation = question.relation.map_or_else(
            || {
                let note = "no --relation: someone else's kubeconfig is meant (stranger)";
                self.notes.push(note.to_owned());
                Relation::Stranger
            },
            Relation::from,
        );
        let get = Query {
            action: Action::Get,
            relation: Some(relation),
            ..list
        };
        self.queries.push(get);
        let Some(action) = action else {
            return;
        };
        let mints = action == Action::Download;
        // One's own is for oneself, unless it is said for whom.
        let own = (relation != Relation::Stranger).then(|| list.caller.subject());
        if mints && question.role.is_none() {
            let note = "no --role: a download is judged by the kubeconfig's";
            self.notes.push(note.to_owned());
        }
        self.queries.push(Query {
            action,
            role: question.role.as_deref().filter(|_| mints),
            user: question.user.as_deref().or(own).filter(|_| mints),
            ..get
        });
    }
}

impl From<RelationArg> for Relation {
    fn from(relation: RelationArg) -> Self {
        match relation {
            RelationArg::Creator => Relation::Creator,
            RelationArg::Subject => Relation::Subject,
            RelationArg::Stranger => Relation::Stranger,
        }
    }
}

/// Why nobody is a user by this name, whatever policy says.
fn hostile(user: &str) -> Option<String> {
    let flaw = flaw_of_user(user)?;
    Some(format!("user {} (400)", flaw.message))
}

fn cluster(text: &str) -> Result<ClusterKey> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [region, project, id] if [region, project, id].iter().all(|part| !part.is_empty()) => {
            Ok(ClusterKey::new(*region, *project, *id))
        }
        _ => bail!("--cluster {text:?}: write it as REGION/PROJECT/ID"),
    }
}

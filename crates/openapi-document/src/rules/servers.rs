//! K0125: the variables in the URL of a server are declared, and their defaults are among their values.

use super::tables as shapes;
use super::{Findings, kinds};
use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};

pub(super) fn check(found: &mut Findings<'_>) {
    for server in found.root.get("servers").map_or(&[][..], Node::items) {
        kinds::check(found, server, server.span, &shapes::SERVER);
        let variables = server.get("variables").map_or(&[][..], Node::entries);
        for variable in variables {
            let (node, place) = (&variable.node, variable.key_span);
            kinds::check(found, node, place, &shapes::VARIABLE);
            default(found, node);
        }
        if kinds::lost(server, "variables", &shapes::SERVER) {
            continue;
        }
        if let Some((text, span)) = server
            .get("url")
            .and_then(|url| Some((url.as_str()?, url.span)))
        {
            names(found, text, span, variables);
        }
    }
}

/// The default is one of the values, where they are listed.
fn default(found: &mut Findings<'_>, variable: &Node) {
    let (Some(default), Some(values)) = (variable.get("default"), variable.entry("enum")) else {
        return;
    };
    let items = values.node.items();
    if values.node.content == Content::List(Vec::new()) {
        found.push(
            Diagnostic::new("K0125", values.key_span, "the variable can have no value")
                .label("an empty list")
                .help("list its values, or leave `enum` out where it may be anything")
                .warning(),
        );
    }
    let Some(text) = default.as_str().filter(|_| !items.is_empty()) else {
        return;
    };
    let mut values_of = items.iter().filter_map(Node::as_str);
    if values_of.clone().any(|value| value == text) {
        return;
    }
    let help = match super::closest(text, values_of.clone()).or(values_of.next()) {
        Some(near) => format!("did you mean `{near}`? Or list `{text}` in `enum`"),
        None => "list it in `enum`".to_owned(),
    };
    found.push(
        Diagnostic::new(
            "K0125",
            default.span,
            format!("`{text}` is none of the values"),
        )
        .related(values.key_span, "the values")
        .help(help),
    );
}

/// The first brace of the URL that opens or closes nothing, and the one that is missing.
fn unpaired(url: &str) -> Option<(char, char)> {
    let mut is_open = false;
    for sign in url.chars().filter(|sign| matches!(sign, '{' | '}')) {
        match (sign, is_open) {
            ('{', true) => return Some(('{', '}')),
            ('}', false) => return Some(('}', '{')),
            _ => is_open = !is_open,
        }
    }
    is_open.then_some(('{', '}'))
}

/// What the URL has in braces and what is declared are the same.
fn names(found: &mut Findings<'_>, url: &str, span: Span, declared: &[Entry]) {
    if let Some((sign, other)) = unpaired(url) {
        let message = format!("`{sign}` in the URL has no `{other}`");
        found.push(
            Diagnostic::new("K0125", span, message)
                .help("write a variable as `{name}`: a URL has braces for nothing else"),
        );
        return;
    }
    let used: Vec<&str> = url
        .split('{')
        .skip(1)
        .filter_map(|piece| Some(piece.split_once('}')?.0))
        .collect();
    let spare: Vec<&Entry> = declared
        .iter()
        .filter(|entry| !used.contains(&entry.key.as_str()))
        .collect();
    let mut told: Vec<&str> = Vec::new();
    for name in used {
        if declared.iter().any(|entry| entry.key == name) {
            continue;
        }
        let near = super::closest(name, spare.iter().map(|entry| entry.key.as_str()));
        let message = format!("the variable `{name}` of the server is not declared");
        let mut diagnostic = Diagnostic::new("K0125", span, message);
        diagnostic = match near.and_then(|near| spare.iter().find(|entry| entry.key == near)) {
            Some(near) => {
                told.push(&near.key);
                let help = format!("call it `{name}`, there or in the URL `{}`", near.key);
                diagnostic.related(near.key_span, "this one?").help(help)
            }
            None => diagnostic.help(format!(
                "declare it: `variables: {{{name}: {{default: ...}}}}`"
            )),
        };
        found.push(diagnostic);
    }
    for entry in spare
        .iter()
        .filter(|entry| !told.contains(&entry.key.as_str()))
    {
        let message = format!("the URL has no variable `{{{}}}`", entry.key);
        found.push(
            Diagnostic::new("K0125", entry.key_span, message)
                .related(span, "the URL")
                .help("write it in the URL, or leave it out")
                .warning(),
        );
    }
}

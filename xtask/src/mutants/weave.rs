//! Many changes in one build: the body of a function becomes a `match`, of the changed bodies and the one that it was.
//!
//! A change is taken where the environment of the process names its number. So a thousand of them cost one build, not a
//! thousand, and what is left of each is the run of the tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use super::list::{Mutant, Place, Span};

/// The variable that names the change that is taken; none if it is not set.
pub(crate) const TAKEN: &str = "MUTANTS_TAKEN";
/// The variable that names a file, to which a line is added for each function that is reached: the first change in it.
pub(crate) const REACHED: &str = "MUTANTS_REACHED";

/// What asks which change is taken, for the end of the crate's root.
pub(crate) const SWITCH: &str = r#"
/// Which change is taken; `function` is where it is asked.
#[doc(hidden)]
#[allow(missing_docs, dead_code, clippy::all)]
pub(crate) fn mutants_taken(function: usize) -> usize {
    use std::io::Write as _;
    static TAKEN: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| {
        std::env::var("MUTANTS_TAKEN").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX)
    });
    static FILE: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| std::env::var("MUTANTS_REACHED").ok());
    static SEEN: std::sync::Mutex<std::collections::BTreeSet<usize>> = std::sync::Mutex::new(std::collections::BTreeSet::new());
    if let Some(file) = &*FILE
        && SEEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(function)
        && let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(file)
    {
        let _ = file.write_all(format!("{function}\n").as_bytes());
    }
    *TAKEN
}
"#;

/// Changes with their numbers.
type Numbered<'m> = Vec<(usize, &'m Mutant)>;

/// A source with its changes in it.
#[derive(Debug)]
pub(crate) struct Woven {
    pub(crate) text: String,
    /// Which lines are those of a change, so that an error of the compiler tells which one does not compile.
    pub(crate) lines: Vec<(Range<usize>, usize)>,
    /// The function of each change, by the number of the first one in it.
    pub(crate) functions: BTreeMap<usize, usize>,
    /// Those that are in no body that could be woven: of constants, and of functions that run while the compiler does.
    pub(crate) left: Vec<usize>,
}

/// Weaves the changes into the source of a file. Each comes with its number.
pub(crate) fn weave(source: &str, mutants: &[(usize, &Mutant)]) -> Woven {
    let starts = starts(source);
    let bytes = |span: Span| offset(source, &starts, span.start)..offset(source, &starts, span.end);
    let mut woven = Woven {
        text: String::new(),
        lines: Vec::new(),
        functions: BTreeMap::new(),
        left: Vec::new(),
    };
    let mut functions: Vec<(Range<usize>, Numbered<'_>)> = Vec::new();
    let mut sorted: Vec<_> = mutants
        .iter()
        .filter_map(|(number, mutant)| {
            Some((bytes(mutant.function.as_ref()?.span), *number, *mutant))
        })
        .collect();
    // A function that is within another comes after it, and its changes are changes of the outer one.
    sorted.sort_by_key(|(function, number, _)| {
        (function.start, std::cmp::Reverse(function.end), *number)
    });
    for (function, number, mutant) in sorted {
        match functions.last_mut() {
            Some((outer, within)) if function.end <= outer.end => within.push((number, mutant)),
            _ => functions.push((function, vec![(number, mutant)])),
        }
    }
    let mut done = 0;
    for (function, within) in functions {
        let body = body(&source[function.clone()])
            .map(|inner| function.start + inner.start..function.start + inner.end)
            .filter(|body| !source[function.start..body.start].contains("const fn "));
        let Some(body) = body else {
            woven.left.extend(within.iter().map(|(number, _)| *number));
            continue;
        };
        woven.text.push_str(&source[done..body.start]);
        let first = within[0].0;
        let _ = writeln!(woven.text, "\nmatch crate::mutants_taken({first}) {{");
        for (number, mutant) in within {
            let change = bytes(mutant.span);
            if change.start < body.start || change.end > body.end {
                woven.left.push(number);
                continue;
            }
            let from = line(&woven.text);
            let _ = writeln!(
                woven.text,
                "{number} => {{ {}{}{} }}",
                &source[body.start..change.start],
                mutant.replacement,
                &source[change.end..body.end]
            );
            woven.lines.push((from..line(&woven.text), number));
            woven.functions.insert(number, first);
        }
        let _ = writeln!(woven.text, "_ => {{ {} }}\n}}", &source[body.clone()]);
        done = body.end;
    }
    woven.text.push_str(&source[done..]);
    let constants = mutants
        .iter()
        .filter(|(_, mutant)| mutant.function.is_none());
    woven.left.extend(constants.map(|(number, _)| *number));
    woven
}

/// The line that is being written, from 1.
fn line(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count() + 1
}

/// Where the lines start.
fn starts(source: &str) -> Vec<usize> {
    let ends = source.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

fn offset(source: &str, starts: &[usize], place: Place) -> usize {
    let start = starts.get(place.line - 1).copied().unwrap_or(source.len());
    let line = &source[start..];
    let column = line.char_indices().nth(place.column - 1);
    column.map_or(source.len(), |(at, _)| start + at)
}

/// What is between the braces of the body of a function: the last braces that are in no others.
fn body(function: &str) -> Option<Range<usize>> {
    let (mut depth, mut open, mut found) = (0_usize, 0, None);
    let mut rest = 0;
    while let Some(next) = function[rest..].chars().next() {
        let here = &function[rest..];
        rest += match next {
            '{' => {
                if depth == 0 {
                    open = rest + 1;
                }
                depth += 1;
                1
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    found = Some(open..rest);
                }
                1
            }
            _ => skip(here).unwrap_or(next.len_utf8()),
        };
    }
    found.filter(|_| depth == 0)
}

/// How long the comment, text or character is that starts here.
fn skip(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |at| at + 2));
    }
    // A word is skipped whole, so that the `r` at its end begins no raw text.
    let word = text
        .find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(text.len());
    let (prefix, rest) = text.split_at(word);
    let raw = ["r", "br", "cr"].contains(&prefix);
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if raw && rest[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = hashes + 1;
        let at = rest[start..].find(&end)?;
        return Some(word + start + at + end.len());
    }
    if word > 0 && !(["b", "c"].contains(&prefix) && rest.starts_with(['"', '\''])) {
        return Some(word);
    }
    let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
    if quote == '\'' {
        // `'a` without an end is a lifetime, or a label.
        let mut chars = rest[1..].char_indices();
        let (_, first) = chars.next()?;
        let (at, second) = chars.next()?;
        if first != '\\' && second != '\'' {
            return Some(1 + at);
        }
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return Some(word + at + 1);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::list::Function;

    fn span(start: (usize, usize), end: (usize, usize)) -> Span {
        let place = |(line, column)| Place { line, column };
        Span {
            start: place(start),
            end: place(end),
        }
    }

    fn mutant(function: Option<Span>, span: Span, replacement: &str) -> Mutant {
        Mutant {
            name: String::new(),
            file: String::new(),
            function: function.map(|span| Function { span }),
            span,
            replacement: replacement.to_owned(),
        }
    }

    #[test]
    fn each_change_is_a_body_of_its_own_beside_the_one_that_was() {
        let source = "/// Doc {\nfn f(a: u8) -> u8 {\n    a + 1\n}\n";
        let function = Some(span((1, 1), (4, 2)));
        let zero = mutant(function, span((3, 5), (3, 10)), "0");
        let minus = mutant(function, span((3, 7), (3, 8)), "-");
        let woven = weave(source, &[(7, &zero), (9, &minus)]);
        let arms = "match crate::mutants_taken(7) {\n7 => { \n    0\n }\n9 => { \n    a - 1\n }\n_ => { \n    a + 1\n }\n}\n";
        assert_eq!(
            woven.text,
            format!("/// Doc {{\nfn f(a: u8) -> u8 {{\n{arms}}}\n")
        );
        assert_eq!(woven.lines, [(4..7, 7), (7..10, 9)]);
        assert_eq!(woven.functions, BTreeMap::from([(7, 7), (9, 7)]));
        assert_eq!(woven.left, [0; 0]);
    }

    #[test]
    fn constants_are_left_and_a_function_within_another_is_changed_with_it() {
        let source =
            "const A: u8 = 1 + 1;\nconst fn c() -> u8 { 1 }\nfn f() { fn g() { h() } g() }\n";
        let constant = mutant(None, span((1, 17), (1, 18)), "*");
        let early = mutant(Some(span((2, 1), (2, 25))), span((2, 22), (2, 23)), "0");
        let inner = mutant(Some(span((3, 10), (3, 24))), span((3, 19), (3, 22)), "()");
        let outer = mutant(Some(span((3, 1), (3, 30))), span((3, 10), (3, 28)), "()");
        let woven = weave(
            source,
            &[(0, &constant), (1, &early), (2, &inner), (3, &outer)],
        );
        assert_eq!(woven.left, [1, 0]);
        assert_eq!(woven.functions, BTreeMap::from([(2, 3), (3, 3)]));
        assert!(
            woven.text.contains("2 => {  fn g() { () } g()  }"),
            "{}",
            woven.text
        );
    }

    #[test]
    fn a_brace_in_a_text_a_character_or_a_comment_is_none() {
        for inside in [
            r#" "}" "#,
            r##" r#"}"# "##,
            r#" b"}\"}" "#,
            " '}' ",
            r" '\'' ",
            " /* } */ ",
            " // }\n",
            " 'a: loop { break 'a } ",
            " &'static str ",
            r#" for "{" "#,
        ] {
            let function = format!("fn f<const N: usize>() -> [u8; {{ N }}] {{{inside}}}");
            let found = body(&function).map(|inner| &function[inner]);
            assert_eq!(found, Some(inside), "{function}");
        }
        assert_eq!(body("fn f();"), None);
    }
}

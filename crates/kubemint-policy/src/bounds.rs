//! How deep and how long a policy may be, looked at before it is parsed.
//!
//! Parsing, validating, asking and dropping a policy call themselves as deep as it goes, and a stack that overflows ends the
//! process: no old set is kept, and no request is finished. So what goes too deep is a problem with its line.

use crate::error::Problem;
use crate::load::Source;

/// The stack that policies are parsed and validated on, in octets: far more than what is within the bounds needs.
pub(crate) const STACK: usize = 64 * 1024 * 1024;
/// Most brackets within brackets.
const MOST_DEEP: usize = 32;
/// Most operators of one policy: each may be the operand of the next.
const MOST_OPERATORS: usize = 256;
/// The words that are operators; a clause is an operand of the one before.
const WORDS: [&str; 7] = ["if", "in", "has", "like", "is", "when", "unless"];
/// The words behind which no operand has ended, besides.
const OPENING: [&str; 2] = ["then", "else"];

/// What goes too deep: of each policy the first place.
pub(crate) fn problems(source: &Source) -> Vec<Problem> {
    let mut found = Vec::new();
    let (mut depth, mut operators, mut line) = (0_usize, 0_usize, 1);
    // Whether an operand ends here: a bracket behind one takes a part of it, and else begins a set.
    let (mut told, mut operand) = (false, false);
    let mut rest = source.text.as_str();
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '/' if rest.starts_with("//") => length = rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' => (length, operand) = (text(rest), true),
            '(' | '[' | '{' => {
                operators += usize::from(next == '[' && operand);
                (depth, operand) = (depth + 1, false);
            }
            ')' | ']' | '}' => (depth, operand) = (depth.saturating_sub(1), true),
            ';' => (depth, operators, told, operand) = (0, 0, false, false),
            _ if next.is_whitespace() => {}
            _ => {
                let is_operator;
                (is_operator, length) = token(rest, length);
                operators += usize::from(is_operator);
                let word = &rest[..length];
                operand = !is_operator && !OPENING.contains(&word) && is_of_a_word(next);
            }
        }
        if (depth > MOST_DEEP || operators > MOST_OPERATORS) && !told {
            told = true;
            found.push(Problem {
                file: source.name.clone(),
                line: Some(line),
                column: None,
                message: format!(
                    "the policy goes too deep: more than {MOST_DEEP} brackets within brackets, or more than {MOST_OPERATORS} \
                     operators (many values are better asked for as a set: [\"a\", \"b\"].contains(x))"
                ),
            });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Whether an operator begins here, and how long the word or sign is; another sign is of `one`.
fn token(rest: &str, one: usize) -> (bool, usize) {
    let word = rest.find(|c: char| !is_of_a_word(c)).unwrap_or(rest.len());
    if word > 0 {
        return (WORDS.contains(&&rest[..word]), word);
    }
    let two = ["||", "&&", "==", "!=", "<=", ">="];
    if two.iter().any(|sign| rest.starts_with(sign)) {
        return (true, 2);
    }
    (rest.starts_with(['!', '-', '+', '*', '.', '<', '>']), one)
}

fn is_of_a_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// How long the text is that begins here, with its quotes.
fn text(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == '"' && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let source = Source {
            name: "a.cedar".to_owned(),
            text: text.to_owned(),
        };
        let found = problems(&source);
        found.iter().filter_map(|problem| problem.line).collect()
    }

    #[test]
    fn brackets_count_as_deep_as_they_are_and_not_in_texts_and_comments() {
        let nested = |depth: usize| format!("{}{}", "(".repeat(depth), ")".repeat(depth));
        let mixed = |depth: usize| format!("{}\n{}", "[".repeat(16), "{".repeat(depth - 16));
        let quoted = nested(40);
        for (text, expected) in [
            (nested(32), vec![]),
            (nested(32).repeat(3), vec![]),
            (format!("\n{}", nested(33)), vec![2]),
            (mixed(32), vec![]),
            (mixed(33), vec![2]),
            (format!("\"\n{quoted}\" {}", nested(33)), vec![2]),
            (format!("\"\\\"{quoted}\\\\\" // {quoted}"), vec![]),
            (format!("// \"\n{}", nested(33)), vec![2]),
            ("(;".repeat(40), vec![]),
            (format!("{}\n;{}", nested(50), nested(33)), vec![1, 2]),
        ] {
            assert_eq!(lines(&text), expected, "{text}");
        }
    }

    #[test]
    fn operators_count_for_each_policy() {
        for sign in [
            "||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "-", "+", "*", ".", "if", "in",
            "has", "like", "is", "when", "unless",
        ] {
            let most = format!("a {sign} b ").repeat(MOST_OPERATORS);
            assert_eq!(lines(&most), [0; 0], "{sign}");
            assert_eq!(lines(&format!("{most};{most}")), [0; 0], "{sign}");
            assert_eq!(lines(&format!("{most}\n{sign} {most}")), [2], "{sign}");
        }
        // A part that is taken of something, which may be taken of again; a set is none.
        for operand in ["a", "\"a\"", "f(x)", "{}", "[1]", "a // [\n", "17"] {
            let most = operand.to_owned() + &"[\"a\"]".repeat(MOST_OPERATORS);
            assert_eq!(lines(&most), [0; 0], "{operand}");
            assert_eq!(lines(&format!("{most}[\"a\"]")).len(), 1, "{operand}");
        }
        let sets = "[a], ([b]), [[c], [d]], then [e], else [f] in [g], :: [h], ".repeat(200);
        assert_eq!(lines(&sets), [0; 0]);
        let none = "\"a || b\", inner, is_x, Action::\"x\", 17 / é // a && b\n".repeat(300);
        assert_eq!(lines(&none), [0; 0]);
    }
}

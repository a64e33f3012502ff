//! What Rust holds the values of a schema in: a type of the language, or with bounds one of its own that holds no other value.

use super::interval::{self, Interval};
use super::names;
use super::schema::Pair;
use super::view::View;

/// The longest list of a fixed length that is an array.
const LONGEST_ARRAY: f64 = 32.0;

/// Formats of strings with types of their own, which know no bounds.
const TYPED: [&str; 8] = [
    "date",
    "date-time",
    "uuid",
    "ip",
    "ipv4",
    "ipv6",
    "binary",
    "partial-date-time",
];

/// Whether both are texts that Rust holds as such, whatever their format says.
pub(super) fn are_texts(pair: &Pair<'_, '_>) -> bool {
    [&pair.old, &pair.new].into_iter().all(|view| {
        let format = view.text("format").unwrap_or_default();
        view.kind() == Some("string") && !TYPED.contains(&format)
    })
}

/// What is told when the first bound of a schema, or the end of its last one, gives it another type.
pub(super) fn change(pair: &Pair<'_, '_>) -> Option<String> {
    let own = names::value_type(&pair.new_at.pointer, &pair.rust);
    let called = |held: Held| match held {
        Held::Open(of) => of,
        Held::Closed => format!("`{own}`"),
    };
    let (before, after) = (held(&pair.old)?, held(&pair.new)?);
    if before == after {
        return None;
    }
    let component = pair.new_at.pointer.strip_prefix("/components/schemas/");
    let component = component.is_some_and(|name| !name.contains('/'));
    Some(match (before, after) {
        (Held::Open(of), Held::Closed) if component => format!(
            "`{own}` no longer holds any {of}: its field is private, and it is made by `try_from`"
        ),
        (Held::Closed, Held::Open(of)) if component => {
            format!("`{own}` holds any {of} now, in a public field")
        }
        (before, after) => {
            let what = if pair.rust.contains("::") {
                format!("the type of `{}`", pair.rust)
            } else {
                "its type".to_owned()
            };
            format!(
                "{what} changes from {} to {}",
                called(before),
                called(after)
            )
        }
    })
}

#[derive(PartialEq)]
enum Held {
    /// In a type of the language.
    Open(String),
    /// In one that is made for it.
    Closed,
}

/// `None` for what bounds give no type.
fn held(view: &View<'_>) -> Option<Held> {
    let has = |key: &str| view.get(key).is_some();
    if ["enum", "oneOf", "anyOf"].into_iter().any(has) {
        return None;
    }
    let number = |key: &str| {
        let numbers = view.all(key).into_iter();
        let mut numbers = numbers.filter_map(|at| at.node.as_number()?.as_f64());
        numbers.next()
    };
    let above = |key: &str, least: f64| number(key).is_some_and(|n| n > least);
    let bounded = has("minimum") || has("maximum");
    let format = view.text("format").unwrap_or_default();
    let (open, closed) = match view.kind()? {
        "integer" => {
            let machine = match format {
                "int8" => "i8",
                "int16" => "i16",
                "int32" => "i32",
                "uint8" => "u8",
                "uint16" => "u16",
                "uint32" => "u32",
                "uint" | "uint64" | "uint128" => "u64",
                _ => "i64",
            };
            let (least, most) = match interval::range(format) {
                (None, None) => interval::range("int64"),
                known => known,
            };
            let narrower = match Interval::of(view) {
                Interval::Whole(low, high) => {
                    low.is_some_and(|low| Some(low) > least)
                        || high.is_some_and(|high| most.is_none_or(|most| high < most))
                }
                Interval::Real(..) => false,
            };
            (machine, narrower || above("multipleOf", 1.0))
        }
        "number" if format == "float" => ("f32", bounded || above("multipleOf", 0.0)),
        "number" => ("f64", bounded || above("multipleOf", 0.0)),
        "string" if TYPED.contains(&format) => return None,
        "string" => {
            let bounded = above("minLength", 0.0) || has("maxLength") || has("pattern");
            ("String", bounded)
        }
        "array" => {
            let (least, most) = (number("minItems"), number("maxItems"));
            let unique = view.is_true("uniqueItems");
            if let Some(count) =
                most.filter(|most| Some(*most) == least && *most <= LONGEST_ARRAY && !unique)
            {
                return Some(Held::Open(format!("`[_; {count}]`")));
            }
            ("Vec", above("minItems", 0.0) || has("maxItems") || unique)
        }
        // Named members are fields, whose count is the server's to check.
        "object" if !has("properties") && !has("required") => {
            let bounded = above("minProperties", 0.0) || has("maxProperties");
            return Some(if bounded {
                Held::Closed
            } else {
                Held::Open("map".to_owned())
            });
        }
        _ => return None,
    };
    Some(if closed {
        Held::Closed
    } else {
        Held::Open(format!("`{open}`"))
    })
}

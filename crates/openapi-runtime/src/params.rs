//! Parameters: from the text of path, query and headers to typed values, each error naming its parameter.

use crate::schema::Schema;
use crate::strict::{self, Limits, printable_name};
use crate::template::Segment;
use crate::{Detail, Fault};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// The parameters of one place (path, query or headers) of an operation. Generated.
pub trait Parameters: JsonSchema + Sized + Send + Sync + 'static {
    /// Whether there are none.
    const EMPTY: bool = false;
    /// Whether dropshot can describe any of them: it cannot describe lists.
    const DESCRIBED: bool = true;
    /// Takes each parameter from `values`; `None` when one of them was noted as wrong.
    fn decode(values: &mut Values<'_>) -> Option<Self>;
}

/// How much is told of what is wrong with the parameters of one place: a query may have thousands.
const MOST_TOLD: usize = Limits::DEFAULT.violations;

/// The names and values of a form or query.
///
/// # Errors
/// 400 when a name or value is not UTF-8, or not escaped as such: what one reader takes for text another may not.
pub(crate) fn pairs(text: &str, place: &str) -> Result<Vec<(String, String)>, (u16, Fault)> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            let decoded = percent_decode_str(&text).decode_utf8();
            decoded.ok().map(|text| text.into_owned())
        };
        let name = decode(name).ok_or_else(|| {
            let message = format!("{place}: a name is not UTF-8");
            (400, Fault::because("not_utf8", message))
        })?;
        let value = decode(value).ok_or_else(|| {
            let name = printable_name(&name);
            let fault = Fault::new(format!("{place}: {name}: is not UTF-8"));
            (400, fault.detail(Detail::new("not_utf8").field(name)))
        })?;
        if !is_escaped(pair) {
            let name = printable_name(&name);
            let message = format!("{place}: {name}: has a `%` without two hexadecimal digits");
            let detail = Detail::new("invalid_parameter").field(name);
            return Err((400, Fault::new(message).detail(detail)));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Whether each `%` has two hexadecimal digits behind it (RFC 3986, section 2.1).
fn is_escaped(text: &str) -> bool {
    let digits = |after: &str| {
        let mut two = after.bytes().take(2);
        after.len() >= 2 && two.all(|octet| octet.is_ascii_hexdigit())
    };
    text.split('%').skip(1).all(digits)
}

/// No parameters.
impl Parameters for () {
    const EMPTY: bool = true;
    fn decode(_: &mut Values<'_>) -> Option<Self> {
        Some(())
    }
}

/// The texts of the parameters of one place, and what was found wrong with them.
pub struct Values<'a> {
    place: &'static str,
    /// Names that are no parameters, and may be there: keys of callers.
    others: Vec<&'static str>,
    texts: Texts<'a>,
    details: Vec<Detail>,
    messages: Vec<String>,
}

enum Texts<'a> {
    /// Names and decoded values, in order.
    Pairs(Vec<(String, String)>),
    Headers(&'a HeaderMap),
}

impl<'a> Values<'a> {
    fn new(place: &'static str, texts: Texts<'a>) -> Self {
        Values {
            place,
            others: Vec::new(),
            texts,
            details: Vec::new(),
            messages: Vec::new(),
        }
    }

    /// The variables of `template` in `path`, both beginning with `/`.
    ///
    /// # Errors
    /// 404 when the path is not of the template: an empty segment, a trailing slash. (The router is lenient there.)
    pub(crate) fn path(template: &str, path: &str) -> Result<Self, (u16, Fault)> {
        let not_found = || (404, Fault::because("not_found", "no such path"));
        let mut pairs = Vec::new();
        let (mut wanted, mut given) = (template.split('/'), path.split('/'));
        loop {
            let (wanted, given) = match (wanted.next(), given.next()) {
                (None, None) => break,
                (Some(wanted), Some(given)) => (wanted, given),
                _ => return Err(not_found()),
            };
            let text = percent_decode_str(given)
                .decode_utf8()
                .map_err(|_| not_found())?;
            let segment = Segment::of(wanted);
            let value = segment.value(&text).ok_or_else(not_found)?;
            pairs.extend(value.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Ok(Values::new("path", Texts::Pairs(pairs)))
    }

    /// The parameters of a query string (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// 400 when a name or value is not UTF-8.
    pub(crate) fn query(query: &str) -> Result<Self, (u16, Fault)> {
        let pairs = pairs(query, "query")?;
        Ok(Values::new("query", Texts::Pairs(pairs)))
    }

    /// The same, where these names may be there besides.
    pub(crate) fn beside(mut self, others: impl Iterator<Item = &'static str>) -> Self {
        self.others.extend(others);
        self
    }

    /// The headers of a request.
    pub(crate) fn headers(headers: &'a HeaderMap) -> Self {
        Values::new("headers", Texts::Headers(headers))
    }

    /// A parameter that must be there. `None` means that it was noted as wrong.
    pub fn required<T: DeserializeOwned>(&mut self, name: &str, schema: &Schema) -> Option<T> {
        match self.optional(name, schema)? {
            Some(value) => Some(value),
            None => {
                self.note("missing_parameter", name, "is required");
                None
            }
        }
    }

    /// A parameter that may be absent. The outer `None` means that it was noted as wrong.
    pub fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
        schema: &Schema,
    ) -> Option<Option<T>> {
        let text = match self.take(name) {
            Err(()) => return None,
            Ok(None) => return Some(None),
            Ok(Some(text)) => text,
        };
        let checked = strict::check_str(name, &text, schema);
        self.decoded(name, checked)
    }

    /// A parameter that stands for `default`, the JSON text of a value of its schema, when it is absent.
    pub fn or<T: DeserializeOwned>(
        &mut self,
        name: &str,
        schema: &Schema,
        default: &str,
    ) -> Option<T> {
        match self.optional(name, schema)? {
            Some(value) => Some(value),
            None => serde_json::from_str(default).ok(),
        }
    }

    /// A parameter that is a list and must be there. `None` means that it was noted as wrong.
    pub fn list_required<T: DeserializeOwned>(
        &mut self,
        name: &str,
        schema: &Schema,
        explode: bool,
    ) -> Option<T> {
        match self.list(name, schema, explode)? {
            Some(list) => Some(list),
            None => {
                self.note("missing_parameter", name, "is required");
                None
            }
        }
    }

    /// A parameter that is a list and stands for `default`, the JSON text of a value of its schema, when it is absent.
    pub fn list_or<T: DeserializeOwned>(
        &mut self,
        name: &str,
        schema: &Schema,
        explode: bool,
        default: &str,
    ) -> Option<T> {
        match self.list(name, schema, explode)? {
            Some(list) => Some(list),
            None => serde_json::from_str(default).ok(),
        }
    }

    /// A parameter that is a list: its name repeated (`explode`), or one text with commas. The outer `None` means that
    /// it was noted as wrong.
    pub fn list<T: DeserializeOwned>(
        &mut self,
        name: &str,
        schema: &Schema,
        explode: bool,
    ) -> Option<Option<T>> {
        let texts: Vec<String> = match &mut self.texts {
            Texts::Pairs(pairs) if explode => {
                let (ours, others): (Vec<_>, Vec<_>) = std::mem::take(pairs)
                    .into_iter()
                    .partition(|(key, _)| key == name);
                *pairs = others;
                ours.into_iter().map(|(_, value)| value).collect()
            }
            _ => match self.take(name) {
                Err(()) => return None,
                Ok(None) => Vec::new(),
                Ok(Some(text)) => text.split(',').map(|item| item.trim().to_owned()).collect(),
            },
        };
        if texts.is_empty() {
            return Some(None);
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let checked = strict::check_list(name, &texts, schema);
        self.decoded(name, checked)
    }

    /// What was checked, as its type; notes what is wrong.
    fn decoded<T: DeserializeOwned>(
        &mut self,
        name: &str,
        checked: Result<serde_json::Value, strict::Violations>,
    ) -> Option<Option<T>> {
        match checked {
            Ok(value) => match serde_json::from_value(value) {
                Ok(value) => Some(Some(value)),
                // The schema and the type come from one document: not reached, and still the caller's value.
                Err(_) => {
                    self.note(
                        "invalid_parameter",
                        name,
                        "is not what the document describes",
                    );
                    None
                }
            },
            Err(violations) => {
                let fault = Fault::from(&violations);
                self.messages
                    .push(format!("{}: {}", self.place, fault.message));
                self.details.extend(fault.details);
                None
            }
        }
    }

    /// The text of a parameter; taken out, so that what remains is unknown.
    fn take(&mut self, name: &str) -> Result<Option<String>, ()> {
        let (count, text) = match &mut self.texts {
            Texts::Pairs(pairs) => {
                let mut found: Vec<String> = Vec::new();
                pairs.retain_mut(|(key, value)| {
                    let ours = key == name;
                    if ours {
                        found.push(std::mem::take(value));
                    }
                    !ours
                });
                (found.len(), found.pop())
            }
            Texts::Headers(headers) => {
                let mut values = headers.get_all(name).iter();
                match (values.next(), values.count()) {
                    (None, _) => (0, None),
                    (Some(value), 0) => match value.to_str() {
                        Ok(text) => (1, Some(text.to_owned())),
                        Err(_) => {
                            self.note(
                                "invalid_parameter",
                                name,
                                "holds other than visible ASCII characters",
                            );
                            return Err(());
                        }
                    },
                    (Some(_), more) => (more + 1, None),
                }
            }
        };
        if count > 1 {
            self.note("duplicate_parameter", name, "is given more than once");
            return Err(());
        }
        Ok(text)
    }

    fn note(&mut self, reason: &'static str, name: &str, why: &str) {
        self.messages.push(format!("{}: {name}: {why}", self.place));
        self.details.push(Detail::new(reason).field(name));
    }

    /// Decodes all parameters of the place.
    ///
    /// # Errors
    /// 400 with every parameter that is wrong, duplicate or (in a query) unknown.
    pub(crate) fn decode<P: Parameters>(mut self) -> Result<P, (u16, Fault)> {
        let decoded = P::decode(&mut self);
        if let Texts::Pairs(pairs) = &mut self.texts {
            let mut left = std::mem::take(pairs);
            left.retain(|(name, _)| !self.others.contains(&name.as_str()));
            for (name, _) in left {
                let name = printable_name(&name);
                self.note(
                    "unknown_parameter",
                    if name.is_empty() { "?" } else { &name },
                    "is no parameter of this operation",
                );
            }
        }
        if self.details.len() > MOST_TOLD {
            self.details.truncate(MOST_TOLD);
            self.messages.truncate(MOST_TOLD);
            self.messages.push("and more".to_owned());
        }
        match decoded {
            Some(decoded) if self.details.is_empty() => Ok(decoded),
            _ => Err((
                400,
                Fault {
                    message: self.messages.join("; "),
                    details: self.details,
                    ..Fault::default()
                },
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> Fault {
        let decoded = Values::query(query).and_then(Values::decode::<()>);
        let (status, fault) = decoded.unwrap_err();
        assert_eq!(status, 400);
        fault
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_told_by_the_name_of_its_parameter() {
        let fault = refused("a=1&user=%ff");
        assert_eq!(fault.message, "query: user: is not UTF-8");
        assert_eq!(fault.details, [Detail::new("not_utf8").field("user")]);
        assert_eq!(refused("%ff=user").message, "query: a name is not UTF-8");
    }

    #[test]
    fn an_escape_that_is_none_is_told_by_the_name_of_its_parameter() {
        for query in ["a=1&user=%zz", "user=a%", "user=%4", "user=%é", "user=%+1"] {
            let fault = refused(query);
            let detail = Detail::new("invalid_parameter").field("user");
            assert_eq!(fault.details, [detail], "{query}");
        }
        assert_eq!(refused("a%zz=1").details[0].field.as_deref(), Some("a%zz"));
        let read = pairs("a=%41%2b%25zz+b", "query").map_err(|(_, fault)| fault.message);
        assert_eq!(read, Ok(vec![("a".to_owned(), "A+%zz b".to_owned())]));
    }

    #[test]
    fn no_more_is_told_than_was_agreed_however_many_parameters_there_are() {
        let fault = refused(&"a&".repeat(16));
        assert_eq!(fault.details.len(), 16);
        assert!(!fault.message.ends_with("and more"), "{}", fault.message);
        let fault = refused(&"a&".repeat(4000));
        assert_eq!(fault.details.len(), 16);
        assert!(fault.message.ends_with("; and more") && fault.message.len() < 1000);
    }
}

//! JSON without ambiguity: an object whose members, at any depth, occur once.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The object in `text`, or `None` if it is none, has anything after it, or holds a member twice: two readers might
/// take a different one (RFC 8725, section 2.4). Nesting beyond 127 levels is refused by the parser.
pub fn object(text: &[u8]) -> Option<Map<String, Value>> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Unique.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    serde_json::from_slice(text).ok()
}

/// Reads any value for nothing but its members' names. Names are compared as they mean, after escapes.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Unique)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member occurs twice"));
            }
            map.next_value_seed(Unique)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read() {
        let read =
            object(br#" {"a": [1, -2, 3.5, "x", null, true, {"a": {}}], "b": {"a": 1}} "#).unwrap();
        assert_eq!(read["b"]["a"], 1);
        assert_eq!(read["a"][6]["a"], serde_json::json!({}));
    }

    #[test]
    fn what_two_readers_might_take_differently_is_no_object() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let texts: [&[u8]; 20] = [
            b"",
            b"null",
            b"[]",
            b"\"{}\"",
            b"{}{}",
            b"{} x",
            b"\xef\xbb\xbf{}",
            b"{\"a\":1,\"a\":1}",
            b"{\"a\":1,\"\\u0061\":2}",
            b"{\"x\":{\"a\":1,\"a\":1}}",
            b"{\"x\":[0,{\"y\":{\"a\":1,\"b\":2,\"a\":3}}]}",
            b"{\"a\":1,}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"{\"a\":1e999}",
            b"{\"a\":01}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\n\"}",
            deep.as_bytes(),
        ];
        for text in texts {
            assert_eq!(
                object(text),
                None,
                "{}",
                text[..text.len().min(60)].escape_ascii()
            );
        }
    }
}

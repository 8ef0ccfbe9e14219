//! The client's address on a line of a log, and what stands around it there; the host that was asked for.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::str::from_utf8;

use ipgate::Shown;
use ipgate::client::{Elements, parse_forwarded, parse_node};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::args::LogForm;
use crate::quoted::unescaped;

/// How many characters of what is no address are shown.
const SHOWN: usize = 60;

/// Why a line has no usable address, or no host.
pub(crate) enum Trouble<'l> {
    NoField(usize),
    NoKey(&'l str),
    NotJson(serde_json::Error),
    /// Fewer addresses than were counted from the right.
    TooFew {
        text: Cow<'l, str>,
        nth: usize,
    },
    NoAddress {
        text: Cow<'l, str>,
        may_be_several: bool,
    },
}

impl LogForm {
    /// The client's address on a line.
    pub(crate) fn client<'l>(&'l self, line: &'l [u8]) -> Result<IpAddr, Trouble<'l>> {
        let text = match &self.json_key {
            Some(key) => Cow::Owned(json_text(line, key)?),
            None => {
                let field = self.field(line, self.client_field)?;
                match from_utf8(field) {
                    Ok(text) => Cow::Borrowed(text),
                    Err(_) => String::from_utf8_lossy(field),
                }
            }
        };
        let Some(nth) = self.forwarded else {
            return dressed(text.as_bytes())
                .ok_or(Trouble::NoAddress { may_be_several: text.contains(','), text });
        };
        let elements = match self.json_key {
            Some(_) => Cow::Borrowed(&*text),
            None => unescaped(unquoted(&text)),
        };
        let element = Elements::new(elements.as_bytes()).nth(nth.get() - 1);
        match element.map(|element| dressed(element).or_else(|| parse_forwarded(element).ok())) {
            Some(Some(address)) => Ok(address),
            Some(None) => Err(Trouble::NoAddress { text, may_be_several: false }),
            None => Err(Trouble::TooFew { text, nth: nth.get() }),
        }
    }

    /// The host that was asked for, which stands in that field. What is no text is no host, and of no app.
    pub(crate) fn host<'l>(&self, line: &'l [u8], field: NonZeroUsize) -> Result<&'l str, Trouble<'l>> {
        Ok(unquoted(from_utf8(self.field(line, field)?).unwrap_or_default()))
    }

    /// A field that holds anything.
    fn field<'l>(&self, line: &'l [u8], number: NonZeroUsize) -> Result<&'l [u8], Trouble<'l>> {
        let nth = number.get() - 1;
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let field = match (self.delimiter, self.quoted) {
            (Some(delimiter), false) => line.split(|&byte| byte == delimiter).nth(nth),
            (None, false) => line.split(is_blank).filter(|field| !field.is_empty()).nth(nth),
            (Some(delimiter), true) => quoted_fields(line, move |&byte| byte == delimiter).nth(nth),
            (None, true) => quoted_fields(line, is_blank).filter(|field| !field.is_empty()).nth(nth),
        };
        field.filter(|field| !field.is_empty()).ok_or(Trouble::NoField(number.get()))
    }
}

/// Fields between delimiters. One that begins with a quote or a bracket has none inside up to the closing one.
fn quoted_fields(line: &[u8], is_delimiter: impl Fn(&u8) -> bool) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let closed = closed(line);
        let end = line.get(closed..)?.iter().position(&is_delimiter).map(|at| closed + at);
        let (field, behind) = line.split_at(end.unwrap_or(line.len()));
        rest = end.and_then(|_| behind.get(1..));
        Some(field)
    })
}

/// Where a quote or bracket at the start is closed, 0 where there is none. A quote inside is written `\"` or `""`.
fn closed(line: &[u8]) -> usize {
    let close = match line.first() {
        Some(b'"') => b'"',
        Some(b'[') => b']',
        _ => return 0,
    };
    let mut at = 1;
    loop {
        match (line.get(at), line.get(at + 1)) {
            (None, _) => return line.len(),
            (Some(b'\\'), Some(_)) => at += 2,
            (Some(b'"'), Some(b'"')) if close == b'"' => at += 2,
            (Some(&byte), _) if byte == close => return at + 1,
            _ => at += 1,
        }
    }
}

/// Without blanks around it, and the quotes in which it stands.
fn unquoted(text: &str) -> &str {
    let text = text.trim_matches([' ', '\t']);
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text).trim_matches([' ', '\t'])
}

/// An address in quotes, in brackets, with a port, or none of it.
fn dressed(text: &[u8]) -> Option<IpAddr> {
    parse_node(unquoted(from_utf8(text).ok()?).as_bytes()).ok()
}

/// The text under a key of a JSON object. A list of texts, as headers are logged that came more than once, is one
/// text with commas.
fn json_text<'k>(line: &[u8], key: &'k str) -> Result<String, Trouble<'k>> {
    let mut json = serde_json::Deserializer::from_slice(line);
    let found = At(key).deserialize(&mut json).and_then(|found| json.end().map(|()| found));
    let as_text = |value: Value| match value {
        Value::String(text) => text,
        Value::Array(values) => {
            let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
            texts.map_or_else(|| Value::Array(values.clone()).to_string(), |texts| texts.join(","))
        }
        other => other.to_string(),
    };
    found.map_err(Trouble::NotJson)?.map(as_text).ok_or(Trouble::NoKey(key))
}

/// Looks for a key, or for the keys of objects in objects with dots between, and builds nothing else.
struct At<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let deeper = self.0.strip_prefix(&*key).and_then(|rest| rest.strip_prefix('.'));
            if *key == *self.0 {
                found = Some(map.next_value()?); // the last one counts, as everywhere
            } else if let Some(rest) = deeper {
                found = map.next_value_seed(At(rest))?.or(found);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl Trouble<'_> {
    /// A sentence about the line with that number.
    pub(crate) fn sentence(&self, number: u64, form: &LogForm) -> String {
        let place = match &form.json_key {
            Some(key) => format!("key `{key}`"),
            None => format!("field {}", form.client_field),
        };
        match self {
            Trouble::NoField(field) => format!("line {number} has no field {field}"),
            Trouble::NoKey(key) => format!("line {number} has no key `{key}`"),
            Trouble::NotJson(error) => format!("line {number} is not JSON: {error}"),
            Trouble::TooFew { text, nth } => {
                format!(
                    "line {number}: {place} is `{}`, which has no element {nth} from the right",
                    shown(text)
                )
            }
            Trouble::NoAddress { text, may_be_several } => {
                let hint = if *may_be_several { "; of several, --forwarded takes one" } else { "" };
                format!("line {number}: {place} is `{}`, which is not an IP address{hint}", shown(text))
            }
        }
    }
}

fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    Shown(&start).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(address: &str) -> String {
        dressed(address.as_bytes()).map_or_else(|| "-".to_owned(), |address| address.to_string())
    }

    #[test]
    fn what_stands_around_an_address() {
        for address in [
            "192.0.2.7",
            "192.0.2.7:4711",
            "\"192.0.2.7\"",
            "'192.0.2.7:1'",
            "[192.0.2.7]:25",
            " 192.0.2.7\t",
        ] {
            assert_eq!(text(address), "192.0.2.7", "{address}");
        }
        for address in ["2001:db8::1", "[2001:db8::1]", "\"[2001:db8::1]:65535\"", "[2001:db8::1]:0"] {
            assert_eq!(text(address), "2001:db8::1", "{address}");
        }
        assert_eq!(text("[::ffff:192.0.2.7]:80"), "192.0.2.7");
        for none in [
            "",
            "-",
            "unix:",
            "\"",
            "192.0.2.7:",
            "192.0.2.7:x",
            "192.0.2.7:65536",
            "192.0.2.7:+1",
            "192.0.2.7,",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]443",
            "[fe80::1%eth0]:80",
            "[]:80",
            ":80",
            "\"192.0.2.7",
            "192.0.2.07:80",
            "192.0.2:80",
            "[[::1]]",
            "1.2.3.4 5.6.7.8",
        ] {
            assert_eq!(text(none), "-", "{none}");
        }
    }

    #[test]
    fn quoted_fields_go_on_to_the_closing_quote() {
        let fields = |line: &str| {
            let fields = quoted_fields(line.as_bytes(), |byte| *byte == b' ');
            fields.map(|field| from_utf8(field).unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(fields("a [b c] \"d e\" f"), ["a", "[b c]", "\"d e\"", "f"]);
        assert_eq!(
            fields("\"a \\\" b\" \"c \"\" d\" [::1]:80 x\"y z\""),
            ["\"a \\\" b\"", "\"c \"\" d\"", "[::1]:80", "x\"y", "z\""]
        );
        assert_eq!(fields("\"a b"), ["\"a b"]);
        assert_eq!(fields("\"a\\"), ["\"a\\"]);
        assert_eq!(fields(" a "), ["", "a", ""]);
        assert_eq!(fields(""), [""]);
    }
}

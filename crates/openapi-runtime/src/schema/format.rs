//! The formats that are checked, and their names in a document.

/// The machine type of an integer: `format` beside `type: integer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names say it.
pub enum IntegerFormat {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
}

impl IntegerFormat {
    /// The format that a document calls so; none if it is not one that limits the value.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "int8" => Self::Int8,
            "int16" => Self::Int16,
            "int32" => Self::Int32,
            "int64" | "int" => Self::Int64,
            "uint8" => Self::Uint8,
            "uint16" => Self::Uint16,
            "uint32" => Self::Uint32,
            "uint64" | "uint" => Self::Uint64,
            _ => return None,
        })
    }

    /// The least and the greatest value.
    #[must_use]
    pub const fn range(self) -> (i128, i128) {
        match self {
            Self::Int8 => (i8::MIN as i128, i8::MAX as i128),
            Self::Int16 => (i16::MIN as i128, i16::MAX as i128),
            Self::Int32 => (i32::MIN as i128, i32::MAX as i128),
            Self::Int64 => (i64::MIN as i128, i64::MAX as i128),
            Self::Uint8 => (0, u8::MAX as i128),
            Self::Uint16 => (0, u16::MAX as i128),
            Self::Uint32 => (0, u32::MAX as i128),
            Self::Uint64 => (0, u64::MAX as i128),
        }
    }
}

/// The syntax of a string: `format` beside `type: string`. Formats that are not listed are not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4122 text: 8-4-4-4-12 hexadecimal digits of either case; no braces, no `urn:uuid:`.
    Uuid,
    /// RFC 3339 `date-time`: with a `T` and an offset, and only for instants that exist.
    DateTime,
    /// RFC 3339 `full-date`: `2026-11-05`.
    Date,
    /// RFC 3339 `full-time`: `10:00:00Z`, with an offset.
    Time,
    /// RFC 3339, appendix A: `P1DT12H`, or weeks alone.
    Duration,
    /// RFC 3986 URI: with a scheme.
    Uri,
    /// RFC 3986 URI reference: with or without a scheme.
    UriReference,
    /// An address of mail, judged coarsely: one `@` with something on both sides, and a host name behind it.
    Email,
    /// RFC 1123 host name, of at most 253 characters.
    Hostname,
    /// IPv4 in dotted decimals.
    Ipv4,
    /// IPv6 text, without a zone.
    Ipv6,
    /// Either of the two.
    Ip,
    /// RFC 4648 base64 with its padding.
    Byte,
}

impl Format {
    /// The format that a document calls so; none if it is not checked.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "uuid" => Self::Uuid,
            "date-time" => Self::DateTime,
            "date" => Self::Date,
            "time" => Self::Time,
            "duration" => Self::Duration,
            "uri" => Self::Uri,
            "uri-reference" => Self::UriReference,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "ip" => Self::Ip,
            "byte" => Self::Byte,
            _ => return None,
        })
    }

    /// Its name in a document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::DateTime => "date-time",
            Self::Date => "date",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Uri => "uri",
            Self::UriReference => "uri-reference",
            Self::Email => "email",
            Self::Hostname => "hostname",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Ip => "ip",
            Self::Byte => "byte",
        }
    }
}

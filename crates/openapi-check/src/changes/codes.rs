//! The code of every kind of change, and what it means.

/// Every kind of change and what it does to callers, for `explain`.
pub const CHANGES: &[(&str, &str)] = &[
    (
        "K0301",
        "An operation is gone, so callers of it get 404 or 405 (major).",
    ),
    (
        "K0302",
        "An operation is new (minor). A server does not compile until it implements it.",
    ),
    (
        "K0303",
        "An operation has another `operationId` (major, although the bytes are the same): it is the name of a method in every generated client.",
    ),
    (
        "K0304",
        "An operation is at another path or method, so callers call where nothing answers (major).",
    ),
    (
        "K0305",
        "Something is deprecated now, or no longer (minor).",
    ),
    (
        "K0311",
        "A parameter that callers must give is new (major).",
    ),
    ("K0312", "A parameter that callers may give is new (minor)."),
    (
        "K0313",
        "A parameter is gone (major): callers that give it mean something by it, and a strict server refuses it.",
    ),
    (
        "K0314",
        "Callers must give a parameter that they could leave out (major).",
    ),
    (
        "K0315",
        "Callers may leave out a parameter that they had to give (minor).",
    ),
    (
        "K0316",
        "A parameter is read from another place: path, query, header or cookie (major).",
    ),
    (
        "K0317",
        "A variable of a path has another name (minor: it is never sent). The client's builder has a method of that name.",
    ),
    (
        "K0318",
        "A parameter is written in another way (`style`, `explode`, `allowReserved`; major).",
    ),
    ("K0321", "An operation wants a body now (major)."),
    (
        "K0322",
        "An operation takes a body now, which may be left out (minor).",
    ),
    ("K0323", "An operation no longer takes a body (major)."),
    (
        "K0324",
        "Callers must send a body that they could leave out (major).",
    ),
    (
        "K0325",
        "Callers may leave out a body that they had to send (minor).",
    ),
    (
        "K0326",
        "A media type of what callers send is no longer read (major).",
    ),
    (
        "K0327",
        "A media type of what callers send is read too (minor).",
    ),
    (
        "K0331",
        "The status of a success is another one (major): a generated caller takes the new one for an error.",
    ),
    ("K0332", "A status of a success is gone (major)."),
    (
        "K0333",
        "A status of a success is new (major, unless a declared range or `default` holds it): a generated caller takes it for an error.",
    ),
    (
        "K0334",
        "A status of an error is no longer answered (minor).",
    ),
    (
        "K0335",
        "A status of an error is new (minor): callers must expect errors that they do not know.",
    ),
    ("K0336", "A response header is gone (major)."),
    ("K0337", "A response header is new (minor)."),
    (
        "K0338",
        "A response header that was always there may be absent (major).",
    ),
    ("K0339", "A response header is always there now (minor)."),
    ("K0341", "An answer without a body gets one (major)."),
    ("K0342", "An answer loses its body (major)."),
    ("K0343", "A media type of an answer is gone (major)."),
    (
        "K0344",
        "An answer may have a further media type (minor): callers ask for the ones that they know.",
    ),
    (
        "K0345",
        "An operation that anyone could call wants credentials (major).",
    ),
    (
        "K0346",
        "An operation that wanted credentials can be called by anyone (minor).",
    ),
    (
        "K0347",
        "Credentials that were enough for an operation are not any more: a scheme or scope was added to them, or they are not accepted (major).",
    ),
    (
        "K0348",
        "Further credentials are accepted for an operation (minor).",
    ),
    (
        "K0349",
        "A security scheme is of another kind, or carried elsewhere (major).",
    ),
    (
        "K0351",
        "A type is another one. Wider (integer to number, anything) is minor for what callers send and major for what they are sent; narrower the other way round; else major.",
    ),
    (
        "K0352",
        "A format is another one. Wider (int32 to int64, none) is minor for what callers send and major for what they are sent; narrower the other way round; else major.",
    ),
    (
        "K0353",
        "Whether null is a value changed. Allowed: minor for what callers send, major for what they are sent. Refused: the other way round.",
    ),
    (
        "K0354",
        "A value of an `enum` is gone: major for what callers send, minor for what they are sent.",
    ),
    (
        "K0355",
        "A value of an `enum` is new: minor for what callers send; major for what they are sent, since a generated type has no place for it, and exhaustive matches no longer compile.",
    ),
    (
        "K0356",
        "A closed list of values (`enum`) came or went. Came: major for what callers send, minor for what they are sent. Went: the other way round.",
    ),
    (
        "K0357",
        "A bound or pattern is tighter: major for what callers send, minor for what they are sent.",
    ),
    (
        "K0358",
        "A bound or pattern is looser: minor for what callers send; major for what they are sent, since older types refuse such values.",
    ),
    (
        "K0359",
        "A pattern or `multipleOf` is another one, and neither holds all values of the other, as far as can be told (major).",
    ),
    ("K0361", "A property is gone (major)."),
    (
        "K0362",
        "An optional property, or one that is only answered, is new (minor; major in answers whose objects had no further members, since older types refuse it).",
    ),
    ("K0363", "A property that callers must send is new (major)."),
    (
        "K0364",
        "A property became required: major for what callers send, minor for what they are sent.",
    ),
    (
        "K0365",
        "A property became optional: minor for what callers send, major for what they are sent.",
    ),
    (
        "K0366",
        "Further members of an object are refused or constrained: major for what callers send, minor for what they are sent.",
    ),
    (
        "K0367",
        "Further members of an object are allowed: minor for what callers send, major for what they are sent.",
    ),
    (
        "K0368",
        "A form of a `oneOf` or `anyOf` is gone: major for what callers send, minor for what they are sent.",
    ),
    (
        "K0369",
        "A form of a `oneOf` or `anyOf` is new: minor for what callers send, major for what they are sent.",
    ),
    (
        "K0370",
        "`oneOf` became `anyOf`, or the other way round. `anyOf` allows more: minor for what callers send, major for what they are sent; `oneOf` the other way round.",
    ),
    (
        "K0371",
        "A default is another one, or gone (major): what callers leave out means something else. A default where there was none is minor.",
    ),
    (
        "K0372",
        "The forms of a value are told apart by another property (`discriminator`; major).",
    ),
    (
        "K0373",
        "Whether a property is only answered (`readOnly`) or only sent (`writeOnly`) changed (minor).",
    ),
    (
        "K0374",
        "The words that tell the forms of a value apart (`mapping`) changed. A new one is minor for what callers send and major for what they are sent; a lost one the other way round; another meaning is major.",
    ),
    (
        "K0375",
        "A schema is of another name, which is the name of a type (minor: it is never sent).",
    ),
    (
        "K0376",
        "A named schema is gone (patch: what used it tells the rest).",
    ),
    (
        "K0377",
        "A named schema is new (patch: what uses it tells the rest).",
    ),
    ("K0390", "Words, examples or extensions changed (patch)."),
    ("K0391", "`servers` or `tags` changed (patch)."),
    (
        "K0392",
        "The documents differ, but mean the same: something is written out, or spelt in another way (patch).",
    ),
    (
        "K0399",
        "Something changed that these rules do not look into: callbacks, `not`, `xml`, `encoding`, pagination, websockets (major, to be safe).",
    ),
];

//! The code of every kind of change, and what it means.

/// Every kind of change, what it does to callers, and an example of one, for `explain`.
pub const CHANGES: &[(&str, &str)] = &[
    (
        "K0301",
        "An operation is gone, so callers of it get 404 or 405 (major).

    - /things/{id}:
    -   parameters:
    -   - {name: id, in: path, required: true, schema: {type: string}}
    -   delete:
    -     operationId: dropThing
    -     responses:
    -       '204': {description: Dropped}
    -       '404': {$ref: '#/components/responses/Failed'}",
    ),
    (
        "K0302",
        "An operation is new (minor). A server does not compile until it implements it.

    + /things/{id}:
    +   parameters:
    +   - {name: id, in: path, required: true, schema: {type: string}}
    +   delete:
    +     operationId: dropThing
    +     responses:
    +       '204': {description: Dropped}
    +       '404': {$ref: '#/components/responses/Failed'}",
    ),
    (
        "K0303",
        "An operation has another `operationId` (major, although the bytes are the same): it is the name of a method in every generated client.

    - operationId: dropThing
    + operationId: removeThing",
    ),
    (
        "K0304",
        "An operation is at another path or method, so callers call where nothing answers (major).

    - delete:
    + put:",
    ),
    (
        "K0305",
        "Something is deprecated now, or no longer (minor).

    + deprecated: true",
    ),
    (
        "K0311",
        "A parameter that callers must give is new (major).

    + - {name: owner, in: query, required: true, schema: {type: string}}",
    ),
    (
        "K0312",
        "A parameter that callers may give is new (minor).

    + - {name: owner, in: query, schema: {type: string}}",
    ),
    (
        "K0313",
        "A parameter is gone (major): callers that give it mean something by it, and a strict server refuses it.

    - - {name: owner, in: query, schema: {type: string}}",
    ),
    (
        "K0314",
        "Callers must give a parameter that they could leave out (major).

    - - {name: X-Trace, in: header, schema: {type: string, maxLength: 64}}
    + - {name: X-Trace, in: header, required: true, schema: {type: string, maxLength: 64}}",
    ),
    (
        "K0315",
        "Callers may leave out a parameter that they had to give (minor).

    - - {name: X-Trace, in: header, required: true, schema: {type: string, maxLength: 64}}
    + - {name: X-Trace, in: header, schema: {type: string, maxLength: 64}}",
    ),
    (
        "K0316",
        "A parameter is read from another place: path, query, header or cookie (major).

    - - {name: colour, in: query, schema: {type: string, enum: [red, green]}}
    + - {name: colour, in: header, schema: {type: string, enum: [red, green]}}",
    ),
    (
        "K0317",
        "A variable of a path has another name (minor: it is never sent). The client's builder has a method of that name.

    - /things/{id}:
    -   - {name: id, in: path, required: true, schema: {type: string}}
    + /things/{thing}:
    +   - {name: thing, in: path, required: true, schema: {type: string}}",
    ),
    (
        "K0318",
        "A parameter is written in another way (`style`, `explode`, `allowReserved`; major).

    - - {name: size, in: query, schema: {type: integer, format: int32, minimum: 1, maximum: 100, default: 20}}
    + - {name: size, in: query, style: spaceDelimited, explode: false, schema: {type: integer, format: int32, minimum: 1, maximum: 100, default: 20}}",
    ),
    (
        "K0321",
        "An operation wants a body now (major).

    + requestBody:
    +   required: true
    +   content:
    +     application/json:
    +       schema: {$ref: '#/components/schemas/NewThing'}",
    ),
    (
        "K0322",
        "An operation takes a body now, which may be left out (minor).

    + requestBody:
    +   content:
    +     application/json:
    +       schema: {$ref: '#/components/schemas/NewThing'}",
    ),
    (
        "K0323",
        "An operation no longer takes a body (major).

    - requestBody:
    -   content:
    -     application/json:
    -       schema: {$ref: '#/components/schemas/NewThing'}",
    ),
    (
        "K0324",
        "Callers must send a body that they could leave out (major).

    + required: true",
    ),
    (
        "K0325",
        "Callers may leave out a body that they had to send (minor).

    - required: true",
    ),
    (
        "K0326",
        "A media type of what callers send is no longer read (major).

    - application/merge-patch+json:
    -   schema: {$ref: '#/components/schemas/NewThing'}",
    ),
    (
        "K0327",
        "A media type of what callers send is read too (minor).

    + application/merge-patch+json:
    +   schema: {$ref: '#/components/schemas/NewThing'}",
    ),
    (
        "K0331",
        "The status of a success is another one (major): a generated caller takes the new one for an error.

    - '201':
    + '200':",
    ),
    (
        "K0332",
        "A status of a success is gone (major).

    - '202': {description: Dropped later}",
    ),
    (
        "K0333",
        "A status of a success is new (major, unless a declared range or `default` holds it): a generated caller takes it for an error.

    + '202': {description: Dropped later}",
    ),
    (
        "K0334",
        "A status of an error is no longer answered (minor).

    - '404': {$ref: '#/components/responses/Failed'}",
    ),
    (
        "K0335",
        "A status of an error is new (minor): callers must expect errors that they do not know.

    + '404': {$ref: '#/components/responses/Failed'}",
    ),
    (
        "K0336",
        "A response header is gone (major).

    - X-Hint: {schema: {type: string}}",
    ),
    (
        "K0337",
        "A response header is new (minor).

    + X-Hint: {schema: {type: string}}",
    ),
    (
        "K0338",
        "A response header that was always there may be absent (major).

    - X-Total: {required: true, schema: {type: integer, format: int64}}
    + X-Total: {schema: {type: integer, format: int64}}",
    ),
    (
        "K0339",
        "A response header is always there now (minor).

    - X-Total: {schema: {type: integer, format: int64}}
    + X-Total: {required: true, schema: {type: integer, format: int64}}",
    ),
    (
        "K0341",
        "An answer without a body gets one (major).

    - '204': {description: Dropped}
    + '204':
    +   description: Dropped
    +   content:
    +     application/json:
    +       schema: {$ref: '#/components/schemas/Thing'}",
    ),
    (
        "K0342",
        "An answer loses its body (major).

    - '204':
    -   description: Dropped
    -   content:
    -     application/json:
    -       schema: {$ref: '#/components/schemas/Thing'}
    + '204': {description: Dropped}",
    ),
    (
        "K0343",
        "A media type of an answer is gone (major).

    - text/csv:
    -   schema: {type: string}",
    ),
    (
        "K0344",
        "An answer may have a further media type (minor): callers ask for the ones that they know.

    + text/csv:
    +   schema: {type: string}",
    ),
    (
        "K0345",
        "An operation that anyone could call wants credentials (major).

    - - {}",
    ),
    (
        "K0346",
        "An operation that wanted credentials can be called by anyone (minor).

    + - {}",
    ),
    (
        "K0347",
        "Credentials that were enough for an operation are not any more: a scheme or scope was added to them, or they are not accepted (major).

    - - token: [read]
    + - token: [read, write]",
    ),
    (
        "K0348",
        "Further credentials are accepted for an operation (minor).

    - - token: [read, write]
    + - token: [read]",
    ),
    (
        "K0349",
        "A security scheme is of another kind, or carried elsewhere (major).

    - token: {type: http, scheme: bearer}
    + token: {type: http, scheme: basic}",
    ),
    (
        "K0351",
        "A type is another one. Wider (integer to number, anything) is minor for what callers send and major for what they are sent; narrower the other way round; else major.

    - items: {type: string}
    + items: {type: integer}",
    ),
    (
        "K0352",
        "A format is another one. Wider (int32 to int64, none) is minor for what callers send and major for what they are sent; narrower the other way round; else major.

    - note: {type: string, format: date-time, maxLength: 256}
    + note: {type: string, format: date, maxLength: 256}",
    ),
    (
        "K0353",
        "Whether null is a value changed. Allowed: minor for what callers send, major for what they are sent. Refused: the other way round.

    - additionalProperties: {type: string}
    + additionalProperties: {type: string, nullable: true}",
    ),
    (
        "K0354",
        "A value of an `enum` is gone: major for what callers send, minor for what they are sent.

    - state: {type: string, enum: [new, ready, old]}
    + state: {type: string, enum: [new, ready]}",
    ),
    (
        "K0355",
        "A value of an `enum` is new: minor for what callers send; major for what they are sent, since a generated type has no place for it, and exhaustive matches no longer compile.

    - state: {type: string, enum: [new, ready]}
    + state: {type: string, enum: [new, ready, old]}",
    ),
    (
        "K0356",
        "A closed list of values (`enum`) came or went. Came: major for what callers send, minor for what they are sent. Went: the other way round.

    - kind: {type: string, enum: [plain, fancy]}
    + kind: {type: string}",
    ),
    (
        "K0357",
        "A bound or pattern is tighter: major for what callers send, minor for what they are sent.

    - maxItems: 8
    + maxItems: 4",
    ),
    (
        "K0358",
        "A bound or pattern is looser: minor for what callers send; major for what they are sent, since older types refuse such values.

    - maxItems: 4
    + maxItems: 8",
    ),
    (
        "K0359",
        "A pattern or `multipleOf` is another one, and neither holds all values of the other, as far as can be told (major).

    - id: {type: string, minLength: 1, maxLength: 36, pattern: '^[a-z0-9-]+$'}
    + id: {type: string, minLength: 1, maxLength: 36, pattern: '^[a-z-]+$'}",
    ),
    (
        "K0361",
        "A property is gone (major).

    - next: {type: string}",
    ),
    (
        "K0362",
        "An optional property, or one that is only answered, is new (minor; major in answers whose objects had no further members, since older types refuse it).

    + next: {type: string}",
    ),
    (
        "K0363",
        "A property that callers must send is new (major).

    - required: [name]
    + required: [name, owner]
    +   owner: {type: string}",
    ),
    (
        "K0364",
        "A property became required: major for what callers send, minor for what they are sent.

    - required: [id]
    + required: [id, state]",
    ),
    (
        "K0365",
        "A property became optional: minor for what callers send, major for what they are sent.

    - required: [id, state]
    + required: [id]",
    ),
    (
        "K0366",
        "Further members of an object are refused or constrained: major for what callers send, minor for what they are sent.

    + additionalProperties: false",
    ),
    (
        "K0367",
        "Further members of an object are allowed: minor for what callers send, major for what they are sent.

    - additionalProperties: false",
    ),
    (
        "K0368",
        "A form of a `oneOf` or `anyOf` is gone: major for what callers send, minor for what they are sent.

    - - {type: string}",
    ),
    (
        "K0369",
        "A form of a `oneOf` or `anyOf` is new: minor for what callers send, major for what they are sent.

    + - {type: string}",
    ),
    (
        "K0370",
        "`oneOf` became `anyOf`, or the other way round. `anyOf` allows more: minor for what callers send, major for what they are sent; `oneOf` the other way round.

    - oneOf:
    + anyOf:",
    ),
    (
        "K0371",
        "A default is another one, or gone (major): what callers leave out means something else. A default where there was none is minor.

    - note: {type: string, default: none}
    + note: {type: string}",
    ),
    (
        "K0372",
        "The forms of a value are told apart by another property (`discriminator`; major).

    - propertyName: kind
    + propertyName: type",
    ),
    (
        "K0373",
        "Whether a property is only answered (`readOnly`) or only sent (`writeOnly`) changed (minor).

    - note: {type: string, maxLength: 256}
    + note: {type: string, writeOnly: true, maxLength: 256}",
    ),
    (
        "K0374",
        "The words that tell the forms of a value apart (`mapping`) changed. A new one is minor for what callers send and major for what they are sent; a lost one the other way round; another meaning is major.

    + box: '#/components/schemas/Square'",
    ),
    (
        "K0375",
        "A schema is of another name, which is the name of a type (minor: it is never sent).

    - items: {$ref: '#/components/schemas/Thing'}
    + items: {nullable: true, allOf: [{$ref: '#/components/schemas/Thing'}]}",
    ),
    (
        "K0376",
        "A named schema is gone (patch: what used it tells the rest).

    - Box: {type: object, properties: {things: {type: integer}}}",
    ),
    (
        "K0377",
        "A named schema is new (patch: what uses it tells the rest).

    + Box: {type: object, properties: {things: {type: integer}}}",
    ),
    (
        "K0390",
        "Words, examples or extensions changed (patch).

    - description: A page
    + description: A page of things",
    ),
    (
        "K0391",
        "`servers` or `tags` changed (patch).

    - servers: [{url: 'https://a.example'}]
    + servers: [{url: 'https://b.example'}]",
    ),
    (
        "K0392",
        "The documents differ, but mean the same: something is written out, or spelt in another way (patch).

    - required: [name]
    + required: [name, kind]",
    ),
    (
        "K0399",
        "Something changed that these rules do not look into: callbacks, `not`, `xml`, `encoding`, pagination, websockets (major, to be safe).

    + not: {required: [kind, note]}",
    ),
];

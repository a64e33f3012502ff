//! Every code of this crate: what it means, and an example of what is wrong and of what is right.

/// Every code of this crate and what it means, for `explain`.
pub const RULES: &[(&str, &str)] = &[
    (
        "K0001",
        "The file is not valid YAML; or not valid JSON, which it is held to where its name ends in `.json`; or it is empty, not UTF-8, or larger than 64 MiB.

    title: Things: a list        # wrong: a text that holds `: `
    title: 'Things: a list'      # right",
    ),
    (
        "K0002",
        "A key is written twice in one mapping. Parsers differ in which one counts, so a path could silently vanish.

    /things: {get: ...}
    /things: {post: ...}             # wrong: the first is lost
    /things: {get: ..., post: ...}   # right",
    ),
    (
        "K0003",
        "Anchors and aliases are not supported: they have no meaning in OpenAPI, and a short file can expand without bound. Use `$ref`.

    size: &size {type: integer}
    width: *size                               # wrong
    width: {$ref: '#/components/schemas/Size'} # right",
    ),
    (
        "K0004",
        "The document is nested too deep.

    schema: {type: object, properties: {a: {type: object, ...}}}   # wrong, a hundred levels down
    schema: {$ref: '#/components/schemas/A'}                       # right",
    ),
    (
        "K0005",
        "The file holds more than one YAML document.

    openapi: 3.0.3
    ---            # wrong: what comes after it is not read
    openapi: 3.0.3 # right: one document in the file",
    ),
    (
        "K0006",
        "YAML tags such as `!!str` are not supported. Quote a value to make it a string.

    version: !!str 1.0   # wrong
    version: '1.0'       # right",
    ),
    (
        "K0101",
        "Only OpenAPI 3.0.x is supported, and 3.1.x as far as 3.0 can say it.

    openapi: 3.0     # wrong: a number
    openapi: 3.0.3   # right",
    ),
    (
        "K0102",
        "A part of the document does not have the shape that OpenAPI 3.0 gives it.

    required: id     # wrong: a text, where a list belongs
    required: [id]   # right",
    ),
    (
        "K0103",
        "A `$ref` leads nowhere, out of the document's directory, round in a circle, or to something of another kind.

    $ref: '#/components/schema/Thing'    # wrong: there is no `schema`
    $ref: '#/components/schemas/Thing'   # right",
    ),
    (
        "K0105",
        "An operation has no `operationId`, or one with blanks in it. It becomes the name of a method, a metric and an audit event, so it is chosen once, in the document.

    get: {responses: ...}                            # wrong
    get: {operationId: listThings, responses: ...}   # right",
    ),
    (
        "K0106",
        "Two operations have the same `operationId`.

    get:  {operationId: things, ...}
    post: {operationId: things, ...}        # wrong
    post: {operationId: createThing, ...}   # right",
    ),
    (
        "K0107",
        "No value can satisfy the schema: its bounds exclude one another, its types or what it lists do, an object that is closed requires what it does not name, or every value would hold another without end.

    {type: integer, minimum: 10, maximum: 5}   # wrong: nothing is both
    {type: integer, minimum: 5, maximum: 10}   # right

An object that is closed holds what it names, and nothing else; what an `allOf` adds must be named in it too:

    {type: object, required: [id], additionalProperties: false, properties: {name: ...}}            # wrong
    {type: object, required: [id], additionalProperties: false, properties: {id: ..., name: ...}}   # right

Null is a value where `nullable` says so beside the `type`; where values are listed, only if null is listed too:

    {type: string, nullable: true, enum: [a, b], default: null}         # wrong
    {type: string, nullable: true, enum: [a, b, null], default: null}   # right",
    ),
    (
        "K0108",
        "The `format` is not known, so nothing would check it.

    {type: string, format: datetime}    # wrong
    {type: string, format: date-time}   # right",
    ),
    (
        "K0109",
        "The feature is a part of OpenAPI 3.0 that the generators do not support, or too many ways, or too long ones,
lead from one schema to the next.

    {oneOf: [{type: object, properties: {kind: ...}}], discriminator: {propertyName: kind}}        # wrong: has no name
    {oneOf: [{$ref: '#/components/schemas/Cat'}], discriminator: {propertyName: kind}}   # right",
    ),
    (
        "K0110",
        "The variables of a path and its path parameters differ, or a path parameter is not required.

    /things/{id}:   {parameters: [{name: thingId, in: path, required: true, ...}]}   # wrong
    /things/{id}:   {parameters: [{name: id, in: path, required: true, ...}]}        # right",
    ),
    (
        "K0111",
        "A `required` member is not among the `properties`, or is listed twice; or `required` lists nothing.

    {type: object, required: [naem], properties: {name: {type: string}}}   # wrong
    {type: object, required: [name], properties: {name: {type: string}}}   # right",
    ),
    (
        "K0112",
        "A security requirement names a scheme that is not declared, or whose kind is not supported. Of a scheme that nothing demands, it is a warning.

    security: [{tokn: []}]    # wrong: `components/securitySchemes` has `token`
    security: [{token: []}]   # right",
    ),
    (
        "K0113",
        "The key is not one that OpenAPI 3.0 knows here; it would silently have no effect.

    {type: string, minlength: 1}   # wrong
    {type: string, minLength: 1}   # right",
    ),
    (
        "K0115",
        "OpenAPI 3.0 ignores whatever stands beside a `$ref`, so what is meant to apply does not.

    {$ref: '#/components/schemas/Name', description: Its name}              # wrong
    {allOf: [{$ref: '#/components/schemas/Name'}], description: Its name}   # right",
    ),
    (
        "K0116",
        "An example's `id` is not the last segment of its `selfLink`, so the example contradicts itself.

    {id: a, selfLink: 'https://example.com/things/b'}   # wrong
    {id: a, selfLink: 'https://example.com/things/a'}   # right",
    ),
    (
        "K0117",
        "A constraint silently has no effect: it is one of another type, as `minLength` of a number; it lies beyond what the `format` holds, as `maximum: 300` of a `uint8`; or it is `nullable` without a `type`.

    {type: integer, maxLength: 3}    # wrong: integers have no length
    {type: integer, maximum: 999}    # right
    {nullable: true}                 # wrong: adds null to no type
    {type: string, nullable: true}   # right",
    ),
    (
        "K0118",
        "Nothing refers to the component: it is left over, or a reference to it is missing.

    components: {schemas: {Thing: ..., OldThing: ...}}   # wrong: nothing refers to `OldThing`
    components: {schemas: {Thing: ...}}                  # right",
    ),
    (
        "K0119",
        "`example` and `examples` stand side by side, or `value` and `externalValue`; OpenAPI allows one of them.

    {schema: ..., example: 1, examples: {one: {value: 1}}}   # wrong
    {schema: ..., examples: {one: {value: 1}}}               # right",
    ),
    (
        "K0120",
        "A value is listed twice in an `enum`, a type among the types, or an alternative in an `anyOf`.

    enum: [up, down, up]   # wrong
    enum: [up, down]       # right",
    ),
    (
        "K0121",
        "Two parameters of one list have the same place and name, so one would silently replace the other.

    parameters: [{name: limit, in: query, ...}, {name: limit, in: query, ...}]    # wrong
    parameters: [{name: limit, in: query, ...}, {name: offset, in: query, ...}]   # right",
    ),
    (
        "K0122",
        "An operation has a tag that the document does not list, though it lists others; or the document lists one twice.

    tags: [{name: things}]   # at the top
    tags: [thing]            # wrong, in an operation
    tags: [things]           # right",
    ),
    (
        "K0123",
        "A schema has `properties` and no `type`. It is read as an object; as it is written, it would accept any text or number as well.

    {properties: {name: {type: string}}}                 # wrong
    {type: object, properties: {name: {type: string}}}   # right",
    ),
    (
        "K0124",
        "A `readOnly` property of a request is required. OpenAPI would require it of answers only; here both share one type, so the server demands it.

    {required: [id, name], properties: {id: {type: string, readOnly: true}, name: ...}}   # wrong
    {required: [name], properties: {id: {type: string, readOnly: true}, name: ...}}       # right",
    ),
    (
        "K0125",
        "A variable of a server's URL is not declared, is not used, or has a default that is none of its values.

    {url: 'https://{host}/v1', variables: {hots: {default: example.com}}}   # wrong
    {url: 'https://{host}/v1', variables: {host: {default: example.com}}}   # right",
    ),
    (
        "K0126",
        "An alternative of a `oneOf` is never the only one that a value fits: another holds all of its values, so that they are refused. `anyOf` takes them.

    oneOf: [{type: string}, {type: string, format: uuid}]   # wrong: every uuid is a string too
    anyOf: [{type: string, format: uuid}, {type: string}]   # right",
    ),
    (
        "K0150",
        "A part of an OpenAPI 3.1 document is read in the words of 3.0, which mean the same. Nothing is wrong.

    type: [string, 'null']           # as it is written in 3.1
    {type: string, nullable: true}   # right: as it is read",
    ),
    (
        "K0151",
        "A part of an OpenAPI 3.1 document cannot be said in 3.0 without losing what it means.

    {type: array, prefixItems: [{type: string}, {type: integer}]}               # wrong: 3.0 has one schema for all items
    {type: array, items: {oneOf: [{type: string}, {type: integer}]}}            # right, where their order may be any",
    ),
];

//! Every code of this crate: what it means, and an example of what is wrong and of what is right.

/// Every code of this crate and what it means, for `explain`.
pub const RULES: &[(&str, &str)] = &[
    (
        "K0201",
        "No request has the path (a query or fragment begins in it, or clients take its segments away), a segment of it has several variables, or two paths are one. As a warning: a variable is a part of its segment, or one path hides requests of another. dropshot's router holds fixed segments or a variable at one place, under one name: where a document has more, the generated server bridges it. The names never travel, and what is fixed is asked first, as OpenAPI says.

    /things/{id}.{kind}:   {get: ...}   # wrong: nobody tells where `id` ends
    /things/{id}/{kind}:   {get: ...}   # right

    /things/all:           {get: ...}   # served, and the thing that is called `all` cannot be asked for:
    /things/{id}:          {get: ...}   # let the schema of `id` exclude `all`, by a `pattern` or `format: uuid`",
    ),
    (
        "K0202",
        "Two names of the document become one name in Rust.

    properties: {selfLink: ..., self_link: ...}   # wrong: both are the field `self_link`
    properties: {selfLink: ...}                   # right",
    ),
    (
        "K0203",
        "Two values of an `enum` differ only in characters that Rust's names do not keep.

    enum: ['<', '>']                # wrong: neither has a letter or digit to make a name of
    enum: [less, greater]           # right",
    ),
    (
        "K0204",
        "An operation can be answered with a status that it does not declare.

    responses: {'200': ...}                               # wrong: a malformed query is answered with 400
    responses: {'200': ..., '4XX': ..., '5XX': ...}       # right",
    ),
    (
        "K0205",
        r#"The body of an error is not one that the server knows: `{"error": {"code", "message", "details"}}`, or dropshot's own. It makes one up by the names of the members, which may say less than the document means.

    {type: object, properties: {reason: {type: string}}}                                               # wrong
    {type: object, properties: {message: {type: string}, request_id: {type: string}}}                  # right: as dropshot has it"#,
    ),
    (
        "K0206",
        "A parameter or header is not a scalar (or, in the query or a header, a list of scalars) as dropshot judges it, one that HTTP itself gives a meaning, or one of the path and of the query alike.

    {name: filter, in: query, schema: {type: object, ...}}   # wrong: put it into the body
    {name: filter, in: query, schema: {type: string}}        # right
    {name: id, in: path, required: true, schema: {anyOf: [{type: string, format: uuid}, {type: string, maxLength: 9}]}}   # wrong
    {name: id, in: path, required: true, schema: {oneOf: [{type: string, format: uuid}, {type: string, maxLength: 9}]}}   # right",
    ),
    (
        "K0207",
        "A body that is not JSON must be text (`type: string`), bytes (`type: string, format: binary`), parts (`multipart/form-data`, of `format: binary` as a whole), a form of one object, or anything (`*/*`). A member of a form that is no scalar or list of scalars is warned of: no request says it.

    content: {text/csv: {schema: {type: array, ...}}}                   # wrong
    content: {text/csv: {schema: {type: string}}}                       # right
    content: {image/png: {schema: {type: string, format: binary}}}      # right",
    ),
    (
        "K0208",
        "There is no Rust type for the schema.

    enum: [a, 1]                                                   # wrong: values of several types
    oneOf: [{type: string, enum: [a]}, {type: integer, enum: [1]}]   # right",
    ),
    (
        "K0209",
        "What `x-secret: true` calls secret has no type of its own, so nothing would keep it out of `Debug`.

    {type: integer, x-secret: true}                 # wrong: a plain number
    {type: string, minLength: 1, x-secret: true}    # right",
    ),
    (
        "K0299",
        "A generator gave up for a reason that no rule foresaw.",
    ),
];

//! Mistakes in values: defaults, examples and lists that contradict their schemas, and schemas that contradict themselves.

pub(super) const PLANTED: &[(&str, &str)] = &[
    // A property of an object that is sent and answered.
    (
        "        weight:\n",
        "        probe: {type: string, format: uuid, default: abc}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, format: ip, example: 10.0.0}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, format: byte, default: a b}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: array, items: {type: string, format: uuid}, default: [x]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, minimum: 5, default: 1}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: number, maximum: 1, default: 2}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, maxLength: 2, default: abc}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, enum: [a, b], default: c}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, required: [a], properties: {a: {type: string}}, default: {}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, format: uint8, default: 256}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, nullable: true, enum: [a], default: null}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, pattern: '^a$', enum: [b]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, format: date, enum: [abc]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {allOf: [{type: string, maxLength: 3}, {type: string, minLength: 4}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {allOf: [{type: string, enum: [a]}, {type: string, enum: [b]}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {allOf: [{type: integer, maximum: 3}, {type: integer, minimum: 4}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {allOf: [{type: object, properties: {a: {type: string}}, additionalProperties: false}, {type: object, required: [b], properties: {b: {type: string}}}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, required: [a], additionalProperties: false}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {oneOf: [{type: object}, {type: object, properties: {a: {type: string}}}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {anyOf: [{$ref: '#/components/schemas/Place'}, {$ref: '#/components/schemas/Place'}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, additionalProperties: false}\n        weight:\n",
    ),
    // Examples.
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            examples: {one: {$ref: '#/components/examples/Left'}}",
    ),
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            examples: {one: {value: {id: left, size: 3}, externalValue: 'https://a.example'}}",
    ),
    // What is empty.
    (
        "        content:\n          application/json:\n            schema:\n              $ref: '#/components/schemas/Shelf'\n            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "        content: {}",
    ),
    ("      - name: limit", "      - name: ''"),
    // Extensions of dropshot.
    (
        "      operationId: listShelves",
        "      operationId: listShelves\n      x-dropshot-pagniation: {required: []}",
    ),
    (
        "      operationId: listShelves",
        "      operationId: listShelves\n      x-dropshot-pagination: {required: limit}",
    ),
    (
        "      operationId: listShelves",
        "      operationId: listShelves\n      x-dropshot-pagination: {required: []}",
    ),
    (
        "      operationId: listShelves",
        "      operationId: listShelves\n      x-dropshot-websocket: yes",
    ),
    // What tells the members of a choice apart.
    (
        "    ShelfList:\n",
        "    Oak: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak]}}}\n    Ash: {type: object, required: [wood], properties: {wood: {type: string, enum: [ash]}}}\n    Wood: {oneOf: [{$ref: '#/components/schemas/Oak'}, {$ref: '#/components/schemas/Ash'}], discriminator: {propertyName: wood, mapping: {oka: '#/components/schemas/Oak', ash: '#/components/schemas/Ash'}}}\n    ShelfList:\n",
    ),
];

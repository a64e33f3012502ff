//! Mistakes in single keywords: of references, schemas, security schemes, servers and examples.

pub(super) const PLANTED: &[(&str, &str)] = &[
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/schemas/Shelf_List'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'./nowhere.yaml#/ShelfList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/schemas/ShelfList/'",
    ),
    ("'#/components/schemas/ShelfList'", "'#/components/schemas'"),
    (
        "'#/components/schemas/ShelfList'",
        "'/components/schemas/ShelfList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/schemas/ShelfList '",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/schemas/ShelfList#'",
    ),
    ("'#/components/schemas/ShelfList'", "'#/schemas/ShelfList'"),
    ("'#/components/schemas/ShelfList'", "[ShelfList]"),
    (
        "                $ref: '#/components/schemas/ShelfList'",
        "                - $ref: '#/components/schemas/ShelfList'",
    ),
    (
        "                $ref: '#/components/schemas/ShelfList'",
        "                type: ShelfList",
    ),
    (
        "                $ref: '#/components/schemas/ShelfList'",
        "                type: object\n                $ref: '#/components/schemas/ShelfList'",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, format: email, default: nobody}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, format: hostname, example: a_b}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, pattern: '^[a-z]{3,1}$'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, pattern: '[a-z'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, pattern: 5}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, pattern: '*'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, maxLength: '5'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, minLength: 5, maxLength: 4}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, maximum: 5}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, items: {type: string}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: array, minItems: 3, maxItems: 2, items: {type: string}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: array, items: string}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: array, items: {type: string}, uniqueItems: 'yes'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: array, items: {type: string}, enum: [a]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: array, items: {type: string}, minLength: 1}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: array, items: {type: string}, prefixItems: [{type: string}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, properties: {a: string}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, properties: [a]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, required: true, properties: {a: {type: string}}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, required: [b], properties: {a: {type: string}}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, required: [], properties: {a: {type: string}}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, patternProperties: {a: {type: string}}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, properties: {a: {type: string}}, minProperties: 2, maxProperties: 1}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, additionalProperties: {type: strin}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: object, additionalProperties: {}, additionalProperties: false}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, exclusiveMinimum: 3}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, exclusiveMaximum: 3, maximum: 4}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, minimum: 1.5}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, default: 1.5}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, multipleOf: 0.5}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, format: double}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, format: int32, maximum: 2147483648}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: number, format: int32}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: boolean, default: 'false'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: boolean, enum: ['true']}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: 'null'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: [string, integer]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: file}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: any}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: date}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: float}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {nullable: true}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, nullable: null}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, readonly: true}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, enum: [a, b], example: c}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, enum: [a, b], default: A}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, enum: {a: 1}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, default: [a]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, default: }\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, const: a}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, examples: [a]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, contentEncoding: base64}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, $comment: a}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, deprecated: 'yes'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, xml: {name: [a]}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, externalDocs: {description: a}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, title: 5}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, description: [a]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: string, x-secret: 'yes'}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {oneOf: {$ref: '#/components/schemas/Place'}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {oneOf: [$ref: '#/components/schemas/Place', $ref: '#/components/schemas/Order'], discriminator: kind}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {oneOf: [{$ref: '#/components/schemas/Place'}, {$ref: '#/components/schemas/Order'}], discriminator: {property: kind}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {oneOf: [{$ref: '#/components/schemas/Place'}, {$ref: '#/components/schemas/Order'}], discriminator: {propertyname: room}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {oneOf: [{$ref: '#/components/schemas/Place'}, {$ref: '#/components/schemas/Error'}], discriminator: {propertyName: kind}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {oneOf: [{$ref: '#/components/schemas/Place'}, '#/components/schemas/Error']}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {allOf: [{$ref: '#/components/schemas/Place'}, {type: string}]}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {anyOf: []}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {not: true}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {if: {type: string}, then: {minLength: 1}}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {$id: 'a', type: string}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {definitions: {a: {type: string}}, type: object}\n        weight:\n",
    ),
    ("- token: []", "- {}\n- tokn: []"),
    ("- token: []", "  token: []"),
    ("- token: []", "- token: ['read']"),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: http\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: http\n      scheme: Bearer token\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: bearer\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: apiKey\n      in: header\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: apiKey\n      in: body\n      name: X-Key\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: apiKey\n      in: header\n      name: X Key\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: oauth2\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: oauth2\n      flows: {password: {scopes: {}}}\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: oauth2\n      flows: {client_credentials: {tokenUrl: 'https://a.b', scopes: {}}}\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: openIdConnect\n      openIdConnectUrl: a b\n",
    ),
    (
        "      type: http\n      scheme: bearer\n",
        "      type: oauth2\n      flows: {clientCredentials: {tokenUrl: 'https://a.b', scopes: {read: Read}}}\n      x: 1\n",
    ),
    (
        "tags:\n- name",
        "servers:\n  url: https://a.example\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- uri: https://a.example\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}/a\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host\n  variables: {host: {default: a}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}\n  variables: {host: {enum: [a]}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}\n  variables: {host: {default: 5}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}\n  variables: {host: {default: a, enum: []}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: 'https://a b.example'\ntags:\n- name",
    ),
    ("  version: 1.0.0", "  version:"),
    ("  version: 1.0.0", "  version: [1]"),
    ("  title: Shelves", "  title: 5"),
    (
        "    name: Apache-2.0",
        "    name: Apache-2.0\n    identifier: Apache-2.0",
    ),
    (
        "  title: Shelves",
        "  title: Shelves\n  contact: me@example.com",
    ),
    (
        "  title: Shelves",
        "  title: Shelves\n  contact: {email: me}",
    ),
    (
        "  title: Shelves",
        "  title: Shelves\n  contact: {url: not a url}",
    ),
    (
        "  title: Shelves",
        "  title: Shelves\n  termsOfService: a b",
    ),
    ("  title: Shelves", "  title: Shelves\n  summary: a"),
    ("openapi: 3.0.3", "openapi: '3.0.3.1'"),
    ("openapi: 3.0.3", "openapi: 3,0,3"),
    ("openapi: 3.0.3", "openapi: v3.0.3"),
    ("openapi: 3.0.3", "OpenAPI: 3.0.3"),
    ("paths:\n  /shelves:", "webhooks: {}\npaths:\n  /shelves:"),
    ("paths:\n  /shelves:", "paths:\n- /shelves:"),
    ("  parameters:\n    ShelfId", "  parameter:\n    ShelfId"),
    ("  responses:\n    Error", "  response:\n    Error"),
    ("  schemas:\n    ShelfName", "  shemas:\n    ShelfName"),
    (
        "    ShelfName:\n      type: string",
        "    Shelf Name:\n      type: string",
    ),
    (
        "            example: {id: left,",
        "            exmaple: {id: left,",
    ),
    (
        "            example: {id: left,",
        "            example: {ID: left,",
    ),
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            example: '{\"id\": \"left\", \"size\": 3}'",
    ),
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            example: {id: left}",
    ),
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            example: [{id: left, size: 3}]",
    ),
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            examples: {a: {id: left, size: 3}}",
    ),
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            examples: [{id: left, size: 3}]",
    ),
    (
        "            example: {id: left, selfLink: 'https://books.example/shelves/left', size: 3}",
        "            examples: {a: {vlaue: {id: left, size: 3}}}",
    ),
    ("            Location:\n", "            content-type:\n"),
    (
        "            Location:\n",
        "            Location:\n              name: Location\n",
    ),
    (
        "            Location:\n",
        "            Location:\n              in: header\n",
    ),
    ("            Location:\n", "            '':\n"),
    (
        "      schema:\n        $ref: '#/components/schemas/ShelfName'\n",
        "      schema: {anyOf: [{type: string, maxLength: 3}, {type: string, minLength: 5}]}\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, format: uint8, maximum: 900}\n        weight:\n",
    ),
    (
        "        weight:\n",
        "        probe: {type: integer, format: uint32, minimum: -1}\n        weight:\n",
    ),
    (
        "    ShelfList:\n",
        "    Oak: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak]}}}\n    Ash: {type: object, required: [wood], properties: {wood: {type: string, enum: [ash]}}}\n    Wood: {oneOf: [{$ref: '#/components/schemas/Oak'}, {$ref: '#/components/schemas/Ash'}], discriminator: {propertyName: wodo, mapping: {oak: '#/components/schemas/Oak', ash: '#/components/schemas/Ash'}}}\n    ShelfList:\n",
    ),
    (
        "    ShelfList:\n",
        "    Oak: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak]}}}\n    Ash: {type: object, required: [wood], properties: {wood: {type: string, enum: [ash]}}}\n    Wood: {oneOf: [{$ref: '#/components/schemas/Oak'}, {$ref: '#/components/schemas/Ash'}], discriminator: {propertyName: wood, mapping: {oak: '#/components/schemas/Ash', ash: '#/components/schemas/Ash'}}}\n    ShelfList:\n",
    ),
    (
        "    ShelfList:\n",
        "    Oak: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak]}}}\n    Ash: {type: object, required: [wood], properties: {wood: {type: string, enum: [ash]}}}\n    Wood: {oneOf: [{$ref: '#/components/schemas/Oak'}, {$ref: '#/components/schemas/Ash'}], discriminator: {propertyName: wood, mapping: {oak: '#/components/schemas/Place', ash: '#/components/schemas/Ash'}}}\n    ShelfList:\n",
    ),
    (
        "    ShelfList:\n",
        "    Oak: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak]}}}\n    Ash: {type: object, properties: {wood: {type: string, enum: [ash]}}}\n    Wood: {oneOf: [{$ref: '#/components/schemas/Oak'}, {$ref: '#/components/schemas/Ash'}], discriminator: {propertyName: wood, mapping: {oak: '#/components/schemas/Oak', ash: '#/components/schemas/Ash'}}}\n    ShelfList:\n",
    ),
    (
        "    ShelfList:\n",
        "    Oak: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak]}}}\n    Ash: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak]}}}\n    Wood: {oneOf: [{$ref: '#/components/schemas/Oak'}, {$ref: '#/components/schemas/Ash'}], discriminator: {propertyName: wood, mapping: {oak: '#/components/schemas/Oak', ash: '#/components/schemas/Ash'}}}\n    ShelfList:\n",
    ),
];

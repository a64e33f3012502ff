//! The mistakes: what stands in the document, and what its author writes instead.

/// Each with its place made unique by what surrounds it.
pub(super) const PLANTED: &[(&str, &str)] = &[
    // YAML.
    ("  title: Shelves", "\ttitle: Shelves"),
    ("  title: Shelves", "  title: Shelves: a list"),
    ("  title: Shelves", "  title: 'Shelves"),
    ("  version: 1.0.0", "   version: 1.0.0"),
    ("  version: 1.0.0", "  title: Again"),
    ("  version: 1.0.0", "  version: 1.0"),
    ("  description: Where books stand", "  description: yes: no"),
    (
        "      summary: All shelves",
        "      summary: &all All shelves",
    ),
    (
        "      summary: All shelves",
        "      summary: !text All shelves",
    ),
    ("      summary: All shelves", "     summary: All shelves"),
    (
        "      tags: [shelves]\n      parameters",
        "    tags: [shelves]\n      parameters",
    ),
    (
        "      tags: [shelves]\n      parameters",
        "      tags: [shelves\n      parameters",
    ),
    (
        "      tags: [shelves]\n      parameters",
        "      tags: shelves\n      parameters",
    ),
    ("          maximum: 100", "          maximum 100"),
    ("          maximum: 100", "        maximum: 100"),
    ("          maximum: 100", "          maximum: '100'"),
    ("          maximum: 100", "          maximum:"),
    // The top.
    ("openapi: 3.0.3", "openapi: 3.0"),
    ("openapi: 3.0.3", "openapi: 2.0.0"),
    ("openapi: 3.0.3", "openapi: 4.0.0"),
    ("openapi: 3.0.3", "swagger: '2.0'"),
    ("  title: Shelves", "  titel: Shelves"),
    ("  title: Shelves\n", ""),
    ("paths:\n", "path:\n"),
    ("components:\n", "component:\n"),
    ("    name: Apache-2.0", "    nam: Apache-2.0"),
    ("    name: Apache-2.0", "    url: Apache-2.0"),
    (
        "  description: Where books stand",
        "  descripton: Where books stand",
    ),
    ("- token: []", "- tokens: []"),
    ("- token: []", "- oauth: []"),
    ("- token: []", "- token"),
    // Paths and operations.
    ("  /shelves:", "  shelves:"),
    ("  /shelves:", "  /shelves/:"),
    ("  /shelves:", "  /shelves/all:"),
    ("  /shelves:", "  /{shelf}:"),
    ("  /shelves:", "  /shelves/{shelfId}:"),
    ("  /shelves/{shelfId}:", "  /shelves/{shelf}:"),
    ("  /shelves/{shelfId}:", "  /shelves/{shelfid}:"),
    ("  /shelves/{shelfId}:", "  /shelves/{shelfId:"),
    ("  /shelves/{shelfId}:", "  /shelves/{shelfId}.json:"),
    ("  /shelves/{shelfId}:", "  /shelves:"),
    ("    post:", "    pots:"),
    ("    post:", "    POST:"),
    ("    post:", "    get:"),
    ("operationId: getShelf", "operationId: listShelves"),
    ("operationId: getShelf", "operationId: list_shelves"),
    ("operationId: getShelf", "operationID: getShelf"),
    ("operationId: getShelf", "operationId: createShelfError"),
    ("operationId: getShelf", "operationId: ''"),
    ("operationId: getShelf", "operationId:"),
    ("operationId: getShelf", "operationId: 5"),
    ("      operationId: getShelf\n", ""),
    ("      summary: All shelves", "      sumary: All shelves"),
    ("      deprecated: true", "      deprecated: yes"),
    ("      deprecated: true", "      deprecated: 'true'"),
    (
        "      tags: [shelves]\n      parameters",
        "      tags: [shelfs]\n      parameters",
    ),
    ("      deprecated: true", "      callbacks: {}"),
    ("      deprecated: true", "      security: [{key: []}]"),
    (
        "      deprecated: true",
        "      consumes: [application/json]",
    ),
    // Parameters.
    (
        "        in: query\n        description",
        "        in: querry\n        description",
    ),
    (
        "        in: query\n        description",
        "        in: body\n        description",
    ),
    (
        "        in: query\n        description",
        "        in: cookie\n        description",
    ),
    (
        "        in: query\n        description",
        "        in: path\n        description",
    ),
    ("      - name: limit", "      - name: order"),
    ("      - name: limit", "      - nmae: limit"),
    ("      - name: limit", "      - name: Order"),
    ("        required: false", "        required: 'no'"),
    ("        required: false", "        require: true"),
    ("        required: false", "        style: deepObject"),
    ("        required: false", "        type: integer"),
    (
        "        required: false\n        schema:",
        "        required: false\n        scheme:",
    ),
    (
        "      required: true\n      schema:",
        "      required: false\n      schema:",
    ),
    ("      in: path\n", "      in: query\n"),
    (
        "      - name: order\n        in: query",
        "      - name: Content-Type\n        in: header",
    ),
    (
        "      - name: order\n        in: query",
        "      - name: order\n        allowReserved: true\n        in: query",
    ),
    // Bodies and responses.
    (
        "          application/json:\n            schema:",
        "          application/jsn:\n            schema:",
    ),
    (
        "          application/json:\n            schema:",
        "          text/xml: {schema: {type: object}}\n          application/json:\n            schema:",
    ),
    (
        "            example: {id: left,",
        "            examples: {a: {value: 1}}\n            example: {id: left,",
    ),
    ("/shelves/left', size: 3}", "/shelves/right', size: 3}"),
    ("{id: left, selfLink", "{id: Left, selfLink"),
    (
        "selfLink: 'https://books.example/shelves/left'",
        "selfLink: '/shelves/left'",
    ),
    ("size: 3}", "size: 3000}"),
    ("size: 3}", "size: '3'}"),
    ("size: 3}", "sise: 3, size: 4}"),
    (
        "      requestBody:\n        required: true",
        "      requestBody:\n        required: false",
    ),
    (
        "      requestBody:\n        required: true",
        "      requestBody:\n        requird: true",
    ),
    (
        "      requestBody:\n        required: true\n        content",
        "      requestBody:\n        required: true\n        contents",
    ),
    ("        '201':", "        '2XX':"),
    ("        '201':", "        '2001':"),
    ("        '201':", "        201 Created:"),
    ("        '201':", "        '404':"),
    ("        '400':", "        '202':"),
    ("        '400':", "        '401':"),
    ("          description: Made\n", ""),
    (
        "          description: Made\n",
        "          desciption: Made\n",
    ),
    (
        "          description: Made\n",
        "          description: Made\n          schema: {type: object}\n",
    ),
    ("            Location:", "            Content-Type:"),
    (
        "                example: https://books.example/shelves/left",
        "                example: /shelves/left",
    ),
    (
        "          description: Gone",
        "          description: Gone\n          content: {application/json: {schema: {type: string}}}",
    ),
    (
        "        '401':\n          $ref: '#/components/responses/Error'\n",
        "",
    ),
    (
        "        '415':\n          $ref: '#/components/responses/Error'\n",
        "",
    ),
    (
        "        '500':\n          $ref: '#/components/responses/Error'\n",
        "",
    ),
    // References.
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/schemas/ShelvesList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/component/schemas/ShelfList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/schema/ShelfList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#components/schemas/ShelfList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/definitions/ShelfList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "#/components/schemas/ShelfList",
    ),
    ("'#/components/schemas/ShelfList'", "ShelfList"),
    (
        "'#/components/schemas/ShelfList'",
        "'https://books.example/a.yaml#/ShelfList'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/responses/Error'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/parameters/ShelfId'",
    ),
    (
        "'#/components/schemas/ShelfList'",
        "'#/components/schemas/ShelfList'\n                nullable: true",
    ),
    (
        "          $ref: '#/components/schemas/ShelfName'\n        selfLink",
        "          ref: '#/components/schemas/ShelfName'\n        selfLink",
    ),
    (
        "    ShelfName:\n      type: string",
        "    ShelfName:\n      $ref: '#/components/schemas/ShelfName'\n      type: string",
    ),
    (
        "  schemas:\n",
        "  schemas:\n    Unused:\n      type: string\n",
    ),
    (
        "  parameters:\n    ShelfId",
        "  parameters:\n    Unused: {name: a, in: query, schema: {type: string}}\n    ShelfId",
    ),
    (
        "    token:\n",
        "    key: {type: http, scheme: bearer}\n    token:\n",
    ),
    // Security schemes.
    ("      scheme: bearer", "      scheme: barer"),
    ("      scheme: bearer", "      scheme: basic"),
    ("      scheme: bearer", "      schema: bearer"),
    ("      type: http\n", "      type: apiKey\n"),
    // Schemas: types.
    (
        "    ShelfName:\n      type: string",
        "    ShelfName:\n      type: str",
    ),
    (
        "    ShelfName:\n      type: string",
        "    ShelfName:\n      type: String",
    ),
    (
        "    ShelfName:\n      type: string",
        "    ShelfName:\n      type: [string, 'null']",
    ),
    (
        "    ShelfName:\n      type: string",
        "    ShelfName:\n      type: integer",
    ),
    (
        "    ShelfName:\n      type: string",
        "    ShelfName:\n      typ: string",
    ),
    (
        "          type: integer\n          format: int32",
        "          type: int\n          format: int32",
    ),
    ("          format: int32", "          format: int23"),
    ("          format: int32", "          format: date-time"),
    ("          format: date-time", "          format: datetime"),
    ("          format: date-time", "          format: date-tme"),
    ("          nullable: true", "          nullable: 'true'"),
    ("          nullable: true", "          nullabel: true"),
    (
        "          readOnly: true",
        "          readOnly: true\n          writeOnly: true",
    ),
    ("          readOnly: true", "          required: true"),
    ("          readOnly: true", "          optional: true"),
    ("          readOnly: true", "          minimum: 1"),
    ("          readOnly: true", "          default: now"),
    (
        "          uniqueItems: true\n          items:\n            type: string\n",
        "          uniqueItems: true\n",
    ),
    (
        "          uniqueItems: true\n          items:",
        "          uniqueItems: true\n          item:",
    ),
    (
        "          uniqueItems: true\n          items:\n            type: string\n",
        "          items: [{type: string}]\n",
    ),
    // Schemas: values.
    ("          minimum: 1\n", "          minimum: 101\n"),
    ("          minimum: 1\n", "          minimum: one\n"),
    ("          default: 20", "          default: 200"),
    ("          default: 20", "          default: '20'"),
    ("          default: 20", "          exclusiveMinimum: 0"),
    (
        "          default: 20",
        "          exclusiveMaximum: true\n          exclusiveMinimum: true\n          default: 1",
    ),
    (
        "          minimum: 1\n          maximum: 100\n",
        "          exclusiveMinimum: true\n          maximum: 100\n",
    ),
    ("          multipleOf: 0.5", "          multipleOf: 0"),
    ("          multipleOf: 0.5", "          multipleOf: -1"),
    ("          multipleOf: 0.5", "          maximum: 0.25"),
    ("      minLength: 1\n", "      minLength: 21\n"),
    ("      minLength: 1\n", "      minLength: -1\n"),
    ("      minLength: 1\n", "      minLength: 1.5\n"),
    ("      minLength: 1\n", "      minlength: 1\n"),
    ("      minLength: 1\n", "      minItems: 1\n"),
    (
        "          maxItems: 8",
        "          maxItems: 8\n          minItems: 9",
    ),
    ("      pattern: '^[a-z]+$'", "      pattern: '^[a-z+$'"),
    ("      pattern: '^[a-z]+$'", "      pattern: '(?i)^[a-z]+$'"),
    ("      pattern: '^[a-z]+$'", "      pattern: '\\A[a-z]+\\Z'"),
    (
        "      pattern: '^[a-z]+$'",
        "      pattern: '^[[:alpha:]]+$'",
    ),
    ("      pattern: '^[a-z]+$'", "      pattern: '(?P<a>[a-z])'"),
    ("      pattern: '^[a-z]+$'", "      pattern: '^[a-z]++$'"),
    ("      pattern: '^[a-z]+$'", "      pattern: '/^[a-z]+$/'"),
    ("      pattern: '^[a-z]+$'", "      pattern: \"^\\d+$\""),
    ("      pattern: '^[a-z]+$'", "      pattern: '^[A-Z]+$'"),
    ("      example: left\n", "      example: Left\n"),
    ("      example: left\n", "      examples: [left]\n"),
    ("      example: left\n", "      exampel: left\n"),
    ("      enum: [up, down]", "      enum: [up, up]"),
    ("      enum: [up, down]", "      enum: [up, Up]"),
    ("      enum: [up, down]", "      enum: [up, 1]"),
    ("      enum: [up, down]", "      enum: [up, true]"),
    ("      enum: [up, down]", "      enum: up"),
    ("      enum: [up, down]", "      enum: []"),
    ("      enum: [up, down]", "      enums: [up, down]"),
    ("      default: up", "      default: sideways"),
    ("      default: up", "      const: up"),
    // Schemas: members.
    ("      required: [id, size]", "      required: [id, sise]"),
    (
        "      required: [id, size]",
        "      required: [id, size, id]",
    ),
    ("      required: [id, size]", "      required: id"),
    ("      required: [id, size]", "      required: [id, 1]"),
    ("      required: [id, size]", "      require: [id, size]"),
    (
        "      additionalProperties: false",
        "      additionalProperty: false",
    ),
    (
        "      additionalProperties: false",
        "      additionalProperties: 'false'",
    ),
    (
        "      additionalProperties: false",
        "      additionalProperties: no",
    ),
    (
        "      additionalProperties: false",
        "      discriminator: {propertyName: kind}",
    ),
    (
        "        selfLink:\n",
        "        self_link: {type: string}\n        selfLink:\n",
    ),
    ("        selfLink:\n", "        id:\n"),
    ("        selfLink:\n", "        '---':\n"),
    ("          example: 12", "          example: twelve"),
    ("          example: 12", "          example: 501"),
    ("      required: [room]", "      required: [room, above]"),
    ("          allOf:\n", "          allof:\n"),
    (
        "          allOf:\n",
        "          type: string\n          allOf:\n",
    ),
    ("          oneOf:\n", "          oneof:\n"),
    (
        "          oneOf:\n",
        "          discriminator: {propertyName: a, mapping: {b: '#/components/schemas/None'}}\n          oneOf:\n",
    ),
    (
        "          oneOf:\n",
        "          if: {type: string}\n          oneOf:\n",
    ),
    (
        "          oneOf:\n          - $ref",
        "          oneOf: []\n          anyOf:\n          - $ref",
    ),
    ("    Place:\n", "    place: {type: string}\n    Place:\n"),
    ("    Place:\n", "    Pläce: {type: string}\n    Place:\n"),
    (
        "        message:\n          type: string\n",
        "        massage:\n          type: string\n",
    ),
    // YAML that means something else.
    ("  title: Shelves", "  title:Shelves"),
    ("  title: Shelves", "  title: @shelves"),
    ("  title: Shelves", "  title: *shelves"),
    ("  title: Shelves", "  title: 'It's'"),
    ("  title: Shelves", "  title: {Shelves"),
    ("          maximum: 100", "          maximum: 0x64"),
    ("          maximum: 100", "          maximum: 0100"),
    // Servers.
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}\n  variables: {host: {defualt: a}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}\n  variables: {host: {default: 1.10}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}\n  variables: {hsot: {default: a}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- url: https://{host}\n  variables: {host: {default: a, enum: [b]}}\ntags:\n- name",
    ),
    (
        "tags:\n- name",
        "servers:\n- https://a.example\ntags:\n- name",
    ),
    // What is listed, named or on.
    (
        "      tags: [shelves]\n      parameters",
        "      tags: [{name: shelves}]\n      parameters",
    ),
    ("- token: []", "- token:"),
    ("- token: []", "- token: [read]"),
    ("- token: []", "- token: [1]"),
    ("            Location:\n", "            Location now:\n"),
    (
        "            Location:\n",
        "            X-Total: {type: integer}\n            Location:\n",
    ),
    (
        "            Location:\n              required",
        "            Location:\n              x-runtime: yes\n              required",
    ),
    (
        "      enum: [up, down]",
        "      enum: [up, down]\n      x-secret: 1",
    ),
    (
        "      enum: [up, down]",
        "      enum: [up, down]\n      x-secert: true",
    ),
    (
        "          description: A shelf\n          content:\n            application/json:",
        "          description: A shelf\n          content:\n            json:",
    ),
    (
        "          description: A shelf\n          content:\n            application/json:",
        "          description: A shelf\n          content:\n            text/ plain:",
    ),
    ("        '408':", "        '480':"),
    (
        "        '204':\n          description",
        "        '204':\n          desc",
    ),
    (
        "        '408':\n          $ref",
        "        '4xx':\n          $ref",
    ),
    (
        "        '408':\n          $ref: '#/",
        "        '408': '#/components/responses/Error'\n        '409':\n          $ref: '#/",
    ),
    // References.
    (
        "      enum: [up, down]\n      default: up",
        "      $ref: '#/components/schemas/Order'",
    ),
    (
        "                $ref: '#/components/schemas/ShelfList'",
        "                $ref: '#/paths/~1shelves/post'",
    ),
    (
        "                $ref: '#/components/schemas/ShelfList'",
        "                $ref: '#/components/schemas/shelfList'",
    ),
    (
        "                $ref: '#/components/schemas/ShelfList'",
        "                $Ref: '#/components/schemas/ShelfList'",
    ),
    (
        "              schema:\n                $ref: '#/components/schemas/ShelfList'",
        "              shema:\n                $ref: '#/components/schemas/ShelfList'",
    ),
    ("          headers:\n", "          header:\n"),
    ("    ShelfList:\n", "    Shelf/List:\n"),
    // What no value is.
    ("      enum: [up, down]", "      enum: [up, null]"),
    (
        "      enum: [up, down]",
        "      enum: [up, down]\n      maxLength: 2",
    ),
    (
        "          example: 12",
        "          format: uint16\n          example: 70000",
    ),
    (
        "          example: 12",
        "          format: u16\n          example: 12",
    ),
    (
        "          minimum: 0\n",
        "          format: uint8\n          minimum: 400\n",
    ),
    (
        "          minimum: 0\n",
        "          multipleOf: 1000\n          minimum: 1\n",
    ),
    (
        "          minimum: 0\n",
        "          enum: [3, 12, 12.0]\n          minimum: 0\n",
    ),
    (
        "          minimum: 0\n",
        "          enum: [3, 12, 501]\n          minimum: 0\n",
    ),
    (
        "          type: integer\n          minimum: 0\n",
        "          minimum: 0\n",
    ),
    (
        "          - $ref: '#/components/schemas/Place'\n          description",
        "          - $ref: '#/components/schemas/Place'\n          - {type: object, properties: {room: {type: integer}}}\n          description",
    ),
    ("size: 3}", "sise: 3, size: 3}"),
    ("  /shelves/{shelfId}:", "  /shelves/{shelfId:.*}:"),
    ("  /shelves/{shelfId}:", "  /shelves/{}:"),
    (
        "          maxItems: 8",
        "          required: true\n          maxItems: 8",
    ),
];

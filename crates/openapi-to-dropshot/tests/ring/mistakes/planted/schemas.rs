//! Mistakes in references, security schemes and schemas.

pub(super) const PLANTED: &[(&str, &str)] = &[
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
    ("      scheme: bearer", "      scheme: digest"),
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
];

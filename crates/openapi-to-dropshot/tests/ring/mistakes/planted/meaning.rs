//! Mistakes that are right to the eye: other YAML, servers, what is listed, and what no value is.

pub(super) const PLANTED: &[(&str, &str)] = &[
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
    // What is written twice, or where it has no meaning.
    (
        "  description: Where books stand",
        "  description: Where books stand\n- name: shelves",
    ),
    ("openapi: 3.0.3", "openapi: 3.1"),
    (
        "      operationId: listShelves",
        "      operationId: listShelves\n      requestBody: {required: true, content: {application/json: {schema: {type: string}}}}",
    ),
    (
        "          - $ref: '#/components/schemas/ShelfName'\n    Place:",
        "          - $ref: '#/components/schemas/Place'\n    Place:",
    ),
    (
        "          maximum: 500",
        "          maximum: 18446744073709551615",
    ),
    ("          maximum: 500", "          maximum: 1e999"),
    (
        "        room:\n          type: string",
        "        room: string",
    ),
    (
        "        room:\n          type: string",
        "        room:\n        - type: string",
    ),
    ("      enum: [up, down]\n", "      enum: [up, 1]\n"),
];

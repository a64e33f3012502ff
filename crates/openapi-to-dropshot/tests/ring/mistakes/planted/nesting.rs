//! Mistakes of where a key stands, of names and statuses, and of what a path, a parameter or a body is made of.

pub(super) const PLANTED: &[(&str, &str)] = &[
    (
        "          type: integer\n          format: int32\n",
        "          type: integer\n          schema: {type: string}\n          format: int32\n",
    ),
    (
        "        in: query\n        description: How many\n",
        "        in: query\n        minimum: 1\n        description: How many\n",
    ),
    (
        "      responses:\n        '204':\n",
        "      response:\n        '204':\n",
    ),
    (
        "        '204':\n          description: Gone\n",
        "        204:\n          description: Gone\n        '204':\n          description: Gone\n",
    ),
    ("        '204':\n", "        '2O4':\n"),
    ("        '204':\n", "        '2000':\n"),
    ("        '204':\n", "        '099':\n"),
    ("        '204':\n", "        ok:\n"),
    ("        '204':\n", "        Default:\n"),
    ("          description: Gone\n", "          description:\n"),
    (
        "          description: Gone\n",
        "          description: 5\n",
    ),
    (
        "  /shelves/{shelfId}:\n    parameters:\n    - $ref: '#/components/parameters/ShelfId'\n",
        "  /shelves/{shelfId}:\n    parameters:\n    - $ref: '#/components/parameters/ShelfID'\n",
    ),
    (
        "  /shelves/{shelfId}:\n    parameters:\n    - $ref: '#/components/parameters/ShelfId'\n",
        "  /shelves/{shelfId}:\n    parameters:\n      $ref: '#/components/parameters/ShelfId'\n",
    ),
    (
        "      name: shelfId\n      in: path\n",
        "      name: shelfId\n      in: header\n",
    ),
    (
        "  /shelves/{shelfId}:",
        "  /shelves/{shelfId}/books/{shelfId}:",
    ),
    ("  /shelves/{shelfId}:", "  //shelves/{shelfId}:"),
    ("  /shelves/{shelfId}:", "  /shelves/{shelfId}?x=1:"),
    (
        "      - name: order\n",
        "      - name: limit\n        in: query\n        schema: {type: string}\n      - name: order\n",
    ),
    (
        "        schema:\n          $ref: '#/components/schemas/Order'\n",
        "        $ref: '#/components/schemas/Order'\n",
    ),
    (
        "        schema:\n          $ref: '#/components/schemas/Order'\n",
        "        schema: '#/components/schemas/Order'\n",
    ),
    (
        "        schema:\n          $ref: '#/components/schemas/Order'\n",
        "        schema:\n        - $ref: '#/components/schemas/Order'\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: order\n        in: query\n        style: spaceDelimited\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: order\n        in: query\n        allowEmptyValue: true\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: Authorization\n        in: header\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: Accept\n        in: header\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: order by\n        in: header\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: order\n        in: query\n        example: sideways\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: order\n        in: query\n        required: yes\n",
    ),
    (
        "      - name: order\n        in: query\n",
        "      - name: order\n        in: query\n        default: up\n",
    ),
    (
        "          default: 20\n",
        "          default: 20\n        required: true\n",
    ),
    (
        "      requestBody:\n        required: true\n",
        "      requestBody:\n        required: true\n        in: body\n",
    ),
    (
        "          application/json:\n            schema:\n",
        "          aplication/json:\n            schema:\n",
    ),
    (
        "          application/json:\n            schema:\n",
        "          application-json:\n            schema:\n",
    ),
    (
        "          application/json:\n            schema:\n",
        "          application/json:\n            encoding: {id: {contentType: text/plain}}\n            schema:\n",
    ),
    (
        "          application/json:\n            schema:\n",
        "          application/json:\n            schemas:\n",
    ),
    ("operationId: getShelf", "operationId: get Shelf"),
    ("operationId: getShelf", "operationId: [getShelf]"),
    ("operationId: getShelf", "operationid: getShelf"),
    ("operationId: deleteShelf", "operationId: getShelf"),
    (
        "          description: Made\n",
        "          description: Made\n          links: {next: {operationId: getShelv}}\n",
    ),
    (
        "          description: Made\n",
        "          description: Made\n          links: {next: {operationRef: '#/paths/~1shelf/get'}}\n",
    ),
    (
        "      deprecated: true\n",
        "      deprecated: true\n      callbacks: {made: {'{$request.body#/url}': {post: {operationId: getShelf, responses: {'200': {description: ok}}}}}}\n",
    ),
    (
        "      deprecated: true\n",
        "      deprecated: true\n      tags: [shelves, shelves]\n",
    ),
    ("tags:\n- name: shelves\n", "tags:\n- nmae: shelves\n"),
    ("tags:\n- name: shelves\n", "tags:\n  name: shelves\n"),
];

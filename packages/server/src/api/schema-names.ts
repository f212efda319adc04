/** Takes schemas with a name out of those that use them, for the part of the OpenAPI document that lists them by name. */
import type { JsonSchema, Properties } from './schema.js';

export interface SchemaNames {
  /** Those that were met so far. */
  readonly all: Readonly<Record<string, JsonSchema>>;
  /** The same schema, in which those that have a name are referred to. */
  refer(schema: JsonSchema): JsonSchema;
}

export function createSchemaNames(): SchemaNames {
  const all: Record<string, JsonSchema> = {};
  const met = new Map<string, JsonSchema>();

  function refer(schema: JsonSchema): JsonSchema {
    const { $id, ...plain } = schema;
    if ($id === undefined) return within(plain);
    const before = met.get($id);
    if (before && before !== schema) throw new Error(`Two schemas have the name ${$id}.`);
    if (!before) {
      met.set($id, schema);
      all[$id] = within(plain);
    }
    return { $ref: `#/components/schemas/${$id}` };
  }

  function within(schema: JsonSchema): JsonSchema {
    const { properties, items, additionalProperties, oneOf } = schema;
    return {
      ...schema,
      ...(properties ? { properties: referEach(properties) } : {}),
      ...(items ? { items: refer(items) } : {}),
      ...(typeof additionalProperties === 'object'
        ? { additionalProperties: refer(additionalProperties) }
        : {}),
      ...(oneOf ? { oneOf: oneOf.map(refer) } : {}),
    };
  }

  function referEach(properties: Properties): Properties {
    return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, refer(schema)]));
  }

  return { all, refer };
}

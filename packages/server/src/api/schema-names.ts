/** Takes schemas with a name out of those that use them, for the part of the OpenAPI document that lists them by name. */
import type { Properties, Schema } from './schema.js';

export interface SchemaNames {
  /** Those that were met so far. */
  readonly all: Readonly<Record<string, Schema>>;
  /** The same schema, in which those that have a name are referred to. */
  refer(schema: Schema): Schema;
}

export function createSchemaNames(): SchemaNames {
  const all: Record<string, Schema> = {};
  const met = new Map<string, Schema>();

  function refer(schema: Schema): Schema {
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

  function within(schema: Schema): Schema {
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

/** JSON Schema (2020-12, which is what OpenAPI 3.1 takes), as far as it is used here. */

/** A schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly oneOf?: readonly Schema[];
}

/** All properties are there always, and no others. */
export function exactly(description: string, properties: Readonly<Record<string, Schema>>): Schema {
  return {
    type: 'object',
    description,
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** A number that is `null` while it is not measured. */
export function figure(
  type: 'integer' | 'number',
  description: string,
  limits: Schema = { minimum: 0 },
): Schema {
  return { type: [type, 'null'], description, ...limits };
}

/** One of the shapes of the document. */
export function schemaRef(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A text or `null`. */
export function textOrNull(description: string, pattern?: string): Schema {
  return { type: ['string', 'null'], description, ...(pattern === undefined ? {} : { pattern }) };
}

/** A list of one shape. */
export function listOf(items: Schema, description: string): Schema {
  return { type: 'array', description, items };
}

/** One of the shapes, or `null`. */
export function orNull(name: string, description: string): Schema {
  return { description, oneOf: [schemaRef(name), { type: 'null' }] };
}

/** 64 lower-case hexadecimal digits. */
export const HASH = '^[0-9a-f]{64}$';
/** ISO 8601, UTC, whole seconds. */
export const TIME = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$';
/** The same with milliseconds. */
export const MOMENT = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$';

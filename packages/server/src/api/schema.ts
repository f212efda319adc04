/**
 * JSON JsonSchema (2020-12, the dialect of OpenAPI 3.1), as far as the API uses it, and the type that a schema describes.
 */

export interface JsonSchema {
  /** Its name in the OpenAPI document, which refers to it by that wherever it is used. */
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Properties;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly oneOf?: readonly JsonSchema[];
}

export type Properties = Readonly<Record<string, JsonSchema>>;

/** The values that fit a schema, as JSON gives them. */
export type FromSchema<S> = S extends { readonly enum: readonly (infer Value)[] }
  ? Value
  : S extends { readonly oneOf: readonly (infer One)[] }
    ? FromSchema<One>
    : S extends { readonly type: readonly (infer Type)[] }
      ? FromType<Type, S>
      : S extends { readonly type: infer Type }
        ? FromType<Type, S>
        : unknown;

type FromType<Type, S> = Type extends 'string'
  ? string
  : Type extends 'integer' | 'number'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'null'
        ? null
        : Type extends 'array'
          ? S extends { readonly items: infer Item }
            ? readonly FromSchema<Item>[]
            : readonly unknown[]
          : FromObject<S>;

type FromObject<S> = S extends {
  readonly properties: infer Fields;
  readonly required: readonly (infer Required)[];
}
  ? { readonly [Name in keyof Fields as Name extends Required ? Name : never]: FromSchema<Fields[Name]> } & {
      readonly [Name in keyof Fields as Name extends Required ? never : Name]?: FromSchema<Fields[Name]>;
    }
  : S extends { readonly additionalProperties: infer Values extends JsonSchema }
    ? Readonly<Record<string, FromSchema<Values>>>
    : Readonly<Record<string, unknown>>;

/** Names a schema in the OpenAPI document. */
export function named<const S extends JsonSchema>(name: string, schema: S): S {
  return { $id: name, ...schema };
}

export interface Exactly<P> {
  readonly type: 'object';
  readonly description: string;
  readonly properties: P;
  readonly required: readonly (keyof P & string)[];
  readonly additionalProperties: false;
}

/** All properties are there always, and no others. */
export function exactly<const P extends Properties>(description: string, properties: P): Exactly<P> {
  return {
    type: 'object',
    description,
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

export function text(description: string) {
  return { type: 'string', description } as const;
}

export function textOrNull(description: string, pattern?: string) {
  return { type: ['string', 'null'], description, ...(pattern === undefined ? {} : { pattern }) } as const;
}

export function choice<const Value extends string>(values: readonly Value[], description: string) {
  return { type: 'string', enum: values, description } as const;
}

export function yesOrNo(description: string) {
  return { type: 'boolean', description } as const;
}

export function integer(description: string, limits: Pick<JsonSchema, 'minimum' | 'maximum'> = {}) {
  return { type: 'integer', description, ...limits } as const;
}

export function nonNegativeInteger(description: string) {
  return integer(description, { minimum: 0 });
}

export function integerOrNull(description: string) {
  return { type: ['integer', 'null'], description } as const;
}

/** A number that is `null` while it is not measured. */
export function figure<const Type extends 'integer' | 'number'>(
  type: Type,
  description: string,
  limits: Pick<JsonSchema, 'minimum' | 'maximum'> = { minimum: 0 },
) {
  return { type: [type, 'null'], description, ...limits } as const;
}

export function listOf<const Item extends JsonSchema>(items: Item, description: string) {
  return { type: 'array', description, items } as const;
}

/** A shape that is described elsewhere, with what it means here. */
export function described<const One extends JsonSchema>(one: One, description: string) {
  return { description, oneOf: [one] } as const;
}

export function orNull<const One extends JsonSchema>(one: One, description: string) {
  return { description, oneOf: [one, { type: 'null' }] } as const;
}

/** 64 lower-case hexadecimal digits. */
export const HASH = '^[0-9a-f]{64}$';
/** 32 lower-case hexadecimal digits. */
export const INCIDENT_ID = '^[0-9a-f]{32}$';
/** ISO 8601, UTC, whole seconds. */
export const TIME = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$';
/** The same with milliseconds. */
export const MOMENT = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$';

/** A time in whole seconds. */
export function dateTime(description: string) {
  return { type: 'string', format: 'date-time', pattern: TIME, description } as const;
}

/** A time in milliseconds. */
export function dateTimeMs(description: string) {
  return { type: 'string', format: 'date-time', pattern: MOMENT, description } as const;
}

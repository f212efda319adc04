/**
 * What a client sends, read by the schema that describes it. The framework does not do it, because its sentences are not
 * ours, and because it would turn one type into another.
 */
import { PortalError } from '../errors.js';
import type { FromSchema, JsonSchema } from './schema.js';

/** Parameters of a query, each of which may be left out. */
export type QuerySchema = Readonly<Record<string, QueryParameter>>;

type QueryParameter = WholeNumberParameter | TimeParameter | ChoiceParameter | TextParameter;

interface ChoiceParameter extends JsonSchema {
  readonly type: 'string';
  readonly enum: readonly string[];
  readonly description: string;
}

interface TextParameter extends JsonSchema {
  readonly type: 'string';
  readonly pattern: string;
  /** Completes "Expected `x` to be". */
  readonly description: string;
}

interface WholeNumberParameter extends JsonSchema {
  readonly type: 'integer';
  readonly description: string;
  readonly minimum: number;
}

interface TimeParameter extends JsonSchema {
  readonly type: 'string';
  readonly format: 'date-time';
  readonly description: string;
}

/** Times in milliseconds since 1970. */
export type FromQuery<Q extends QuerySchema> = {
  readonly [Name in keyof Q]: FromParameter<Q[Name]> | undefined;
};

type FromParameter<P> = P extends { readonly enum: readonly (infer Word)[] }
  ? Word
  : P extends { readonly pattern: string }
    ? string
    : number;

/** A body of texts. What a text must be is for the code that knows what it means. */
export interface BodySchema extends JsonSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema & { readonly type: 'string' }>>;
}

export function wholeNumberParameter(
  description: string,
  { minimum, maximum }: { readonly minimum: number; readonly maximum?: number },
) {
  return { type: 'integer', description, minimum, ...(maximum === undefined ? {} : { maximum }) } as const;
}

export function timeParameter(description: string) {
  return { type: 'string', format: 'date-time', description } as const;
}

/** One word of a closed list. */
export function choiceParameter<const Word extends string>(words: readonly Word[], description: string) {
  return { type: 'string', enum: words, description } as const;
}

/** @param description - completes "Expected `x` to be" */
export function textParameter(pattern: string, description: string) {
  return { type: 'string', pattern, description } as const;
}

/** @throws PortalError (badRequest) naming the parameter that cannot be used, and its rule */
export function readQuery<Q extends QuerySchema>(schema: Q | undefined, query: unknown): FromQuery<Q> {
  const given = (query ?? {}) as Readonly<Record<string, unknown>>;
  const read = Object.entries(schema ?? {}).map(([name, parameter]) => {
    const value = given[name];
    return [name, value === undefined ? undefined : readParameter(name, value, parameter)];
  });
  return Object.fromEntries(read) as FromQuery<Q>;
}

function readParameter(name: string, value: unknown, parameter: QueryParameter): number | string {
  if (parameter.type === 'integer') return numberOf(name, value, parameter);
  if (isChoice(parameter)) return wordOf(name, value, parameter);
  return isText(parameter) ? textOf(name, value, parameter) : readTime(name, value);
}

function isChoice(parameter: QueryParameter): parameter is ChoiceParameter {
  return parameter.enum !== undefined;
}

function isText(parameter: QueryParameter): parameter is TextParameter {
  return parameter.pattern !== undefined;
}

function wordOf(name: string, value: unknown, { enum: words }: ChoiceParameter): string {
  const word = words.find((one) => one === value);
  if (word === undefined) {
    throw new PortalError('badRequest', `Expected \`${name}\` to be one of ${words.join(', ')}.`);
  }
  return word;
}

function textOf(name: string, value: unknown, { pattern, description }: TextParameter): string {
  if (typeof value !== 'string' || !new RegExp(pattern, 'u').test(value)) {
    throw new PortalError('badRequest', `Expected \`${name}\` to be ${description}`);
  }
  return value;
}

function numberOf(name: string, value: unknown, { minimum, maximum }: WholeNumberParameter): number {
  const most = maximum ?? Number.MAX_SAFE_INTEGER;
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= minimum && number <= most)) {
    throw new PortalError(
      'badRequest',
      `Expected \`${name}\` to be a whole number from ${minimum} to ${most}.`,
    );
  }
  return number;
}

/** A date with a time and a zone, or a date alone, which begins in UTC. */
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** @throws PortalError (badRequest) where it is no time; milliseconds since 1970 */
export function readTime(name: string, value: unknown): number {
  const ms = typeof value === 'string' && ISO.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isFinite(ms)) {
    throw new PortalError(
      'badRequest',
      `Expected \`${name}\` to be a time such as 2026-03-01T02:41:00Z; a + in it is written %2B.`,
    );
  }
  return ms;
}

/** @throws PortalError (badRequest) naming the field that is no text */
export function readBody<B extends BodySchema>(schema: B | undefined, body: unknown): FromSchema<B> {
  const given: object = typeof body === 'object' && body !== null ? body : {};
  const read = Object.keys(schema?.properties ?? {}).flatMap((name) => {
    const value: unknown = Reflect.get(given, name);
    if (value === undefined && !schema?.required?.includes(name)) return [];
    if (typeof value !== 'string') throw new PortalError('badRequest', `${name} must be a text`);
    return [[name, value]];
  });
  return Object.fromEntries(read) as FromSchema<B>;
}

/**
 * Holds every answer that a test gets to what its endpoint is described to answer: status, media type, shape and headers.
 */
import assert from 'node:assert/strict';
import Fastify from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { liveSnapshotSchema } from '../src/api/admin-live.js';
import { ENDPOINTS } from '../src/api/endpoints.js';
import { eventSchema } from '../src/api/event-schema.js';
import { fleetDeltaSchema, fleetSchema } from '../src/api/fleet-schema.js';
import { openApi } from '../src/api/openapi.js';
import type { Operation, ResponseObject } from '../src/api/openapi-types.js';
import { createSchemaNames } from '../src/api/schema-names.js';
import type { JsonSchema } from '../src/api/schema.js';

export interface AnsweredRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The OpenAPI document as every service has it. */
export const DOCUMENT = openApi(ENDPOINTS, '0.0.0', '.');

/** What any path may answer, so that no endpoint says it: `info.description` does, and HTTP. */
const ANYWHERE = new Set([304, 308, 400, 408, 413, 414, 415, 417, 421, 431]);
const ERROR: JsonSchema = { $ref: '#/components/schemas/Error' };

const OPERATIONS = Object.entries(DOCUMENT.paths).map(([template, operations]) => ({
  operations,
  pattern: new RegExp(`^(.*)${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** Fails, naming the places, unless the answer is one that its endpoint is described to give. */
export function assertAnswer({ method, path, status, headers, body }: AnsweredRequest): void {
  const found = operationAt(path, method);
  const response = found && responseOf(found.operation, status);
  const what = `${method} ${path} ${status}`;
  const type = String(headers['content-type']).replace(/;.*$/, '');
  if (!response) {
    const isFree = !found?.isExact || ANYWHERE.has(status);
    assert.ok(isFree, `${what}: ${found?.operation.operationId} says nothing about ${status}`);
    if (status >= 400 && type.endsWith('json') && body !== '') assertShape(ERROR, JSON.parse(body), what);
    return;
  }
  for (const [name, { required = false }] of Object.entries(response.headers ?? {})) {
    if (required) assert.ok(headers[name.toLowerCase()], `${what}: no ${name}`);
  }
  if (method === 'HEAD') return;
  if (!response.content) return assert.equal(body, '', what);
  const media = response.content[type];
  assert.ok(media, `${what}: ${type} is not described`);
  assertShape(media.schema, type.endsWith('json') ? JSON.parse(body) : body, what);
}

function operationAt(path: string, method: string) {
  const plain = path
    .replace(/[?#].*$/, '')
    .replaceAll(/\/+/g, '/')
    .replace(/(.)\/$/, '$1');
  const matches = OPERATIONS.flatMap(({ operations: { get, post }, pattern }) => {
    const before = pattern.exec(plain)?.[1];
    const operation = (method === 'POST' ? post : undefined) ?? get ?? post;
    // Below a base path, or below nothing that there is.
    return before === undefined || !operation ? [] : [{ operation, before, isExact: before === '' }];
  });
  // `/v1/admin/health` also ends in `/health`.
  return matches.toSorted((one, other) => one.before.length - other.before.length)[0];
}

/** The response of a status, whether it stands there or is named there. */
export function responseOf({ responses }: Operation, status: number | string): ResponseObject | undefined {
  const response = responses[status];
  if (!response || !('$ref' in response)) return response;
  const name = response.$ref.replace('#/components/responses/', '');
  const found = Object.entries(DOCUMENT.components.responses).find(([key]) => key === name);
  assert.ok(found, `${response.$ref} leads nowhere`);
  return found[1];
}

const names = createSchemaNames();
const STREAM: Readonly<Record<string, JsonSchema>> = {
  report: names.refer(liveSnapshotSchema),
  happened: names.refer(eventSchema),
  fleet: names.refer(fleetSchema),
  delta: names.refer(fleetDeltaSchema),
};

/** The same of an event of the live stream. */
export function assertStreamEvent(name: string, data: unknown): void {
  assertShape(STREAM[name] ?? { type: 'object' }, data, `the event ${name}`);
}

const compile = await createCompiler();
const compiled = new Map<string, Check>();

/** Fails, naming the places, unless `value` has the shape that `schema` describes. */
export function assertShape(schema: JsonSchema, value: unknown, what: string): void {
  const key = JSON.stringify(schema);
  const check = compiled.get(key) ?? compile({ ...DOCUMENT, ...schema });
  compiled.set(key, check);
  assert.deepEqual(check(value), [], what);
}

/** What does not fit, place by place. */
type Check = (value: unknown) => readonly string[];

/** Ajv, which Fastify brings along, told to complain of everything and to mend nothing. */
async function createCompiler(): Promise<(schema: object) => Check> {
  const app = Fastify({
    ajv: {
      customOptions: {
        strict: false,
        allErrors: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
      },
    },
  });
  // It is made for the first route that has a schema.
  app.get('/', { schema: { querystring: { type: 'object' } } }, () => '');
  await app.ready();
  const { validatorCompiler } = app;
  assert.ok(validatorCompiler);
  return (schema) => {
    const validate = validatorCompiler({ schema, method: 'GET', url: '/' });
    return (value) => {
      if (validate(value) === true) return [];
      return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
    };
  };
}

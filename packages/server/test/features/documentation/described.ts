/**
 * Holds real answers against the description that the service itself serves, as a client's own tooling would.
 */
import assert from 'node:assert/strict';
import Fastify from 'fastify';
import { ask, type Question, type Reply } from '../../ask.js';

/** The document, as it was served. */
export interface Description {
  readonly paths: Readonly<
    Record<string, { readonly get?: DescribedOperation; readonly post?: DescribedOperation }>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, DescribedResponse>>;
  };
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, DescribedResponse | { readonly $ref: string }>>;
}

export interface DescribedResponse {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<
    Record<
      string,
      {
        readonly schema: object;
        readonly example?: unknown;
        readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
      }
    >
  >;
}

/** A question, and the path as the description has it where that is not the path asked for. */
export interface DescribedQuestion extends Question {
  readonly as?: string;
}

/** A description, to hold answers against. */
export interface Described {
  readonly document: Description;
  /** The response of a status, whether it stands there or is named there. */
  responseOf(operation: DescribedOperation, status: number | string): DescribedResponse;
  /** Fails, naming the places, unless `value` has the shape that `schema` describes. */
  assertShape(schema: object, value: unknown, what: string): void;
  /** Asks, and holds the answer against what is described of `path`: status, type, shape and headers. */
  ask(base: string, path: string, question?: DescribedQuestion): Promise<Reply>;
}

/** Gets the description of a service. */
export async function getDescribed(base: string): Promise<Described> {
  const { status, json } = await ask(base, '/openapi.json');
  assert.equal(status, 200);
  const document = json as unknown as Description;
  const compile = await createCompiler();
  const compiled = new Map<string, Check>();

  function assertShape(schema: object, value: unknown, what: string): void {
    const key = JSON.stringify(schema);
    const check = compiled.get(key) ?? compile({ ...document, ...schema });
    compiled.set(key, check);
    const errors = check(value);
    assert.deepEqual(errors, [], what);
  }

  function responseOf(operation: DescribedOperation, of: number | string): DescribedResponse {
    const response = operation.responses[of];
    assert.ok(response, `${operation.operationId} says nothing about ${of}`);
    if (!('$ref' in response)) return response;
    const found = document.components.responses[response.$ref.replace('#/components/responses/', '')];
    assert.ok(found, `${response.$ref} leads nowhere`);
    return found;
  }

  return {
    document,
    assertShape,
    responseOf,
    async ask(at, path, question = {}) {
      const reply = await ask(at, path, question);
      const template = question.as ?? path.replace(/\?.*$/, '');
      const what = `${question.method ?? 'GET'} ${template} ${reply.status}`;
      const { get, post } = document.paths[template] ?? {};
      const operation = (question.method === 'POST' ? post : undefined) ?? get ?? post;
      assert.ok(operation, `${template} is not described`);
      const { headers = {}, content } = responseOf(operation, reply.status);
      const type = String(reply.headers['content-type']).replace(/;.*$/, '');
      if (content) {
        const media = content[type];
        assert.ok(media, `${what}: ${type} is not described`);
        assertShape(media.schema, type.endsWith('json') ? reply.json : reply.body, what);
      } else assert.equal(reply.body, '', what);
      for (const [name, { required = false }] of Object.entries(headers)) {
        if (required) assert.ok(reply.headers[name.toLowerCase()], `${what}: no ${name}`);
      }
      return reply;
    },
  };
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

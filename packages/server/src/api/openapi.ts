/**
 * The OpenAPI document, version 3.1: made from the definitions of the endpoints.
 */
import type { OpenApi, Operation, Parameter, PathItem, ResponseObject } from './openapi-types.js';
import { type RequestErrorName, REQUEST_ERRORS } from './request-errors.js';
import type { Route, RouteAnswer } from './route.js';
import { createSchemaNames, type SchemaNames } from './schema-names.js';
import type { JsonSchema } from './schema.js';

/** `server`: where the paths begin, seen from the document. */
export function openApi(routes: readonly Route[], version: string, server: string): OpenApi {
  const names = createSchemaNames();
  const paths = pathsOf(routes, names);
  const responses = Object.entries(REQUEST_ERRORS).map(([name, { response }]) => [
    name,
    responseOf(response, names),
  ]);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Portal Health',
      version,
      summary: 'Is it up, how are its pool and its cache, and is it running the code we shipped?',
      description:
        'Every answer is made from memory, so it comes at once, also while the stores hang. Every `GET` also answers ' +
        '`HEAD`. An error is always a sentence and a correlation id. Any path answers 421 where `Host` is no name of this ' +
        'service (`PORTAL_PUBLIC_URL`), and so nobody’s page can have a name of its own lead here; 400 without `Host`, 414 to an ' +
        'address of more than 4,096 characters, 417 to an `Expect` other than `100-continue`, and 431 to too many header ' +
        'fields. A connection is answered one request at a time and ends when a 17th arrives before the first was read.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: server }],
    tags: [
      { name: 'Health', description: 'How everything is.' },
      { name: 'Integrity', description: 'Is it the code that was shipped?' },
      { name: 'History', description: 'What was, what happened, and what happens now.' },
      { name: 'Fleet', description: 'How the services and instances are that this one watches.' },
      { name: 'Incidents', description: 'What went wrong, from its begin to its end.' },
      { name: 'Sign-in', description: 'Who is signed in.' },
      { name: 'Probes', description: 'For orchestrators and load balancers.' },
      { name: 'Metrics', description: 'For Prometheus.' },
      { name: 'Documentation', description: 'This.' },
    ],
    paths,
    components: {
      schemas: names.all,
      responses: Object.fromEntries(responses) as OpenApi['components']['responses'],
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'psession',
          description:
            'A session of a user with permission 2 (Admin) or 3 (Owner), or of anybody where `User` is named: ' +
            '`portal session create --user NAME`.',
        },
        machineToken: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of a machine, which reads what administrators read and does nothing: `portal token create --name NAME`. ' +
            'Never together with a session.',
        },
      },
    },
  };
}

function pathsOf(routes: readonly Route[], names: SchemaNames): OpenApi['paths'] {
  const paths: Record<string, PathItem> = {};
  for (const route of routes) {
    const method = route.method === 'GET' ? 'get' : 'post';
    const operation = operationOf(route, names);
    if (operation) paths[route.path] = { ...paths[route.path], [method]: operation };
  }
  return paths;
}

function operationOf(route: Route, names: SchemaNames): Operation | undefined {
  const { docs, body, answers } = route;
  if (!docs) return undefined;
  const parameters = [...(route.parameters ?? []), ...queryParameters(route)];
  const answered = Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, names)]);
  const refused = requestErrorNamesOf(route).map((name) => [
    REQUEST_ERRORS[name].status,
    { $ref: `#/components/responses/${name}` },
  ]);
  return {
    operationId: docs.id,
    tags: [docs.tag],
    summary: docs.summary,
    description: docs.description,
    security: securityOf(route),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: true, content: jsonContent(body.schema, body.example, names) } }
      : {}),
    responses: Object.fromEntries([...answered, ...refused]) as Operation['responses'],
  };
}

function queryParameters({ query = {} }: Route): readonly Parameter[] {
  return Object.entries(query).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    schema,
  }));
}

/** An empty one says that nothing is needed. The scheme `session` names the lowest level that will do. */
function securityOf({ guard }: Route): Operation['security'] {
  if (guard === 'anyone') return [];
  if (guard.level === 'user') return [{ session: ['User'] }];
  return [
    ...(guard.isOptional ? [{}] : []),
    { session: [] },
    ...(guard.machines ? [{ machineToken: [] }] : []),
  ];
}

function answerOf(
  { schema, example, ...answer }: RouteAnswer<JsonSchema>,
  names: SchemaNames,
): ResponseObject {
  if (schema) return { ...answer, content: jsonContent(schema, example, names) };
  return responseOf(answer, names);
}

function jsonContent(
  schema: JsonSchema,
  example: unknown,
  names: SchemaNames,
): ResponseObject['content'] & object {
  return {
    'application/json': { schema: names.refer(schema), ...(example === undefined ? {} : { example }) },
  };
}

function responseOf({ content, ...response }: ResponseObject, names: SchemaNames): ResponseObject {
  if (!content) return response;
  const media = Object.entries(content).map(([type, one]) => [
    type,
    { ...one, schema: names.refer(one.schema) },
  ]);
  return { ...response, content: Object.fromEntries(media) as ResponseObject['content'] & object };
}

/** Which of the common errors an endpoint answers, without those of a status that it describes by itself. */
function requestErrorNamesOf(route: Route): readonly RequestErrorName[] {
  const { method, guard, query, body, handle, isFixed } = route;
  const isAction = method === 'POST';
  const isGuarded = guard !== 'anyone' && !guard.isOptional;
  const isComputed = handle !== undefined && !isFixed && (guard === 'anyone' || isGuarded);
  const names: readonly (readonly [RequestErrorName, boolean])[] = [
    ['BadRequest', query !== undefined || body !== undefined],
    ['AuthenticationRequired', isGuarded],
    ['AdminRequired', isGuarded && guard.level === 'admin'],
    ['CrossSite', isAction],
    ['MethodNotAllowed', true],
    ['UnsupportedMediaType', isAction],
    ['TooManyRequests', isGuarded || isAction],
    ['Unavailable', isGuarded || isAction],
    ['InternalError', isComputed],
  ];
  const derived = names.filter(([, isAnswered]) => isAnswered).map(([name]) => name);
  return [...derived, ...(route.errors ?? [])].filter(
    (name) => !(REQUEST_ERRORS[name].status in route.answers),
  );
}

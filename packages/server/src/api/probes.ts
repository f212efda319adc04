/** The probe endpoints, which the health library answers before Fastify is asked: described here, and handled there. */
import { defineRoute, type Route } from './route.js';

interface ProbeOptions {
  readonly name: 'livez' | 'readyz' | 'startupz';
  readonly summary: string;
  readonly description: string;
  /** When it says no; absent: never. */
  readonly no?: string;
}

function probe({ name, summary, description, no }: ProbeOptions): Route {
  return defineRoute({
    path: `/${name}`,
    method: 'GET',
    guard: 'anyone',
    cache: 'noStorePublic',
    docs: { id: name, tag: 'Probes', summary, description },
    parameters: [
      {
        name: 'verbose',
        in: 'query',
        description: 'One line a check: its name, its state and the codes of its problems.',
        allowEmptyValue: true,
        schema: { type: 'string' },
      },
    ],
    answers: {
      200: plainText('Yes.', 'ok\n'),
      ...(no === undefined ? {} : { 503: plainText(no, 'not ready\n') }),
    },
  });
}

function plainText(description: string, example: string) {
  return { description, content: { 'text/plain': { schema: { type: 'string' }, example } } };
}

export const livezRoute = probe({
  name: 'livez',
  summary: 'Is the process alive?',
  description: 'Never fails for a dependency, nor while shutting down: a restart mends no database.',
});

export const readyzRoute = probe({
  name: 'readyz',
  summary: 'Should traffic be sent here?',
  description: 'For readiness probes and load balancers.',
  no: 'Before the first report, from the moment a shutdown begins, and for trouble of this process’s own.',
});

export const startupzRoute = probe({
  name: 'startupz',
  summary: 'Has everything been looked at?',
  description: 'For startup probes.',
  no: 'The first report is not there yet.',
});

/** `GET /v1/admin/integrity/loaded`: what is in memory of the source, script by script. */
import { loadedScriptsSchema } from './loaded-schema.js';
import { defineRoute } from './route.js';

export const adminIntegrityLoadedRoute = defineRoute({
  path: '/v1/admin/integrity/loaded',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminIntegrityLoaded',
    tag: 'Integrity',
    summary: 'What is in memory of the source',
    description:
      'Every script that V8 holds, against the file it came from. Looked up once in ten seconds at most.',
  },
  answers: { 200: { description: 'As it is known now.', schema: loadedScriptsSchema } },
  handler: ({ services: { source } }) => source.inspect(),
});

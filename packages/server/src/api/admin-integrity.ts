/**
 * `GET /v1/admin/integrity`: what the source was at the start, is on disk and should be, with the names of the files
 * that differ. For administrators only.
 */
import { integritySchema } from './integrity-schema.js';
import { defineRoute } from './route.js';

export const adminIntegrityRoute = defineRoute({
  path: '/v1/admin/integrity',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminIntegrity',
    tag: 'Integrity',
    summary: 'What became of the source',
    description:
      'What the source should be, was at the start and is on disk, with the names of the files that differ.',
  },
  answers: { 200: { description: 'As it is known now.', schema: integritySchema } },
  handler: ({ services: { source } }) => source.state(),
});

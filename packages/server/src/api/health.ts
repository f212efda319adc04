/** `GET /health`, which the health library answers before Fastify is asked: described here, and handled there. */
import { DEGRADED_EXAMPLE, HEALTHY_EXAMPLE, reportContent, UNHEALTHY_EXAMPLE } from './report-examples.js';
import { reportSchema } from './report-schema.js';
import { defineRoute } from './route.js';

export const healthRoute = defineRoute({
  path: '/health',
  method: 'GET',
  guard: 'anyone',
  cache: 'noStorePublic',
  docs: {
    id: 'health',
    tag: 'Health',
    summary: 'The public report',
    description: 'For anyone. Healthy and degraded are 200, unhealthy is 503, with the same document.',
  },
  answers: {
    200: {
      description: 'Healthy or degraded.',
      content: reportContent(reportSchema, { healthy: HEALTHY_EXAMPLE, degraded: DEGRADED_EXAMPLE }),
    },
    503: {
      description: 'Unhealthy.',
      content: reportContent(reportSchema, { unhealthy: UNHEALTHY_EXAMPLE }),
    },
  },
});

/** `GET /v1/admin/health`: the administrator's report. */
import { respond } from 'portal-health';
import { currentUser } from '../auth/current-user.js';
import type { ResponseHeaders } from './openapi-types.js';
import { errorSchema } from './request-errors.js';
import {
  DEGRADED_EXAMPLE,
  forAdmin,
  HEALTHY_EXAMPLE,
  reportContent,
  UNHEALTHY_EXAMPLE,
} from './report-examples.js';
import { adminReportSchema } from './report-schema.js';
import { defineRoute } from './route.js';

const FROM_MEMORY: ResponseHeaders = {
  'X-Session-Source': {
    description: '`memory` when this process vouched for the session, because the database is away.',
    schema: { type: 'string', enum: ['memory'] },
  },
};

const unhealthy = reportContent(adminReportSchema, { unhealthy: forAdmin(UNHEALTHY_EXAMPLE) });

export const adminHealthRoute = defineRoute({
  path: '/v1/admin/health',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, isDocument: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminHealth',
    tag: 'Health',
    summary: 'The administrator’s report',
    description:
      'The public report and `source_hash`. While the database is away, an administrator whom this process has ' +
      'verified lately still gets it; the header `X-Session-Source: memory` says so. Until its probe has noticed, nobody ' +
      'can say who asks: that is a 503 with an error and `Retry-After`.',
  },
  answers: {
    200: {
      description: 'Healthy or degraded.',
      headers: FROM_MEMORY,
      content: reportContent(adminReportSchema, {
        healthy: forAdmin(HEALTHY_EXAMPLE),
        degraded: forAdmin(DEGRADED_EXAMPLE),
      }),
    },
    503: {
      description: 'Unhealthy. Or, with `Retry-After`, the session cannot be looked up at the moment.',
      headers: {
        ...FROM_MEMORY,
        'Retry-After': {
          description: 'In how many seconds to come again, when it is an error.',
          schema: { type: 'string' },
        },
      },
      content: {
        ...unhealthy,
        'application/json': {
          ...unhealthy['application/json'],
          schema: { oneOf: [adminReportSchema, errorSchema] },
        },
      },
    },
  },
  async handler({ request, reply, services: { health } }) {
    await health.caughtUp();
    const { status, headers, body } = respond(
      health,
      {
        endpoint: 'health',
        method: request.method,
        accept: request.headers.accept,
        byMachine: currentUser(request).isMachine === true,
      },
      'admin',
    );
    // As bytes, because the framework would add a charset to the type of a text.
    return reply.code(status).headers(headers).send(Buffer.from(body));
  },
});

/** `POST /v1/admin/maintenance/{id}/end`: ends a pause, or takes it from the plan. */
import { PortalError } from '../errors.js';
import { whileReachable } from '../infra/postgres.js';
import { actorOf } from './pause-schema.js';
import { defineRoute } from './route.js';

const ID = '^[1-9]\\d{0,14}$';

export const endMaintenanceRoute = defineRoute({
  path: '/v1/admin/maintenance/{id}/end',
  method: 'POST',
  guard: { level: 'admin', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'endMaintenance',
    tag: 'Fleet',
    summary: 'Ends a pause before its time',
    description: 'Or takes it from the plan; no body.',
  },
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      description: 'As the list has it.',
      schema: { type: 'string', pattern: ID },
    },
  ],
  errors: ['NotFound'],
  answers: { 204: { description: 'It has ended.' } },
  async handler({ request, reply, services: { pauses } }) {
    const { id } = request.params as { readonly id: string };
    const isId = new RegExp(ID).test(id);
    if (!isId || !(await whileReachable(pauses.end(Number(id), actorOf(request))))) {
      throw new PortalError('notFound');
    }
    return reply.code(204).send();
  },
});

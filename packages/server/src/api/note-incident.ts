/** `POST /v1/admin/incidents/{id}/notes`: what somebody found out, for whoever comes next and for the post-mortem. */
import { PortalError } from '../errors.js';
import { whileReachable } from '../infra/postgres.js';
import { incidentIdParameter } from './admin-incident.js';
import { noteSchema, publishedNote } from './incident-schema.js';
import { actorOf, readLine } from './pause-schema.js';
import { defineRoute } from './route.js';
import { exactly, named, text } from './schema.js';

const newNote = named('NewNote', exactly('A note.', { text: text('At most 4,000 characters.') }));
const LONGEST_NOTE = 4_000;

export const noteIncidentRoute = defineRoute({
  path: '/v1/admin/incidents/{id}/notes',
  method: 'POST',
  guard: { level: 'admin', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'noteIncident',
    tag: 'Incidents',
    summary: 'Adds a note to an incident',
    description:
      'For all watchers of the fleet. Notes are not changed or deleted; that there is one is in the audit.',
  },
  parameters: [incidentIdParameter],
  body: { schema: newNote, example: { text: 'report-worker held the lock; killed it at 02:51.' } },
  errors: ['NotFound'],
  answers: { 200: { description: 'It is kept.', schema: noteSchema } },
  async handler({ request, body, services: { incidents, incidentNotes } }) {
    const { id } = request.params as { readonly id: string };
    const note = readLine('text', body.text, LONGEST_NOTE);
    if (!(await incidents.one(id))) throw new PortalError('notFound');
    return publishedNote(await whileReachable(incidentNotes.add(id, note, actorOf(request))));
  },
});

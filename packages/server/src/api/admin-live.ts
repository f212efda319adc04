/** `GET /v1/admin/live`: everything of the administrator's page, as it becomes known, for as long as the session lasts. */
import { heldCauseSchema } from './event-schema.js';
import { reasonSchema } from './reason-schema.js';
import { adminReportSchema } from './report-schema.js';
import { defineRoute } from './route.js';
import { openStream, STREAM_ANSWER } from './event-stream.js';
import { choice, dateTimeMs, exactly, integerOrNull, listOf, MOMENT, textOrNull } from './schema.js';

const liveComponent = exactly('A component, and since when it has been as it is.', {
  state: choice(['up', 'slow', 'limited', 'down', 'stale'], 'The outcome of its probe.'),
  since: dateTimeMs('Since when the state is what it is.'),
  answers_since: dateTimeMs('Since when it answers, or does not, whatever the cause.'),
  checked_at: textOrNull('When it was last looked at; `null` before that.', MOMENT),
});

/** The data of the event `report`. */
export const liveSnapshotSchema = exactly('Everything for an administrator at one moment.', {
  report: adminReportSchema,
  since: dateTimeMs('Since when the status is what it is.'),
  causes: listOf(heldCauseSchema, 'What is wrong, the worst first.'),
  parts: {
    type: 'object',
    description: 'Each component by its name.',
    additionalProperties: liveComponent,
  },
  pool_waiting: integerOrNull('Callers who wait for a connection of the pool.'),
  reasons: listOf(reasonSchema, 'Why it is so, as in `/v1/admin/reasons`.'),
  at: dateTimeMs('Of the clock of the service.'),
});

export const adminLiveRoute = defineRoute({
  path: '/v1/admin/live',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, isDocument: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminLive',
    tag: 'History',
    summary: 'Everything, as it becomes known',
    description:
      'Server-sent events, for as long as the session lasts. `report`: `{report, since, causes, parts, pool_waiting, reasons, at}`, at once and ' +
      'after every look, where `report` is the administrator’s report, `causes` has what is wrong as `component`, ' +
      '`code` and `since`, `parts` has of each part its `state`, `since`, `answers_since` and `checked_at`, `pool_waiting` is how many callers wait for a connection, and `reasons` is the ' +
      'list of `/v1/admin/reasons`. ' +
      '`happened`: one event, as in `/v1/admin/events`; once more when a cause of it has come or gone. `gone`: the session has ended, and so does the ' +
      'answer. `draining`: the service is about to stop. A comment at least every 5 s says that the connection lives.',
  },
  answers: {
    200: STREAM_ANSWER,
  },
  handler: ({ request, reply, services: { pages, watchSession } }) =>
    openStream({ request, reply, pages, watchSession }),
});

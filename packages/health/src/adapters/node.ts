/**
 * The health doors on a plain `node:http` server, in front of whatever framework it carries: no session, rate limit,
 * body parser or load shedding lies before them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createDoors, type DoorOptions } from '../doors.js';
import type { Health } from '../health.js';
import type { Answer } from '../respond.js';

export type { DoorOptions, DoorPaths } from '../doors.js';

/** Answers the request and returns `true` when it is for a health door; otherwise leaves it alone. */
export type HealthDoor = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Makes the doors of `health` for a `node:http` server, and for `node:http2` with its compatibility API.
 *
 * @example
 * ```ts
 * const door = createHealthDoor(health);
 * createServer((request, response) => {
 *   if (!door(request, response)) app(request, response);
 * });
 * ```
 * @throws TypeError when a path does not begin with a slash, or an option cannot be used
 */
export function createHealthDoor(health: Health, options: DoorOptions<IncomingMessage> = {}): HealthDoor {
  const doors = createDoors(health, options);
  return (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const question = doors.question(method, url, headers.accept);
    if (question === undefined) return false;
    const answer = doors.answer(question, request);
    if (answer instanceof Promise) void answer.then((late) => send(response, late));
    else send(response, answer);
    return true;
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body);
}

/** Which of the common errors an endpoint answers: this follows from its definition. */
import { type RefusalName, REFUSALS } from './refusals.js';
import type { Route } from './route.js';

/** Without those of a status that the endpoint describes by itself. */
export function refusalNamesOf(route: Route): readonly RefusalName[] {
  const { method, guard, query, body, handle, isFixed } = route;
  const isAction = method === 'POST';
  const isGuarded = guard !== 'anyone' && !guard.isOptional;
  const isComputed = handle !== undefined && !isFixed && (guard === 'anyone' || isGuarded);
  const names: readonly (readonly [RefusalName, boolean])[] = [
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
  return [...derived, ...(route.errors ?? [])].filter((name) => !(REFUSALS[name].status in route.answers));
}

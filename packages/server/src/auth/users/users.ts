/**
 * The rules about users: what a name may be, and who may act on whom.
 */
import { PortalError } from '../../errors.js';
import { OWNER, PERMISSION_NAMES, type Permission } from '../permission.js';
import type { UserOrigin, User, UserStore } from './user-store.js';

/** Who does something: a user with a permission, or an operator at the machine, who is above all of them. */
export type Actor = Permission | 'operator';

export interface Users {
  /** @throws PortalError when the name cannot be one or is taken, or the actor may not make such a user */
  add(actor: Actor, name: string, permission: Permission): Promise<User>;
  list(): Promise<User[]>;
  /** @throws PortalError when there is no user of that name */
  named(name: string): Promise<User>;
  /** The same, of a user who can sign in. @throws PortalError when there is no user of that name, or they are disabled */
  enabled(name: string): Promise<User>;
  /**
   * Counts from the next request on.
   *
   * @throws PortalError when there is no user of that name, or the actor may not do that
   */
  setPermission(actor: Actor, name: string, permission: Permission): Promise<User>;
  /**
   * Ends all sessions and codes of a user, who gets none until enabled again.
   *
   * @throws PortalError when there is no user of that name, the actor may not do that, or no Owner would be left
   */
  disable(actor: Actor, name: string): Promise<User>;
  /** What has ended stays so. @throws PortalError as above */
  enable(actor: Actor, name: string): Promise<User>;
  /** Removes a user for good; the audit keeps the name. @throws PortalError as above */
  remove(actor: Actor, name: string): Promise<User>;
  /** Makes the first user, an Owner, when there is none at all; `undefined` when there is a user. */
  addFirst(name: string): Promise<User | undefined>;
}

export interface UsersOptions {
  readonly store: UserStore;
  /** Called with the token hashes of sessions that ended with their user, before that is reported as done. */
  readonly onSessionsEnded: (hashes: readonly string[]) => Promise<void>;
  /** Called when the permission of a user has changed, before that is reported as done. */
  readonly onPermissionChange: (userId: number) => Promise<void>;
}

/** Whether an actor may change a user: on levels below their own, and Owners also Owners. */
export function mayActOn(actor: Actor, level: Permission): boolean {
  return actor === 'operator' || level < actor || (actor === OWNER && level === OWNER);
}

/** Puts the rules on top of the record. */
export function createUsers({ store, onPermissionChange, onSessionsEnded }: UsersOptions): Users {
  async function add(
    actor: Actor,
    name: string,
    permission: Permission,
    by: UserOrigin = 'command',
  ): Promise<User> {
    expectUserName(name);
    expectMayActOn(actor, permission);
    const user = await store.add(name, permission, by);
    if (!user)
      throw new PortalError(
        'conflict',
        `There is a user named ${name} already; upper and lower case are the same.`,
      );
    return user;
  }

  async function named(name: string): Promise<User> {
    const user = await store.findByName(name);
    if (!user) throw new PortalError('notFound', `There is no user named ${JSON.stringify(name)}.`);
    return user;
  }

  async function takeAway(
    actor: Actor,
    name: string,
    work: (id: number) => Promise<readonly string[] | undefined>,
  ): Promise<User> {
    const user = await named(name);
    expectMayActOn(actor, user.permission);
    const ended = await work(user.id);
    if (!ended) {
      throw new PortalError(
        'conflict',
        `${user.name} is the last ${PERMISSION_NAMES[OWNER]} who can sign in; make somebody else one first.`,
      );
    }
    await onSessionsEnded(ended);
    return user;
  }

  return {
    add: (actor, name, permission) => add(actor, name, permission),
    list: () => store.list(),
    named,
    async enabled(name) {
      const user = await named(name);
      if (!user.disabledAt) return user;
      const again = `"portal user enable ${user.name}"`;
      throw new PortalError('conflict', `${user.name} is disabled; ${again} lets them sign in again.`);
    },
    async setPermission(actor, name, permission) {
      const user = await named(name);
      // Neither change a user above, nor raise one to a level that the actor could not change.
      expectMayActOn(actor, user.permission);
      expectMayActOn(actor, permission);
      await store.setPermission(user.id, permission);
      await onPermissionChange(user.id);
      return { ...user, permission };
    },
    disable: (actor, name) => takeAway(actor, name, (id) => store.disable(id)),
    async enable(actor, name) {
      const user = await named(name);
      expectMayActOn(actor, user.permission);
      await store.enable(user.id);
      return user;
    },
    remove: (actor, name) => takeAway(actor, name, (id) => store.remove(id)),
    async addFirst(name) {
      return (await store.isEmpty()) ? add('operator', name, OWNER, 'start') : undefined;
    },
  };
}

const SHORTEST = 3;
const LONGEST = 32;

/** @throws PortalError when a text cannot be the name of a user, with the rule that it breaks */
export function expectUserName(name: string): void {
  if (name.length < SHORTEST) throw badName(`must be at least ${SHORTEST} characters`);
  if (name.length > LONGEST) throw badName(`must be at most ${LONGEST} characters`);
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw badName('must be letters, digits, ".", "_" and "-" only');
}

function badName(rule: string): PortalError {
  return new PortalError('badRequest', `username ${rule}`);
}

function expectMayActOn(actor: Actor, level: Permission): void {
  if (mayActOn(actor, level)) return;
  const who = actor === 'operator' ? 'operator' : PERMISSION_NAMES[actor];
  throw new PortalError(
    'notAllowed',
    `A person with the permission ${who} may not act on ${PERMISSION_NAMES[level]}.`,
  );
}

/**
 * The closed catalogue of what can be wrong with an instance, or with the watching of the fleet. An instance's own codes
 * are not in it: they are shown as it reports them.
 */

/** A catalogue entry: the fixed sentence, and what an operator does next. */
export interface FleetProblem {
  readonly sentence: string;
  readonly next: string;
}

/** Of one instance, as the watcher found it. */
export const INSTANCE_PROBLEMS = {
  INSTANCE_REFUSED: {
    sentence: 'No connection to the instance can be made',
    next: 'Look whether the process runs and listens there.',
  },
  INSTANCE_TIMEOUT: {
    sentence: 'The instance does not respond in time',
    next: 'Look at its event loop and at the network between.',
  },
  INSTANCE_TLS: {
    sentence: 'The certificate of the instance is not accepted',
    next: 'Renew it, or set `tls` of the service in the fleet file.',
  },
  INSTANCE_UNAUTHORIZED: {
    sentence: 'The instance wants other credentials',
    next: 'Compare `authorization` in the fleet file with the tokens that the instance accepts.',
  },
  INSTANCE_ADDRESS_NOT_ALLOWED: {
    sentence: 'The address of the instance may not be asked',
    next: 'See which address its name leads to; loopback must be written in the fleet file.',
  },
  INSTANCE_TOKEN_WITHHELD: {
    sentence: 'The token was not sent, because the address is outside of the networks of the service',
    next: 'Add its network to `networks` of the service, if it is one of yours.',
  },
  INSTANCE_NOT_HEALTH: {
    sentence: 'What the instance responds is no health document of the format',
    next: 'Compare `path` and `format` of the service with what `portal fleet probe URL` finds.',
  },
  INSTANCE_TOO_LARGE: {
    sentence: 'The response of the instance is too large',
    next: 'Look at what is served at `path`.',
  },
  INSTANCE_CONTRADICTS: {
    sentence: 'The instance says healthy with a status of failure',
    next: 'Look at what stands before it; an error page may hold an old body.',
  },
  INSTANCE_NOT_SCRAPED: {
    sentence: 'The Prometheus cannot scrape the instance',
    next: 'Read the error of the target on its page `/targets`.',
  },
  INSTANCE_RESTARTING: {
    sentence: 'The instance starts again and again',
    next: 'Read its log from before the last start.',
  },
  FLEET_ADDRESS_SHARED: {
    sentence: 'Several instances respond at this address in turn',
    next: 'List the replicas, and not their load balancer.',
  },
} as const satisfies Readonly<Record<string, FleetProblem>>;

/** Of a service, or of the watching itself. */
export const FLEET_PROBLEMS = {
  FLEET_BLIND: {
    sentence: 'The watcher cannot see: it is late itself, or its network is',
    next: 'Look at the watcher. Nothing is known of the instances until polls work again.',
  },
  FLEET_DISCOVERY_FAILED: {
    sentence: 'The list of the instances cannot be read; the last one is kept',
    next: 'Look at the source of the list.',
  },
  FLEET_DISCOVERY_SHORT: {
    sentence: 'The list of the instances may be cut; the last one is kept',
    next: 'Name fewer instances by one name, or list them in another way.',
  },
  FLEET_TOO_MANY: {
    sentence: 'More instances are listed than are watched',
    next: 'Take instances out, or let a Prometheus collect.',
  },
  FLEET_TOO_FEW: {
    sentence: 'Fewer instances are listed than expected',
    next: 'Start what is missing, or correct `expect` in the fleet file.',
  },
  FLEET_SOURCE_MISMATCH: {
    sentence: 'An instance runs what nobody signed, or shows a statement that is not believed',
    next: 'Read `/v1/admin/fleet/source`; stop the instance, and compare its files with the release.',
  },
  FLEET_SOURCE_SPLIT: {
    sentence: 'Instances of one service run different sources for longer than a rollout takes',
    next: 'End the rollout, or take it back: `/v1/admin/fleet/source` has the instances.',
  },
  FLEET_FILE_REFUSED: {
    sentence: 'The fleet file has a mistake; the last good one is in force',
    next: 'Read the log of the watcher: it names the place, the rule and the value.',
  },
} as const satisfies Readonly<Record<string, FleetProblem>>;

export type InstanceProblem = keyof typeof INSTANCE_PROBLEMS;
export type FleetProblemCode = keyof typeof FLEET_PROBLEMS;

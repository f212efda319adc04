/** What is wrong with an instance or with the watching, and what to do next: the words of docs/fleet.md. */

export interface FleetAdvice {
  readonly means: string;
  readonly next: string;
}

export const FLEET_ADVICE: Readonly<Record<string, FleetAdvice>> = {
  INSTANCE_REFUSED: {
    means: 'No connection to the instance can be made.',
    next: 'Look whether the process runs and listens there.',
  },
  INSTANCE_TIMEOUT: {
    means: 'The instance does not respond in time.',
    next: 'Look at its event loop and at the network between.',
  },
  INSTANCE_TLS: {
    means: 'The certificate of the instance is not accepted.',
    next: 'Renew it, or set `tls` of the service in the fleet file.',
  },
  INSTANCE_UNAUTHORIZED: {
    means: 'The instance wants other credentials.',
    next: 'Compare `authorization` in the fleet file with the tokens that the instance accepts.',
  },
  INSTANCE_ADDRESS_NOT_ALLOWED: {
    means: 'The address of the instance may not be asked.',
    next: 'See which address its name leads to; loopback must be written in the fleet file.',
  },
  INSTANCE_TOKEN_WITHHELD: {
    means: 'The token was not sent, because the address is outside of the networks of the service.',
    next: 'Add its network to `networks` of the service, if it is one of yours.',
  },
  INSTANCE_NOT_HEALTH: {
    means: 'What the instance responds is no health document of the format.',
    next: 'Compare `path` and `format` of the service with what `portal fleet probe URL` finds.',
  },
  INSTANCE_TOO_LARGE: {
    means: 'The response of the instance is too large.',
    next: 'Look at what is served at `path`.',
  },
  INSTANCE_CONTRADICTS: {
    means: 'The instance says healthy with a status of failure.',
    next: 'Look at what stands before it; an error page may hold an old body.',
  },
  INSTANCE_NOT_SCRAPED: {
    means: 'The Prometheus cannot scrape the instance.',
    next: 'Read the error of the target on its page `/targets`.',
  },
  INSTANCE_RESTARTING: {
    means: 'The instance starts again and again.',
    next: 'Read its log from before the last start.',
  },
  FLEET_ADDRESS_SHARED: {
    means: 'Several instances respond at this address in turn.',
    next: 'List the replicas, and not their load balancer.',
  },
  FLEET_BLIND: {
    means: 'The watcher cannot see: it is late itself, or its network is.',
    next: 'Look at the watcher. Nothing is known of the instances until polls work again.',
  },
  FLEET_DISCOVERY_FAILED: {
    means: 'The list of the instances cannot be read; the last one is kept.',
    next: 'Look at the source of the list.',
  },
  FLEET_DISCOVERY_SHORT: {
    means: 'The list of the instances may be cut; the last one is kept.',
    next: 'Name fewer instances by one name, or list them in another way.',
  },
  FLEET_TOO_MANY: {
    means: 'More instances are listed than are watched.',
    next: 'Take instances out, or let a Prometheus collect.',
  },
  FLEET_TOO_FEW: {
    means: 'Fewer instances are listed than expected.',
    next: 'Start what is missing, or correct `expect` in the fleet file.',
  },
  FLEET_SOURCE_MISMATCH: {
    means: 'An instance runs what nobody signed, or shows a statement that is not believed.',
    next: 'Read `/v1/admin/fleet/source`; stop the instance, and compare its files with the release.',
  },
  FLEET_SOURCE_SPLIT: {
    means: 'Instances of one service run different sources for longer than a rollout takes.',
    next: 'End the rollout, or take it back: `/v1/admin/fleet/source` has the instances.',
  },
  FLEET_FILE_REFUSED: {
    means: 'The fleet file has a mistake; the last good one is in force.',
    next: 'Read the log of the watcher: it names the place, the rule and the value.',
  },
};

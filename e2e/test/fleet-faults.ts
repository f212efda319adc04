/** What can happen to one service of three instances, and how the service stands then, whoever collects. */
import type { Instance } from './fleet-instance.js';

/** As the fleet says it of one service. */
export interface ServiceState {
  readonly status: string;
  readonly instances: Readonly<Record<string, number>>;
}

/** What a fault is done to. */
export interface Victim {
  readonly instances: readonly [Instance, Instance, Instance];
  /** Replaces its list; anything but a list of targets breaks it. */
  readonly list: (content: unknown) => Promise<void>;
}

export interface ServiceFault {
  readonly what: string;
  /** Whether only a service that speaks TLS can meet it. */
  readonly needsTls?: boolean;
  inflict(victim: Victim): Promise<void>;
  readonly stands: ServiceState;
}

const counted = (status: string, instances: Readonly<Record<string, number>>): ServiceState => ({
  status,
  instances: {
    healthy: 0,
    degraded: 0,
    unhealthy: 0,
    unreachable: 0,
    new: 0,
    unknown: 0,
    gone: 0,
    ...instances,
  },
});
export const WELL = counted('healthy', { healthy: 3 });
const ONE_LOST = counted('degraded', { healthy: 2, unreachable: 1 });

export const SERVICE_FAULTS: readonly ServiceFault[] = [
  { what: 'killed', inflict: ({ instances: [one] }) => one.program.kill(), stands: ONE_LOST },
  {
    what: 'hanging',
    inflict: async ({ instances: [one] }) => one.program.signal('SIGSTOP'),
    stands: ONE_LOST,
  },
  ...(['trickle', 'refuse', 'blackhole', 'reset'] as const).map((fault) => ({
    what: `behind a network that does ${fault}`,
    inflict: ({ instances: [one] }: Victim) => one.proxy.fault(fault),
    stands: ONE_LOST,
  })),
  ...(['expired', 'of another name', 'signed by nobody known'] as const).map((certificate) => ({
    what: `certificate ${certificate}`,
    needsTls: true,
    inflict: ({ instances: [one] }: Victim) => one.certify(certificate),
    stands: ONE_LOST,
  })),
  ...[
    { what: 'redirecting', status: 302, body: '' },
    { what: 'answering a page', status: 200, body: '<h1>healthy</h1>' },
    { what: 'contradicting itself', status: 503, body: '{"status":"healthy"}' },
  ].map(({ what, ...answer }) => ({
    what,
    inflict: async ({ instances: [one] }: Victim) => one.replace(() => answer),
    stands: ONE_LOST,
  })),
  ...(['degraded', 'unhealthy'] as const).map((word) => ({
    what: `saying ${word}`,
    inflict: async ({ instances: [one] }: Victim) => one.program.tell(word),
    stands: counted('degraded', { healthy: 2, [word]: 1 }),
  })),
  {
    what: 'restarted',
    async inflict({ instances: [one] }) {
      await one.program.kill();
      await one.program.start();
    },
    stands: WELL,
  },
  {
    what: 'two behind one address',
    inflict: async ({ instances: [one, other] }) => one.shareWith(other),
    stands: WELL,
  },
  {
    what: 'taken out of the list',
    inflict: ({ instances: [, ...others], list }) => list([{ targets: others.map(({ target }) => target) }]),
    stands: counted('healthy', { healthy: 2, gone: 1 }),
  },
  {
    what: 'list empty',
    inflict: ({ list }) => list([{ targets: [] }]),
    stands: counted('unhealthy', { gone: 3 }),
  },
  { what: 'list broken', inflict: ({ list }) => list('<h1>Sign in</h1>'), stands: WELL },
  {
    what: 'two of three lost',
    async inflict({ instances: [one, other] }) {
      await one.program.kill();
      await other.proxy.fault('blackhole');
    },
    stands: counted('unhealthy', { healthy: 1, unreachable: 2 }),
  },
];

/** Rounds in which every fault happens once, each to a service of its own; the last service is the one that speaks TLS. */
export function roundsOf(services: readonly string[]): readonly ReadonlyMap<string, ServiceFault>[] {
  const [ofTls, others] = [
    SERVICE_FAULTS.filter(({ needsTls }) => needsTls),
    SERVICE_FAULTS.filter(({ needsTls }) => !needsTls),
  ];
  const rounds: Map<string, ServiceFault>[] = [];
  const plain = services.slice(0, -1);
  const secure = services.at(-1) ?? '';
  while (ofTls.length + others.length > 0) {
    const round = new Map<string, ServiceFault>();
    for (const name of [secure, ...plain]) {
      const fault = (name === secure ? ofTls.shift() : undefined) ?? others.shift();
      if (fault) round.set(name, fault);
    }
    rounds.push(round);
  }
  return rounds;
}

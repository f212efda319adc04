/**
 * Which service this is: for metrics, health+json and logs, and never in the published document. What nobody has said is
 * looked up once: in OpenTelemetry's variables, then in the package.json of the program that runs, and the host's name.
 */
import { optional } from 'portal-shared/check-options';

/** Which service, which release, and which of its replicas; `null` for what is not known or not to be told. */
export interface Identity {
  readonly service: string | null;
  readonly version: string | null;
  /** For administrators, machine tokens and the log only. */
  readonly instance: string | null;
}

/** What of it is given as options: in metrics, health+json and `health.identity`; `null` says nothing. */
export interface IdentityOptions {
  /** Default: `OTEL_SERVICE_NAME`, else the name in the package.json nearest to the program. */
  readonly service?: string | null;
  /** Its release; default: `service.version` of `OTEL_RESOURCE_ATTRIBUTES`, else the version in that package.json. */
  readonly version?: string | null;
  /** Which replica, for administrators alone; default: `service.instance.id` of that variable, else the host's name. */
  readonly instance?: string | null;
}

/** One line, short enough for a label. */
const LONGEST = 200;
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u;

export const NAME_RULE = optional(
  `to be null, or a text of 1 to ${LONGEST} characters without control characters`,
  (value) => value === null || isName(value),
);

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST && PRINTABLE.test(value);
}

/** Never throws: what cannot be read is not known. */
export function identityOf(given: IdentityOptions): Identity {
  const { env } = process;
  const attributes = resourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES']);
  let read: PackageNames | undefined;
  const packaged = (): PackageNames => (read ??= nearestPackage());
  return Object.freeze({
    service: first(
      given.service,
      env['OTEL_SERVICE_NAME'],
      attributes.get('service.name'),
      () => packaged().name,
    ),
    version: first(given.version, attributes.get('service.version'), () => packaged().version),
    instance: first(given.instance, attributes.get('service.instance.id'), hostName),
  });
}

type Candidate = string | null | undefined | (() => unknown);

function first(...candidates: readonly Candidate[]): string | null {
  for (const candidate of candidates) {
    const value = typeof candidate === 'function' ? candidate() : candidate;
    if (value === null || isName(value)) return value;
  }
  return null;
}

/** `key=value,key=value`, values percent-encoded, as OpenTelemetry's specification has it. */
function resourceAttributes(text = ''): ReadonlyMap<string, string> {
  const pairs = text.split(',').map((pair): [string, string] => {
    const [key = '', ...value] = pair.split('=');
    return [key.trim(), decoded(value.join('=').trim())];
  });
  return new Map(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface PackageNames {
  readonly name?: unknown;
  readonly version?: unknown;
}

/** The nearest package.json above the program that has a name; of a tool that runs it, above the working directory. */
function nearestPackage(): PackageNames {
  try {
    const path = process.getBuiltinModule('node:path');
    const [, main] = process.argv;
    const program = main === undefined ? '' : process.getBuiltinModule('node:fs').realpathSync(main);
    const isOwn = program !== '' && !/[\\/]node_modules[\\/]/.test(program);
    let folder = isOwn ? path.dirname(program) : process.cwd();
    while (true) {
      const names = packageIn(path.join(folder, 'package.json'));
      const above = path.dirname(folder);
      if (names || above === folder) return names ?? {};
      folder = above;
    }
  } catch {
    return {};
  }
}

function packageIn(file: string): PackageNames | undefined {
  try {
    const names = JSON.parse(
      process.getBuiltinModule('node:fs').readFileSync(file, 'utf8'),
    ) as PackageNames | null;
    // One that only says `"type": "module"` names nothing.
    return isName(names?.name) ? (names ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

function hostName(): string | null {
  try {
    return process.getBuiltinModule('node:os').hostname();
  } catch {
    return null;
  }
}

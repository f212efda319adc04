/** Certificates that are wrong in one way each, made by `openssl` for one test file. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environmentWithPackages } from 'portal-test-kit';

/** A certificate that vouches for itself, and its key. */
export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

const CONFIGURATION = `
[ca]
default_ca = here
[here]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = any
`;

/** One for each name, for these hosts and from one day to another (`20200101000000Z`). */
export async function makeCertificates<Name extends string>(
  wanted: Readonly<Record<Name, { readonly hosts: string; readonly from: string; readonly until: string }>>,
): Promise<Readonly<Record<Name, TestCertificate>>> {
  const cwd = await mkdtemp(join(tmpdir(), 'portal-certificates-'));
  const env = await environmentWithPackages('openssl');
  const openssl = (...args: string[]): Promise<unknown> => promisify(execFile)('openssl', args, { cwd, env });
  try {
    await openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', 'key');
    const made: [string, TestCertificate][] = [];
    for (const [name, { hosts, from, until }] of Object.entries<(typeof wanted)[Name]>(wanted)) {
      await writeFile(join(cwd, 'cnf'), `${CONFIGURATION}[hosts]\nsubjectAltName = ${hosts}\n`);
      await writeFile(join(cwd, 'index.txt'), '');
      await writeFile(join(cwd, 'serial'), '01\n');
      await openssl('req', '-new', '-key', 'key', '-subj', '/CN=portal', '-config', 'cnf', '-out', 'request');
      const dates = ['-startdate', from, '-enddate', until];
      const files = ['-keyfile', 'key', '-in', 'request', '-out', 'made'];
      await openssl(
        'ca',
        '-batch',
        '-config',
        'cnf',
        '-selfsign',
        '-extensions',
        'hosts',
        '-notext',
        ...dates,
        ...files,
      );
      const [key, cert] = await Promise.all(['key', 'made'].map((file) => readFile(join(cwd, file), 'utf8')));
      made.push([name, { key: key ?? '', cert: cert ?? '' }]);
    }
    // Every name has been made.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return Object.fromEntries(made) as Record<Name, TestCertificate>;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { basePathOf, baseUrlOf, runbookOf } from '../../src/config/url-rules.js';
import { ConfigError, currentAlertSecret, readConfig } from '../../src/config/env.js';
import { exampleFile } from '../../src/config/docs.js';
import { SETTINGS, type Setting } from '../../src/config/settings.js';

function sentencesOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.sentences;
  }
  return assert.fail(`nothing is wrong with ${JSON.stringify(environment)}`);
}

test('an empty environment is enough', () => {
  const config = readConfig({});
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 7331);
  assert.equal(config.dataDir, './.portal');
  assert.equal(config.databaseUrl, undefined);
  assert.equal(config.redisUrl, undefined);
  assert.equal(config.cookieSecure, true);
  assert.ok(config.sourceExclude.includes('server/dist/test'));
  // It would lie nearer to our code than the packages that were installed.
  assert.ok(!config.sourceExclude.includes('server/node_modules'));
  assert.ok(Object.isFrozen(config));
});

test('a variable set to nothing is not set', () => {
  assert.equal(readConfig({ PORT: '', DATABASE_URL: '' }).port, 7331);
});

test('variables of others are left alone', () => {
  assert.doesNotThrow(() => readConfig({ PATH: '/bin', PORTABLE: 'x', PORTAL: 'x' }));
});

describe('a bad value is told by variable, rule and value', () => {
  const cases: readonly [variable: string, text: string, sentence: string][] = [
    ['PORT', 'abc', 'Expected `PORT` to be a whole number from 0 to 65535, got "abc".'],
    ['PORT', '65536', 'Expected `PORT` to be a whole number from 0 to 65535, got "65536".'],
    ['PORT', '-1', 'Expected `PORT` to be a whole number from 0 to 65535, got "-1".'],
    ['PORT', '80.5', 'Expected `PORT` to be a whole number from 0 to 65535, got "80.5".'],
    ['PORT', '0x50', 'Expected `PORT` to be a whole number from 0 to 65535, got "0x50".'],
    ['HOST', 'not a host', 'Expected `HOST` to be an IP address or a host name, got "not a host".'],
    [
      'PORTAL_INTERVAL_MS',
      '0',
      'Expected `PORTAL_INTERVAL_MS` to be a whole number of milliseconds from 1 to 2147483647, got "0".',
    ],
    ['PORTAL_FETCH_REDIS', 'yes', 'Expected `PORTAL_FETCH_REDIS` to be on or off, got "yes".'],
    [
      'PORTAL_LOG_LEVEL',
      'loud',
      'Expected `PORTAL_LOG_LEVEL` to be one of debug, info, warn, error, silent, got "loud".',
    ],
    ...['am-1:9093', 'http://am-1:9093/?a=1', 'http://am-1:9093,am-2', 'ftp://am-1'].map(
      (text): [string, string, string] => [
        'PORTAL_ALERTMANAGERS',
        text,
        `Expected \`PORTAL_ALERTMANAGERS\` to be an http or https URL without ? and #, such as http://alertmanager:9093, got ${JSON.stringify(text)}.`,
      ],
    ),
    [
      'PORTAL_ALERTMANAGERS',
      'http://ada:pw@am-1:9093',
      'Expected `PORTAL_ALERTMANAGERS` to be a URL without a user name and a password; what was given is not shown, because it can hold a password.',
    ],
    [
      'PORTAL_SOURCE_EXCLUDE',
      'a,,b',
      'Expected `PORTAL_SOURCE_EXCLUDE` to be names or paths separated by single commas, got "a,,b".',
    ],
    [
      'PORTAL_TRUSTED_PROXIES',
      '10.0.0.0/8, proxy.example',
      'Expected `PORTAL_TRUSTED_PROXIES` to be addresses and networks separated by commas, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8, got "10.0.0.0/8, proxy.example".',
    ],
    ...[
      '0.0.0.0/0',
      '10.0.0.0/33',
      '::/0',
      '::/129',
      '::ffff:10.0.0.0/96',
      '10.0.0.1/255.0.0.0',
      'fe80::1%eth0',
    ].map((text): [string, string, string] => [
      'PORTAL_TRUSTED_PROXIES',
      text,
      `Expected \`PORTAL_TRUSTED_PROXIES\` to be addresses and networks separated by commas, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8, got "${text}".`,
    ]),
    ...[
      'status.example.org',
      'ftp://status.example.org',
      'https://status.example.org/?x',
      'https://a/#',
      'https://',
    ].map((text): [string, string, string] => [
      'PORTAL_PUBLIC_URL',
      text,
      `Expected \`PORTAL_PUBLIC_URL\` to be an http or https URL with nothing after its path, such as https://status.example.org/portal, got "${text}".`,
    ]),
    [
      'PORTAL_PUBLIC_URL',
      'https://status.example.org/a//b',
      'Expected `PORTAL_PUBLIC_URL` to have a path of letters, digits and . _ ~ - between single slashes, got "https://status.example.org/a//b".',
    ],
    ...[
      'wiki.example.org/{code}',
      'ftp://wiki.example.org/{code}',
      'javascript:alert("{code}")',
      'https://wiki.example.org/',
      'https://wiki.example.org/{CODE}',
      'https://{code}.example.org/',
      'https://wiki.example.org/{code} or so',
    ].map((text): [string, string, string] => [
      'PORTAL_RUNBOOK_URL',
      text,
      `Expected \`PORTAL_RUNBOOK_URL\` to be an http or https URL with {code} after its host, such as https://wiki.example.org/runbooks/{code}, got ${JSON.stringify(text)}.`,
    ]),
    [
      'PORTAL_RUNBOOK_URL',
      'https://ada:pw@wiki.example.org/{code}',
      'Expected `PORTAL_RUNBOOK_URL` to be a URL without a user name and a password; what was given is not shown, because it can hold a password.',
    ],
    [
      'PORTAL_DATA_DIR',
      'a\0b',
      'Expected `PORTAL_DATA_DIR` to be a path without a null byte, got "a\\u0000b".',
    ],
  ];
  for (const [variable, text, sentence] of cases) {
    test(`${variable}=${JSON.stringify(text)}`, () => {
      assert.deepEqual(sentencesOf({ [variable]: text }), [sentence]);
    });
  }
});

test('a public URL is kept without what does not matter, and one that holds a password is not repeated', () => {
  for (const text of ['https://status.example.org/portal', 'HTTPS://Status.example.org:443/portal//']) {
    const { publicUrl } = readConfig({ PORTAL_PUBLIC_URL: text });
    assert.ok(publicUrl);
    assert.equal(baseUrlOf(publicUrl), 'https://status.example.org/portal');
    assert.equal(basePathOf(publicUrl), '/portal');
  }
  const atRoot = readConfig({ PORTAL_PUBLIC_URL: 'http://10.0.0.1:8080/' }).publicUrl;
  assert.ok(atRoot);
  assert.deepEqual([baseUrlOf(atRoot), basePathOf(atRoot)], ['http://10.0.0.1:8080', '']);
  const [sentence = ''] = sentencesOf({ PORTAL_PUBLIC_URL: 'https://me:hunter2@status.example.org' });
  assert.match(sentence, /without a user name and a password/);
  assert.doesNotMatch(sentence, /hunter2/);
});

test('a runbook has the code wherever it is wanted, as text of a URL', () => {
  for (const [template, url] of [
    ['https://wiki.example.org/runbooks/{code}', 'https://wiki.example.org/runbooks/DATABASE_SLOW'],
    ['http://wiki/?of={code}#{code}', 'http://wiki/?of=DATABASE_SLOW#DATABASE_SLOW'],
  ] as const) {
    const { runbookUrl } = readConfig({ PORTAL_RUNBOOK_URL: template });
    assert.equal(runbookOf(runbookUrl ?? '', 'DATABASE_SLOW'), url);
  }
  assert.equal(runbookOf('https://wiki/{code}', "a/b?$&'"), "https://wiki/a%2Fb%3F%24%26'");
});

test('cookies are for https, unless the page is on plain http; what is set counts first', () => {
  const secure = (environment: Record<string, string>) => readConfig(environment).cookieSecure;
  assert.equal(secure({ PORTAL_PUBLIC_URL: 'https://a.example' }), true);
  assert.equal(secure({ PORTAL_PUBLIC_URL: 'HTTP://a.example' }), false);
  assert.equal(secure({ PORTAL_PUBLIC_URL: 'http://a.example', PORTAL_COOKIE_SECURE: 'on' }), true);
  assert.equal(secure({ PORTAL_PUBLIC_URL: 'https://a.example', PORTAL_COOKIE_SECURE: 'off' }), false);
});

test('everything that is wrong is told at once', () => {
  assert.equal(sentencesOf({ PORT: 'x', HOST: ' ', PORTAL_POOL_SIZE: '0' }).length, 3);
});

test('an unknown PORTAL_ variable is told by name, its value is not', () => {
  const [sentence = ''] = sentencesOf({ PORTAL_DATABASE_URL: 'postgres://portal:hunter2@db/portal' });
  assert.match(
    sentence,
    /^Expected every variable that begins with PORTAL_ to be one of .*, got `PORTAL_DATABASE_URL`\.$/,
  );
  assert.doesNotMatch(sentence, /hunter2/);
});

describe('URLs of stores', () => {
  const good: readonly [variable: string, url: string][] = [
    ['DATABASE_URL', 'postgres://portal:p%40ss%2Fwo%23rd@db/portal'],
    ['DATABASE_URL', 'postgresql://portal@db.example.org:5433/portal?sslmode=require'],
    ['DATABASE_URL', 'postgres://db/portal'],
    ['DATABASE_URL', 'postgres://portal:secret@[::1]:5432/portal'],
    ['DATABASE_URL', 'postgres:///portal?host=/var/run/postgresql'],
    ['DATABASE_URL', 'postgres://portal:a+b=c!d*e@db/portal'],
    ['REDIS_URL', 'redis://cache'],
    ['REDIS_URL', 'rediss://user:secret@cache:6380/3'],
    ['REDIS_URL', 'redis://:secret@127.0.0.1:6379/0'],
  ];
  for (const [variable, url] of good) {
    test(`${url} is good`, () => assert.doesNotThrow(() => readConfig({ [variable]: url })));
  }

  /** The piece of each URL that must not be seen again, not even in part. */
  const bad: readonly [variable: string, url: string, rule: RegExp][] = [
    ['DATABASE_URL', 'postgres://portal:p@ss/wo#rd@db/portal', /@ as %40, \/ as %2F/],
    // E-24, with ports too, and of Redis.
    ['DATABASE_URL', 'postgres://portal:secret@db-1,db-2/portal', /to name one host, and not several/],
    [
      'DATABASE_URL',
      'postgres://portal:secret@db-1:5432,db-2:5433/portal',
      /to name one host, and not several/,
    ],
    ['REDIS_URL', 'redis://cache-1,cache-2', /to name one host, and not several/],
    ['DATABASE_URL', 'postgres://portal:p@ss@db/portal', /percent-encoded/],
    ['DATABASE_URL', 'postgres://portal:12/34@db/portal', /percent-encoded/],
    ['DATABASE_URL', 'postgres://portal:12?34@db/portal', /percent-encoded/],
    ['DATABASE_URL', 'postgres://portal:pa/ss@db/portal', /percent-encoded/],
    ['DATABASE_URL', 'postgres://portal:12#34@db/portal', /percent-encoded/],
    ['DATABASE_URL', 'postgres://portal:se%cret@db/portal', /%25/],
    ['DATABASE_URL', 'mysql://portal:hunter2@db/portal', /of the form postgres:/],
    ['DATABASE_URL', 'hunter2', /of the form postgres:/],
    ['DATABASE_URL', 'postgres://db:port/portal', /of the form postgres:/],
    ['DATABASE_URL', 'postgres:///portal', /to name a host/],
    ['REDIS_URL', 'redis://:p@ss/wo#rd@cache', /percent-encoded/],
    ['REDIS_URL', 'http://:hunter2@cache', /of the form redis:/],
    ['REDIS_URL', 'redis://:hunter2@cache/first', /number of a database/],
    ['REDIS_URL', 'redis:///1', /to name a host/],
  ];
  for (const [variable, url, rule] of bad) {
    test(`${url} is refused, and nothing of it is quoted`, () => {
      const sentences = sentencesOf({ [variable]: url });
      assert.equal(sentences.length, 1);
      const [sentence = ''] = sentences;
      assert.match(sentence, new RegExp(`^Expected \`${variable}\` to `));
      assert.match(sentence, rule);
      const secret = /:\/\/[^:]*:(.*)@/.exec(url)?.[1] ?? (url.includes('://') ? '' : url);
      for (let start = 0; start + 4 <= secret.length; start += 1) {
        const piece = secret.slice(start, start + 4);
        assert.ok(!sentence.includes(piece), `${piece} is in: ${sentence}`);
      }
    });
  }
});

describe('who vouches for the source', () => {
  const statement = { PORTAL_SOURCE_STATEMENT: '/releases/source.intoto.jsonl' };

  test('a statement needs a key, and no hash by hand beside it', () => {
    assert.deepEqual(sentencesOf({ ...statement, PORTAL_SOURCE_HASH: 'a'.repeat(64) }), [
      'Expected `PORTAL_SOURCE_KEYS` to be set with `PORTAL_SOURCE_STATEMENT`, got nothing.',
      'Expected `PORTAL_SOURCE_HASH` to be left out with `PORTAL_SOURCE_STATEMENT`, got both.',
    ]);
  });

  test('a key is a readable file with an Ed25519 public key; a private one is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portal-keys-'));
    try {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const publicFile = join(folder, 'public.pem');
      const privateFile = join(folder, 'private.pem');
      await writeFile(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
      await writeFile(privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const { sourceKeys } = readConfig({ ...statement, PORTAL_SOURCE_KEYS: publicFile });
      assert.match(String(sourceKeys?.[0]), /BEGIN PUBLIC KEY/);
      for (const file of [privateFile, join(folder, 'missing.pem'), `${publicFile},${privateFile}`]) {
        assert.deepEqual(sentencesOf({ ...statement, PORTAL_SOURCE_KEYS: file }), [
          `Expected \`PORTAL_SOURCE_KEYS\` to name readable files, each with one Ed25519 public key in PEM, got "${file}".`,
        ]);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a hash by hand has 64 lower-case hexadecimal digits', () => {
    assert.match(
      String(sentencesOf({ PORTAL_SOURCE_HASH: 'A'.repeat(64) })),
      /to be 64 lower-case hexadecimal digits/,
    );
  });
});

describe('a secret may be in a file', () => {
  const url = 'postgres://portal:hush@127.0.0.1/portal';
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portal-secrets-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  async function fileOf(text: string): Promise<string> {
    const file = join(folder, `secret-${Math.random()}`);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  const secrets = Object.values<Setting<unknown>>(SETTINGS).filter(({ secret }) => secret);

  test('every one that can hold a password', () => {
    assert.ok(secrets.length >= 6);
    for (const { variable } of secrets) {
      const [sentence, ...others] = sentencesOf({ [`${variable}_FILE`]: join(folder, 'none') });
      assert.deepEqual(others, []);
      assert.equal(
        sentence,
        `Expected \`${variable}_FILE\` to name a readable file with one line in it, got "${folder}/none": ENOENT.`,
      );
    }
    assert.throws(() => readConfig({ PORTAL_LOG_LEVEL_FILE: 'x' }), /got `PORTAL_LOG_LEVEL_FILE`/);
  });

  test('with or without a line break behind it, from a link too, and not with the variable itself', async () => {
    for (const end of ['', '\n', '\r\n']) {
      assert.equal(readConfig({ DATABASE_URL_FILE: await fileOf(`${url}${end}`) }).databaseUrl, url);
    }
    const file = await fileOf(url);
    await symlink(file, join(folder, 'link'));
    assert.equal(readConfig({ DATABASE_URL_FILE: join(folder, 'link'), DATABASE_URL: '' }).databaseUrl, url);
    assert.deepEqual(sentencesOf({ DATABASE_URL: url, DATABASE_URL_FILE: file }), [
      'Expected one of `DATABASE_URL` and `DATABASE_URL_FILE` to be set, got both.',
    ]);
  });

  test('what cannot be used is told by the name of the file, and never by what is in it', async () => {
    const cases: readonly [string, RegExp][] = [
      ['', /it is empty/],
      ['\n', /it is empty/],
      [`${url}\n${url}\n`, /more than one line/],
      [`${url}${'x'.repeat(70_000)}`, /more than 64 KiB/],
      ['mysql://portal:hush@db/portal', /to be a URL of the form postgres:.*not shown/],
    ];
    for (const [text, expected] of cases) {
      const file = await fileOf(text);
      const [sentence = '', ...others] = sentencesOf({ DATABASE_URL_FILE: file });
      assert.deepEqual(others, []);
      assert.match(sentence, expected);
      assert.ok(sentence.includes(file));
      assert.doesNotMatch(sentence, /hush/);
    }
    const open = await fileOf(url);
    await chmod(open, 0o666);
    assert.match(String(sentencesOf({ DATABASE_URL_FILE: open })), /others can write to it/);
    assert.match(String(sentencesOf({ DATABASE_URL_FILE: folder })), /it is no file/);
  });

  test('it counts as set where another setting needs it', async () => {
    const key = `whsec_${Buffer.alloc(32).toString('base64')}`;
    const PORTAL_LOGIN_WEBHOOK_URL_FILE = await fileOf('https://chat.example/hook');
    assert.match(
      String(sentencesOf({ PORTAL_LOGIN_WEBHOOK_URL_FILE })),
      /PORTAL_LOGIN_WEBHOOK_SECRET` to be set/,
    );
    const PORTAL_LOGIN_WEBHOOK_SECRET_FILE = await fileOf(key);
    const config = readConfig({ PORTAL_LOGIN_WEBHOOK_URL_FILE, PORTAL_LOGIN_WEBHOOK_SECRET_FILE });
    assert.equal(config.loginWebhookSecret, key);
  });

  test('the key of alerts is read anew for each message, and stays what it was while the file cannot be used', async () => {
    const [first, second] = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`);
    const file = await fileOf(`${first}\n`);
    const secret = currentAlertSecret(readConfig({ PORTAL_ALERT_WEBHOOK_SECRET_FILE: file }));
    assert.equal(secret(), first);
    await writeFile(file, `${second}\n`);
    assert.equal(secret(), second);
    await writeFile(file, 'whsec_short');
    assert.equal(secret(), second);
    await rm(file);
    assert.equal(secret(), second);
  });
});

describe('the files that are written from the settings', () => {
  const root = fileURLToPath(new URL('../../../../../', import.meta.url));

  test('.env.example', () => {
    assert.equal(readFileSync(`${root}.env.example`, 'utf8'), exampleFile());
  });

  test('.env.example, uncommented, is what stands without it', () => {
    const environment = Object.fromEntries(
      exampleFile()
        .split('\n')
        .filter((line) => /^#[A-Z_]+=/.test(line))
        .map((line) => line.slice(1).split('=', 2) as [string, string]),
    );
    assert.deepEqual(
      Object.keys(environment),
      Object.values<Setting<unknown>>(SETTINGS).map((s) => s.variable),
    );
    assert.deepEqual(readConfig(environment), readConfig({}));
  });
});

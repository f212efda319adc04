/**
 * What can be said of the workflows without GitHub: that they are YAML, that nothing in them can be exchanged by others,
 * that they hold no more rights than they need, and that every script that they run is there.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';

const ROOT = new URL('../../../../../', import.meta.url);
const FILES = ['ci.yml', 'release.yml'];

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly 'runs-on': string;
  readonly 'timeout-minutes'?: number;
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

function textOf(file: string): string {
  return readFileSync(new URL(`.github/workflows/${file}`, ROOT), 'utf8');
}

function workflow(file: string): Workflow {
  return parse(textOf(file)) as Workflow;
}

function stepsOf(file: string): readonly Step[] {
  return Object.values(workflow(file).jobs).flatMap(({ steps }) => steps);
}

for (const file of FILES) {
  test(`${file}: says that it was not run, and bounds every job`, () => {
    assert.match(textOf(file), /^# NOT run here/);
    for (const [name, job] of Object.entries(workflow(file).jobs)) assert.ok(job['timeout-minutes'], name);
  });

  test(`${file}: every action is named by its commit, and its version is said`, () => {
    const used = [...textOf(file).matchAll(/uses: (.+)$/gm)].map(([, action = '']) => action);
    assert.equal(used.length, stepsOf(file).filter(({ uses }) => uses !== undefined).length);
    for (const action of used) assert.match(action, /^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test(`${file}: it may read, and no step keeps the right to more`, () => {
    assert.deepEqual(workflow(file).permissions, { contents: 'read' });
    for (const step of stepsOf(file)) {
      if (step.uses?.startsWith('actions/checkout@')) assert.equal(step.with?.['persist-credentials'], false);
    }
    assert.doesNotMatch(textOf(file), /secrets\.|pull_request_target/);
  });

  test(`${file}: what it runs is there, and it puts no word of others into a shell`, () => {
    const scripts = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const { run = '' } of stepsOf(file)) {
      assert.doesNotMatch(run, /\$\{\{/);
      for (const [, path = ''] of run.matchAll(/(?:^|node )(\.ci\/run|scripts\/\S+\.mjs)/gm)) {
        assert.ok(existsSync(new URL(path, ROOT)), path);
      }
      for (const [, name = ''] of run.matchAll(/npm (?:run )?(test|build)\b/g))
        assert.ok(scripts.scripts[name]);
    }
  });
}

test('tests run on every line of Node that is promised, libraries on three systems, the image on two architectures', () => {
  const { test: tests, libraries, image } = workflow('ci.yml').jobs;
  const lines = ['20.19', '22', '24'];
  assert.deepEqual(tests?.strategy?.matrix, { node: lines });
  assert.deepEqual(libraries?.strategy?.matrix, {
    os: ['ubuntu-24.04', 'macos-15', 'windows-2025'],
    node: lines,
  });
  assert.deepEqual(image?.strategy?.matrix, { os: ['ubuntu-24.04', 'ubuntu-24.04-arm'] });
});

test('only what publishes may say who it is; it publishes what was tested, all of it, with provenance', () => {
  const { jobs } = workflow('release.yml');
  const mayProve = Object.entries(jobs).filter(([, job]) => job.permissions?.['id-token'] === 'write');
  assert.deepEqual(
    mayProve.map(([name]) => name),
    ['publish'],
  );
  const { publish, pack } = jobs;
  assert.equal(publish?.needs, 'pack');
  assert.equal(publish.environment, 'npm');
  assert.ok(pack?.steps.some(({ run }) => run === '.ci/run'));
  const published = publish.steps.flatMap(({ run }) => (run?.startsWith('npm publish') ? [run] : []));
  assert.deepEqual(
    published.map((run) => /portal-\w+/.exec(run)?.[0]),
    ['portal-health', 'portal-integrity', 'portal-server'],
  );
  for (const run of published) assert.match(run, /^npm publish "\.\/\S+\.tgz" --provenance --access public$/);
});

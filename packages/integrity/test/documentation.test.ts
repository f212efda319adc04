/**
 * docs/integrity.md, run as it stands: every `sh` block in order, in one empty folder, each compared with the `text`
 * block that follows it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { environmentWithPackages } from 'portal-test-kit';
import { PROGRAM } from './cli/program.js';
import { withFolder } from './trees.js';

interface Step {
  readonly script: string;
  /** What it prints; `undefined`: the page does not say. */
  readonly output: string | undefined;
}

function stepsOf(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text }));
  return blocks.flatMap(({ kind, text = '' }, index) => {
    if (kind !== 'sh') return [];
    const next = blocks[index + 1];
    return [{ script: text, output: next?.kind === 'text' ? next.text : undefined }];
  });
}

test('docs/integrity.md does what it says', () =>
  withFolder(async (folder) => {
    const environment = await environmentWithPackages('openssl', 'jq');
    const page = readFileSync(new URL('../../../../docs/integrity.md', import.meta.url), 'utf8');
    const steps = stepsOf(page);
    assert.ok(steps.length >= 10);

    const programs = join(folder, 'programs');
    const workspace = join(folder, 'workspace');
    mkdirSync(programs);
    mkdirSync(workspace);
    const program = join(programs, 'portal-integrity');
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`, { mode: 0o755 });

    // One shell for all, as for a reader; what each block prints goes to a file of its own.
    const script = steps
      .map(({ script: block }, index) => `{\n${block}\n} > ${folder}/${index}.out\n`)
      .join('\n');
    execFileSync('bash', ['-euc', script], {
      cwd: workspace,
      env: { ...environment, PATH: `${programs}${delimiter}${environment['PATH']}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (const [index, { script: block, output: answer }] of steps.entries()) {
      if (answer !== undefined)
        assert.equal(readFileSync(join(folder, `${index}.out`), 'utf8'), answer, block);
    }
  }));

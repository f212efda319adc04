import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { codeFilesOf, preloadsOf, splitCommandLine } from '../../src/loaded/node-options.js';

/** Of this very Node: those that its help shows with a value, which may be the next word. */
function optionsWithValue(): readonly string[] {
  const help = execFileSync(process.execPath, ['--help']).toString();
  // Those with the value in brackets take it only behind an `=`.
  return [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z\d.-]+)=/gm)].map(([, name = '']) => name);
}

const NO_SCRIPT = ['--eval', '--print', '--run', '--build-sea'];

describe('the script of a command line', () => {
  test('is not the value of an option before it, whichever of this Node that is', () => {
    const options = optionsWithValue();
    assert.ok(options.length > 30, options.join());
    for (const option of options.filter((name) => !NO_SCRIPT.includes(name))) {
      for (const word of [option, option.replaceAll(/(?<=\w)-/g, '_')]) {
        assert.equal(splitCommandLine([word, 'value', 'main.js', 'x.js']).script, 'main.js', word);
        assert.equal(splitCommandLine([`${word}=value`, 'main.js', 'x.js']).script, 'main.js', word);
      }
    }
    for (const option of NO_SCRIPT)
      assert.equal(splitCommandLine([option, 'code', 'main.js']).script, undefined);
  });

  test('comes right after an option that takes none', () => {
    for (const option of ['--no-warnings', '--expose-gc', '--inspect', '--enable_source_maps'])
      assert.equal(splitCommandLine([option, 'main.js', 'x.js']).script, 'main.js');
  });
});

test('what is loaded before it is found in either spelling', () => {
  assert.deepEqual(
    preloadsOf(['--experimental_loader', 'a', '--experimental_loader=b', '-r', 'c', '--import=d_e']),
    ['--experimental_loader a', '--experimental_loader=b', '-r c', '--import=d_e'],
  );
  assert.deepEqual(codeFilesOf(['--experimental_default_config_file', '--config-file', 'd']), [
    '--experimental_default_config_file=node.config.json',
    '--config-file d',
  ]);
  assert.deepEqual(codeFilesOf(['--env_file', 'a', '--env_file_if_exists=b', '--snapshot_blob=c']), [
    '--env_file a',
    '--env_file_if_exists=b',
    '--snapshot_blob=c',
  ]);
});

import { writeFileSync } from 'node:fs';
import { generateKeys } from '../release/keys.js';
import { systemCode } from 'portal-shared/error-code';
import { InconclusiveError, type CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { one, parse } from 'portal-shared/cli/arguments';

export const keygenCommand: CliCommand = {
  synopsis: 'NAME',
  about: 'Make a pair of Ed25519 keys: NAME.key to sign with, NAME.pub to hand out. Never overwrites.',
  options: [],
  run(args, terminal) {
    const { positionals } = parse(args, {});
    const name = one(positionals, 'NAME');
    const { privatePem, publicPem, keyId } = generateKeys();
    write(`${name}.key`, privatePem, 0o600);
    write(`${name}.pub`, publicPem, 0o644);
    terminal.line(`${name}.pub  key ${keyId}`);
    terminal.document({ private_key: `${name}.key`, public_key: `${name}.pub`, key_id: keyId });
    return EXIT.clean;
  },
};

function write(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { mode, flag: 'wx' });
  } catch (error) {
    throw new InconclusiveError(`${file} cannot be made (${systemCode(error)}).`);
  }
}

/**
 * The environment in, a frozen configuration out. The only file that reads `process.env`.
 */
import { lstatSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { errorCode } from 'portal-shared/error-code';
import { readTrustedSync, UntrustedError } from 'portal-shared/private-files';
import { BrokenRule } from './rules.js';
import { fileVariable, SETTINGS, type Setting } from './settings.js';

type Settings = typeof SETTINGS;
type ValueOf<S> = S extends { readonly rule: (text: string) => infer Value }
  ? S extends { readonly fallback: string }
    ? Value
    : Value | undefined
  : never;

/** The value of every setting; `undefined` only where a setting has no default. */
export type Config = { readonly [Name in keyof Settings]: ValueOf<Settings[Name]> } & {
  /** Where secrets were read from that were given by the name of a file. */
  readonly secretFiles: Readonly<Partial<Record<keyof Settings, string>>>;
};

/** Settings that cannot be used: one sentence each, naming variable, rule and value. */
export class ConfigError extends Error {
  readonly sentences: readonly string[];

  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'));
    this.sentences = sentences;
  }
}

/**
 * The configuration from the environment of this process, completed by a file `.env` in the working folder.
 *
 * @throws ConfigError when a setting cannot be used, or a `PORTAL_` variable is not one of ours
 */
export function configFromEnvironment(): Config {
  return readConfig({ ...environmentFile(), ...process.env });
}

/**
 * The configuration from `environment`.
 *
 * @throws ConfigError when a setting cannot be used, or a `PORTAL_` variable is not one of ours
 */
export function readConfig(given: Readonly<Record<string, string | undefined>>): Config {
  const sentences = unknownVariables(given);
  const { environment, secretFiles, problems } = withSecretsOfFiles(given);
  const values: [string, unknown][] = [['secretFiles', secretFiles]];
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    // A variable that is set to nothing is how many a launcher says "not set".
    const text = environment[setting.variable] || (setting.fallbackIn?.(environment) ?? setting.fallback);
    try {
      values.push([name, text === undefined ? undefined : setting.rule(text)]);
    } catch (error) {
      if (!(error instanceof BrokenRule)) throw error;
      sentences.push(brokenSentence(setting, error, text, secretFiles[name as keyof Settings]));
    }
  }
  // What a file was to say is not there to be contradicted.
  sentences.push(...(problems.length > 0 ? problems : contradictions(environment)));
  if (sentences.length > 0) throw new ConfigError(sentences);
  // Every setting has been read by its own rule, which is just what `Config` says of it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.freeze(Object.fromEntries(values)) as Config;
}

type Given = Readonly<Record<string, string | undefined>>;

/** Secrets that are given as the name of a file, as if they had been given themselves. */
function withSecretsOfFiles(given: Given): {
  readonly environment: Given;
  readonly secretFiles: Config['secretFiles'];
  readonly problems: readonly string[];
} {
  const environment: Record<string, string | undefined> = { ...given };
  const secretFiles: Partial<Record<keyof Settings, string>> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const { variable } = setting;
    const file = setting.secret && given[fileVariable(variable)];
    if (!file) continue;
    if (given[variable]) {
      problems.push(`Expected one of \`${variable}\` and \`${fileVariable(variable)}\` to be set, got both.`);
      continue;
    }
    try {
      environment[variable] = readSecret(file);
      secretFiles[name as keyof Settings] = file;
    } catch (error) {
      const reason = error instanceof UntrustedError ? error.message : errorCode(error);
      problems.push(
        `Expected \`${fileVariable(variable)}\` to name a readable file with one line in it, ` +
          `got ${JSON.stringify(file)}: ${reason}.`,
      );
    }
  }
  return { environment, secretFiles, problems };
}

/**
 * The key that signs alerts, as it is now: one of a file is read anew, so that it can be changed without a restart. While
 * the file is not there, or holds something else, what was read last goes on.
 */
export function currentAlertSecret(config: Config): () => string | undefined {
  const file = config.secretFiles.alertWebhookSecret;
  let last = config.alertWebhookSecret;
  return () => {
    if (file === undefined) return last;
    try {
      last = SETTINGS.alertWebhookSecret.rule(readSecret(file));
    } catch {
      // It is being changed, or was changed to what cannot be used.
    }
    return last;
  };
}

/** One line, with the line break that editors and `echo` put behind it, or without. */
function readSecret(file: string): string {
  const text = readTrustedSync(file).replace(/\r?\n$/, '');
  if (text === '') throw new UntrustedError('it is empty');
  if (/[\r\n\0]/.test(text)) throw new UntrustedError('it has more than one line');
  return text;
}

/** A setting as it is used, in a text that is another when the setting is. */
export interface SettingInUse {
  readonly variable: string;
  readonly text: string;
  /** Whether the text can hold a password. */
  readonly secret: boolean;
}

/** All settings of `config` as they are used, defaults included. */
export function settingsInUse(config: Config): readonly SettingInUse[] {
  return Object.entries<Setting<unknown>>(SETTINGS).map(([name, { variable, secret = false }]) => {
    const text = JSON.stringify(config[name as keyof Config]) ?? '';
    // What is not set holds no password, and need not be digested as slowly as one.
    return { variable, text, secret: secret && text !== '' };
  });
}

function unknownVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(
    Object.values<Setting<unknown>>(SETTINGS).flatMap(({ variable, secret }) =>
      secret ? [variable, fileVariable(variable)] : [variable],
    ),
  );
  return Object.keys(environment)
    .filter((variable) => variable.startsWith('PORTAL_') && !known.has(variable))
    .toSorted()
    .map((variable) => {
      // The value stays unsaid: a misspelt variable may hold a URL with a password.
      const likely = [...known]
        .filter((name) => name.startsWith('PORTAL_'))
        .toSorted()
        .join(', ');
      return `Expected every variable that begins with PORTAL_ to be one of ${likely}, got \`${variable}\`.`;
    });
}

/** Settings that are fine alone and not together. */
function contradictions(environment: Readonly<Record<string, string | undefined>>): string[] {
  const { sourceHash, sourceStatement, sourceKeys, loginWebhookUrl, loginWebhookSecret } = SETTINGS;
  const { alertWebhooks, alertWebhookSecret, sourceDependencies, sourceLockFile } = SETTINGS;
  const signsAlerts = /(^|[,\s])generic\+/.test(environment[alertWebhooks.variable] ?? '');
  const unsigned = [
    ...(environment[loginWebhookUrl.variable] && !environment[loginWebhookSecret.variable]
      ? [
          `Expected \`${loginWebhookSecret.variable}\` to be set with \`${loginWebhookUrl.variable}\`, got nothing.`,
        ]
      : []),
    ...(signsAlerts && !environment[alertWebhookSecret.variable]
      ? [
          `Expected \`${alertWebhookSecret.variable}\` to be set with a generic receiver in \`${alertWebhooks.variable}\`, got nothing.`,
        ]
      : []),
  ];
  if (environment[sourceDependencies.variable] && !environment[sourceLockFile.variable])
    unsigned.push(
      `Expected \`${sourceLockFile.variable}\` to be set with \`${sourceDependencies.variable}\`, got nothing.`,
    );
  if (!environment[sourceStatement.variable]) return unsigned;
  return [
    ...unsigned,
    ...(environment[sourceKeys.variable]
      ? []
      : [`Expected \`${sourceKeys.variable}\` to be set with \`${sourceStatement.variable}\`, got nothing.`]),
    ...(environment[sourceHash.variable]
      ? [`Expected \`${sourceHash.variable}\` to be left out with \`${sourceStatement.variable}\`, got both.`]
      : []),
  ];
}

function brokenSentence(
  setting: Setting<unknown>,
  broken: BrokenRule,
  text: string | undefined,
  file: string | undefined,
): string {
  if (file !== undefined) {
    return (
      `Expected what is in the file of \`${fileVariable(setting.variable)}\`, ${JSON.stringify(file)}, ` +
      `${broken.message}; it is not shown, because it can hold a password.`
    );
  }
  const got =
    setting.secret || broken.isTextSecret
      ? '; what was given is not shown, because it can hold a password'
      : `, got ${JSON.stringify(text)}`;
  return `Expected \`${setting.variable}\` ${broken.message}${got}.`;
}

/** What it says is done, and a database that it names is believed: so nobody else may have written it. */
function environmentFile(): NodeJS.Dict<string> {
  try {
    if (lstatSync('.env', { throwIfNoEntry: false }) === undefined) return {};
    return parseEnv(readTrustedSync('.env'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw new ConfigError([
      error instanceof UntrustedError
        ? `Expected the file .env to be one that nobody else can write: ${error.message}.`
        : `Expected the file .env to be readable, got ${errorCode(error)}.`,
    ]);
  }
}

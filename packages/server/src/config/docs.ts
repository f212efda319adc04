/**
 * The settings in words: `.env.example` and the table of docs/settings.md, both made from the one schema.
 */
import { fileVariable, SETTINGS, type Setting } from './settings.js';

/** The text of `.env.example`: every variable with its default, all commented out. */
export function exampleFile(): string {
  const entries = Object.values(SETTINGS).map(({ variable, about, ...setting }: Setting<unknown>) => {
    const unset = setting.unset ? [`# Unless set: ${setting.unset}.`] : [];
    const value = setting.unset ? '' : (setting.fallback ?? '');
    const file = setting.secret ? [`# Or in a file, named by ${fileVariable(variable)}.`] : [];
    return [`# ${about}`, ...file, ...unset, `#${variable}=${value}`].join('\n');
  });
  return [
    '# Settings of the service. Copy to .env in the folder you start it from; the environment itself comes first.',
    ...entries,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

/** The table of docs/settings.md: one row a variable. */
export function settingsTable(): string {
  const rows = Object.values(SETTINGS).map(({ variable, about, ...setting }: Setting<unknown>) => {
    const unset = setting.unset ?? `\`${setting.fallback ?? ''}\``;
    const orFile = setting.secret ? ', `…_FILE`' : '';
    return `| \`${variable}\`${orFile} | ${unset} | ${about} |`;
  });
  return ['| variable | default | what it does |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

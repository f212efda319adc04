/**
 * A real Chromium for tests of pages: the machine's own, or one that was fetched.
 */
import { access, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findInstalled, libraryEnvironment } from 'portal-dev-servers/debian-package';
import { fetchAptPackage } from './apt-package.js';

export interface ChromiumProgram {
  readonly file: string;
  /** What it needs to find libraries and fonts that lie in a folder of ours. */
  readonly env: Readonly<Record<string, string>>;
}

/** Finds one: installed, fetched before, or fetched now. A machine that has no way to one fails the test. */
export async function findChromium(): Promise<ChromiumProgram> {
  const installed = await findInstalled('chromium');
  if (installed !== undefined) return { file: installed, env: {} };
  const place = await fetchAptPackage({ name: 'chromium', withDependencies: true });
  // What Debian calls `chromium` is a script that looks for the program where it would be installed.
  const file = join(place, 'usr', 'lib', 'chromium', 'chromium');
  await access(file);
  return { file, env: { ...(await libraryEnvironment(place)), ...(await fontEnvironment(place)) } };
}

/**
 * Fonts are looked for where they would be installed; both places, as a machine may have fonts and no settings. Then letters
 * have no serifs, as on the machines of people.
 */
async function fontEnvironment(place: string): Promise<Readonly<Record<string, string>>> {
  const settings = join(place, 'fonts.conf');
  const folders = ['/usr/share/fonts', join(place, 'usr', 'share', 'fonts')];
  const written = `${settings}.${process.pid}`;
  await writeFile(
    written,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
${folders.map((folder) => `  <dir>${folder}</dir>`).join('\n')}
  <cachedir>${join(place, 'fonts')}</cachedir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>DejaVu Sans</string></edit>
  </match>
</fontconfig>
`,
  );
  // Another file of tests may have a browser that reads it at this moment.
  await rename(written, settings);
  return { FONTCONFIG_FILE: settings };
}

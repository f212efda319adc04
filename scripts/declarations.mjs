// Leaves of the declarations that the compiler has written what somebody can see who imports an entry: its names, and
// whatever those are declared with. The rest tells about files that are no longer there, since the code is bundled.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const START = /^(?:\/\*\*|import |export |declare |type |interface )/;
const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:function|const|let|class|interface|type|enum) (\w+)/m;
const LISTED = /^(import|export) (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/m;

/** Drops from `folder` what `entries`, paths of `.d.ts` files, do not need. */
export function keepWhatEntriesNeed(folder, entries) {
  const modules = new Map();
  const moduleOf = (file) => {
    if (!modules.has(file)) modules.set(file, readModule(file));
    return modules.get(file);
  };

  function need(file, name) {
    const { statements } = moduleOf(file);
    const found = statements.filter((one) => one.name === name || one.list?.exports.has(name));
    if (found.length === 0) throw new Error(`${file} is to declare ${name}, and does not.`);
    for (const one of found) {
      if (one.name === name) keep(file, one);
      else {
        one.used.add(name);
        need(targetOf(file, one.list.from), one.list.exports.get(name));
      }
    }
  }

  function keep(file, statement) {
    if (statement.isKept) return;
    statement.isKept = true;
    const { statements } = moduleOf(file);
    const code = statement.text.replace(/\/\*[^]*?\*\//g, '');
    for (const [, from, name] of code.matchAll(/import\('([^']+)'\)\.(\w+)/g)) {
      if (from.startsWith('.')) need(targetOf(file, from), name);
    }
    for (const [word] of code.matchAll(/[\w$]+/g)) {
      for (const other of statements) {
        if (other.name === word) keep(file, other);
        if (other.list?.imports.has(word)) {
          other.used.add(word);
          if (other.list.from.startsWith('.'))
            need(targetOf(file, other.list.from), other.list.imports.get(word));
        }
      }
    }
  }

  for (const entry of entries) {
    for (const statement of moduleOf(entry).statements) {
      if (statement.list) {
        for (const [, name] of statement.list.exports) need(targetOf(entry, statement.list.from), name);
      } else if (statement.isExported) keep(entry, statement);
    }
  }

  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = join(folder, name);
    if (!modules.has(file)) rmSync(file);
    else writeFileSync(file, textOf(moduleOf(file), entries.includes(file)));
  }
}

function targetOf(file, from) {
  return join(dirname(file), from.replace(/\.js$/, '.d.ts'));
}

/** What stands in a declaration file, statement by statement, each with the comment above it. */
function readModule(file) {
  const texts = [];
  let isComment = false;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (START.test(line) && !isComment) texts.push([]);
    texts.at(-1)?.push(line);
    // A comment goes with what follows it.
    if (START.test(line)) isComment = line.startsWith('/**');
  }
  return { statements: texts.map((lines) => readStatement(file, lines.join('\n').trimEnd())) };
}

function readStatement(file, text) {
  const code = text.replace(/^(?:\/\*\*[^]*?\*\/\s*)+/, '');
  const [, keyword, names = '', from] = LISTED.exec(code) ?? [];
  if (keyword === undefined) {
    const name = DECLARED.exec(code)?.[1];
    if (name === undefined && code !== '' && code !== 'export {};')
      throw new Error(`${file} holds what is not understood: ${code}`);
    return { text, name, isExported: code.startsWith('export '), used: new Set() };
  }
  const pairs = names
    .split(',')
    .map((one) => one.trim().replace(/^type /, ''))
    .filter((one) => one !== '')
    .map((one) => one.split(' as '))
    .map(([name, alias = name]) => [alias, name]);
  const none = new Map();
  const list = {
    keyword,
    from,
    imports: keyword === 'import' ? new Map(pairs) : none,
    exports: keyword === 'export' ? new Map(pairs) : none,
  };
  return { text, list, used: new Set() };
}

function textOf({ statements }, isEntry) {
  const kept = statements.flatMap((statement) => {
    if (statement.isKept || (isEntry && statement.list?.exports.size > 0)) return [statement.text];
    if (statement.used.size === 0) return [];
    const { keyword, imports, exports, from } = statement.list;
    const names = [...statement.used].map((alias) => {
      const name = imports.get(alias) ?? exports.get(alias);
      return name === alias ? name : `${name} as ${alias}`;
    });
    return [`${keyword} type { ${names.join(', ')} } from '${from}';`];
  });
  // The compiler's four spaces are two, as everywhere here.
  return `${kept.join('\n')}\n`.replace(/^(?: {4})+/gm, (spaces) => ' '.repeat(spaces.length / 2));
}

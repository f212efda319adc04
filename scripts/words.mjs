// Keeps words that were ours alone out of names and out of what others read, where the field has a word. Only those stand
// here that cannot mean anything else.
//
//   node scripts/words.mjs [ROOT]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Words of an exported name, of a file's or of a folder's. */
const IN_NAMES = {
  chronicle: 'event log',
  door: 'endpoint',
  entrance: 'auth',
  inventory: 'file index',
  journal: 'history store',
  journey: 'batch',
  lane: 'task queue',
  newcomer: 'fresh connection',
  passenger: 'pending look-up',
  patrol: 'scan scheduler',
  revival: 'supervisor',
  revived: 'supervised server',
  standing: 'status tracker',
  stranger: 'unauthenticated client',
  survey: 'scan result',
  sweep: 'scan',
  whereabouts: 'service file',
  witness: 'audit sink',
};
/** Words of a text that somebody reads who is no contributor. */
const IN_TEXTS = {
  chronicle: 'event log',
  door: 'endpoint',
  entrance: 'sign-in',
  newcomer: 'fresh connection',
  passenger: 'look-up',
  patrol: 'scan',
  revival: 'restart',
  stranger: 'unauthenticated client',
  whereabouts: 'service file',
};

const ROOMS = ['packages', 'test-kit', 'e2e', 'bench', 'examples'];
const TEXTS = ['README.md', 'SECURITY.md', 'ARCHITECTURE.md', '.env.example', 'docs', 'deploy'];
const EXPORT = /^export (?:declare )?(?:async )?(?:function\*?|class|const|let|interface|type|enum) (\w+)/gm;
const LITERAL = /'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|>[^<>{}()=;'`]+</g;

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const files = [...ROOMS, ...TEXTS].flatMap(filesBelow);
const complaints = [
  ...files.flatMap((file) => complaintsOf(IN_NAMES, file, file.split(/[/.]/))),
  ...files.filter((file) => /\.tsx?$/.test(file)).flatMap((file) => inCode(file, read(file))),
  ...files
    .filter((file) => /\.(md|example|yml)$|^examples\//.test(file))
    .flatMap((file) => complaintsOf(IN_TEXTS, file, [read(file)])),
];
for (const complaint of new Set(complaints)) process.stdout.write(`${complaint}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** The tests' own sentences are read by contributors alone. */
function inCode(file, text) {
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, list]) => list);
  const names = [...text.matchAll(EXPORT)].map(([, name]) => name);
  const code = text.replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '');
  const literals = /^(packages\/[^/]+|e2e|bench)\/src\//.test(file) ? (code.match(LITERAL) ?? []) : [];
  // What has no space in it is no sentence.
  const sentences = literals.filter((literal) => literal.includes(' '));
  return [
    ...complaintsOf(IN_NAMES, file, [...names, ...passedOn]),
    ...complaintsOf(IN_TEXTS, file, sentences),
  ];
}

function complaintsOf(words, file, texts) {
  return texts.flatMap((text) =>
    text
      .split(/(?<=[a-z])(?=[A-Z])|[^A-Za-z]+/)
      .map((word) => word.toLowerCase())
      .map((word) => (Object.hasOwn(words, word) ? word : word.replace(/s$/, '')))
      .filter((word) => Object.hasOwn(words, word))
      .map((word) => `${file} says "${word}": the word of the field is ${words[word]}.`),
  );
}

function filesBelow(path) {
  if (/\/(dist|node_modules)$/.test(path) || !existsSync(join(root, path))) return [];
  if (/\.\w+$/.test(path)) return [path];
  const entries = readdirSync(join(root, path), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const below = `${path}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(below) : [below];
  });
}

function read(file) {
  return readFileSync(join(root, file), 'utf8');
}

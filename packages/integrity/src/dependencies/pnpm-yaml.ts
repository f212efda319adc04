/**
 * As much of YAML as pnpm writes: maps in maps by indentation, and maps of one line in braces. Lists and long texts are
 * stepped over.
 */

export interface YamlNode {
  /** The text of a key; `undefined` without one. */
  get(key: string): string | undefined;
  /** The map of a key; an empty one without. */
  node(key: string): YamlNode;
  nodes(): Iterable<readonly [string, YamlNode]>;
  values(): Iterable<readonly [string, string]>;
}

interface MapNode extends YamlNode {
  readonly texts: Map<string, string>;
  readonly maps: Map<string, MapNode>;
}

const LINE = /^( *)('(?:[^']|'')*'|"[^"]*"|[^\s'"#-][^:]*(?::[^\s:][^:]*)*):(?: +(.*))?$/;

export function readYaml(text: string): YamlNode {
  const top = newMap();
  const open: { readonly indent: number; readonly map: MapNode }[] = [{ indent: -1, map: top }];
  for (const line of text.split('\n')) {
    const [, indent = '', key = '', value = ''] = LINE.exec(line.trimEnd()) ?? [];
    if (key === '') continue;
    while ((open.at(-1)?.indent ?? -1) >= indent.length) open.pop();
    const map = open.at(-1)?.map ?? top;
    const name = plain(key);
    if (value !== '' && !value.startsWith('{')) {
      map.texts.set(name, plain(value));
      continue;
    }
    const inner = newMap();
    for (const [, innerKey = '', innerValue = ''] of value.matchAll(/([\w-]+): ('[^']*'|[^,}]+)/g))
      inner.texts.set(innerKey, plain(innerValue.trim()));
    map.maps.set(name, inner);
    open.push({ indent: indent.length, map: inner });
  }
  return top;
}

function newMap(): MapNode {
  const texts = new Map<string, string>();
  const maps = new Map<string, MapNode>();
  return {
    texts,
    maps,
    get: (key) => texts.get(key),
    node: (key) => maps.get(key) ?? newMap(),
    nodes: () => maps,
    values: () => texts,
  };
}

function plain(text: string): string {
  if (text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

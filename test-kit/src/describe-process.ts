import { readdir, readFile, readlink } from 'node:fs/promises';

/** What the system knows of a process that does not do what it should: its state, what its threads wait for, what is open. */
export async function describeProcess(pid = 0): Promise<string> {
  const folder = `/proc/${pid}`;
  const read = (path: string): Promise<string> => readFile(`${folder}/${path}`, 'utf8').catch(() => '?');
  const threads = await readdir(`${folder}/task`).catch(() => []);
  const waits = await Promise.all(threads.map((thread) => read(`task/${thread}/wchan`)));
  const open = await readdir(`${folder}/fd`).catch(() => []);
  const files = await Promise.all(open.map((fd) => readlink(`${folder}/fd/${fd}`).catch(() => '?')));
  const [state = ''] = /State:.*/.exec(await read('status')) ?? [];
  return `${state}; ${threads.length} threads wait for ${waits.join(' ')}; open: ${files.join(' ')}`;
}

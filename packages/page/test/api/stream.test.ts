import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createParser } from '../../src/api/stream.js';

const TEXT = 'retry: 2000\n\nevent: report\ndata: {"a":1}\n\n:\n\nevent: gone\ndata: {}\n\n';

test('events however the text is cut to pieces; comments are none', () => {
  for (const length of [1, 2, 7, TEXT.length]) {
    const events: [string, string][] = [];
    const parse = createParser((event, data) => events.push([event, data]));
    for (let at = 0; at < TEXT.length; at += length) parse(TEXT.slice(at, at + length));
    assert.deepEqual(events, [
      ['report', '{"a":1}'],
      ['gone', '{}'],
    ]);
  }
});

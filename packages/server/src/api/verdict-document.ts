/**
 * The document of the page with the public verdict in it, so that it is readable before any script runs, and without any. The
 * page takes over what is written here. It knows what `GET /v1/status` tells anyone, and no more.
 */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { assetOf, type StaticAsset } from '../infra/static-asset.js';
import type { PublicStatusDocument } from './types.js';

const SHAPES = { healthy: '●', degraded: '▲', unhealthy: '■' } as const;
const LABELS = { healthy: 'Healthy', degraded: 'Degraded', unhealthy: 'Unhealthy' } as const;

/** Where the page will be drawn. */
const PLACE = '<div id="page"></div>';

/**
 * Gives the document for a status. One is kept until the status changes, so that nothing is made for whoever asks again.
 *
 * @param built - as it was built, without a verdict
 */
export function createVerdictDocument(built: StaticAsset): (status: PublicStatusDocument) => StaticAsset {
  const html = built.forms.identity.bytes.toString();
  const heading = /<title>(.*)<\/title>/.exec(html)?.[1] ?? '';
  let last: { readonly key: string; readonly asset: StaticAsset } | undefined;
  return (status) => {
    // When it was looked at changes with every look: no reason to make the document anew, and soon asked for anyway.
    const key = JSON.stringify({ ...status, checked_at: null });
    if (last?.key !== key) {
      const filled = html.replace(PLACE, () => placeOf(status, heading, key));
      last = { key, asset: compressed(built.type, filled) };
    }
    return last.asset;
  };
}

/** At once: the threads that compress otherwise may all be waiting for a name to be looked up, which is an outage to be told. */
function compressed(type: string, html: string): StaticAsset {
  const plain = Buffer.from(html);
  return assetOf(type, {
    identity: plain,
    gzip: gzipSync(plain),
    br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  });
}

/** In the shape that the page draws first, so that nothing moves when it does. */
function placeOf({ status, sentence, since }: PublicStatusDocument, heading: string, data: string): string {
  const when = `${since.slice(0, 19).replace('T', ' ')} UTC`;
  return [
    `<div id="page" data-status="${escaped(data)}">`,
    `<header class="top"><h1>${heading}</h1></header>`,
    `<main id="content"><section class="headline ${status}" aria-labelledby="headline"><div class="first">`,
    `<h2 id="headline"><span class="shape" aria-hidden="true">${SHAPES[status]}</span> ${LABELS[status]} `,
    `<span class="sentence">· ${escaped(sentence)}</span></h2>`,
    `<p class="since">since <time datetime="${since}">${when}</time></p>`,
    '</div></section></main></div>',
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

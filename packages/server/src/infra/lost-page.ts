/** What a person reads at an address where there is nothing; a program is told so in JSON. */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** As a browser asks for what stands in its address. */
export function wantsPage({ method, headers }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && /\btext\/html\b/.test(headers.accept ?? '');
}

/** @param basePath - before every path of the service: nothing, or `/portal` */
export function sendLostPage(reply: FastifyReply, basePath: string): FastifyReply {
  return reply
    .code(404)
    .headers({
      'Cache-Control': 'no-store',
      'Content-Security-Policy':
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    })
    .type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>There is no such page</title>
  </head>
  <body>
    <main>
      <h1>There is no such page</h1>
      <p><a href="${basePath}/">To the page of the service</a> · <a href="${basePath}/docs">What paths there are</a></p>
    </main>
  </body>
</html>
`);
}

/** Packages that bring no types, as far as they are used here. */
declare module 'express-4' {
  export { default } from 'express';
}
declare module 'compression' {
  import type { RequestHandler } from 'express';
  export default function compression(options?: { readonly threshold?: number }): RequestHandler;
}
declare module 'koa-compress' {
  import type { Middleware } from 'koa';
  export default function compress(options?: { readonly threshold?: number }): Middleware;
}

/** As many applications with @godaddy/terminus as `INSTANCES` says, in one process: `/3/health` is that of the fourth. */
import { listenOnFreePort } from './contender.js';
import { terminusServer } from './terminus-server.js';

const servers = Array.from({ length: Number(process.env['INSTANCES'] ?? '1') }, terminusServer);
listenOnFreePort((request, response) => {
  const [, instance, path] = /^\/(\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
  request.url = path ?? '/';
  servers[Number(instance)]?.emit('request', request, response);
});
